"""Tells users what happened to their objects: writes Events.

Owns a bounded queue and one task that writes. Whoever reports something never waits and never
fails because of it; when the store does not keep up, the oldest reports are dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from minikube8s.api.errors import ApiError
from minikube8s.api.meta import now_rfc3339
from minikube8s.api.resources import EVENTS
from minikube8s.kit.tasks import Supervisor
from minikube8s.registry.correlation import Correlator, Decision, Happening
from minikube8s.registry.registry import Registry

Object = dict[str, Any]

QUEUE = 1000
"""How many reports may wait to be written."""
CLOSE_DEADLINE = 2.0
"""Seconds that `close` waits for what is queued."""
MESSAGE_LENGTH = 1024
"""Longer messages are cut, as Kubernetes refuses them."""
NAME_LENGTH = 236
"""As much of the object's name stands in the Event's, which a time follows."""
_REFERENCE_FIELDS = ("apiVersion", "kind", "name", "namespace", "uid", "resourceVersion")

log = logging.getLogger(__name__)


class _Report(NamedTuple):
    involved: Object
    type: str
    reason: str
    message: str
    at: datetime
    may_repeat: bool
    """Whether the same report may have been made before."""


class EventRecorder:
    """Records Events in the name of `component` (and `host`, when it runs on a node)."""

    def __init__(self, registry: Registry, component: str, host: str = "") -> None:
        self._registry = registry
        self._component = component
        self._host = host
        self._correlator = Correlator()
        self._reports: deque[_Report] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks = Supervisor(f"events of {component}")
        self._dropped = 0
        self._started = False
        self._closed = False

    def event(
        self,
        about: Mapping[str, Any],
        type: str,
        reason: str,
        message: str,
        at: datetime | None = None,
    ) -> None:
        """Report that `reason` happened to `about`, an object or a reference to one.

        `type` is Normal or Warning. Returns at once; the same report again counts up the Event. A
        report from elsewhere tells when it happened, `at`: one with the same time is the same one.
        """
        if self._closed:
            return
        if not self._started:
            self._started = True
            self._tasks.spawn("write", self._run)
        if len(self._reports) >= QUEUE:
            self._drop(self._reports.popleft())
        happened = at or self._registry.clock.now()
        report = _Report(reference(about), type, reason, _cut(message), happened, at is not None)
        self._reports.append(report)
        self._idle.clear()
        self._wake.set()

    def _drop(self, report: _Report) -> None:
        """Tell of the first that is dropped, and how many were when there is room again."""
        if not self._dropped:
            log.warning(
                "too many events wait to be written, dropped %s of %s %s",
                report.reason,
                report.involved.get("kind"),
                report.involved.get("name"),
            )
        self._dropped += 1

    async def flush(self, deadline: float = CLOSE_DEADLINE) -> bool:
        """Wait until everything reported is written, `deadline` seconds; tell whether it is."""
        try:
            async with asyncio.timeout(deadline):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Write what is queued, within CLOSE_DEADLINE seconds, and stop."""
        self._closed = True
        if not await self.flush():
            log.warning("%d events were not written before the end", len(self._reports))
        await self._tasks.close()

    async def _run(self) -> None:
        while True:
            while self._reports:
                report = self._reports.popleft()
                try:
                    await self._write(report)
                except ApiError as error:
                    # Not worth another attempt: the namespace may be gone, the disk full.
                    log.debug("event %s was not written: %s", report.reason, error)
            if self._dropped:
                log.warning("%d events were dropped, because too many came", self._dropped)
                self._dropped = 0
            self._idle.set()
            self._wake.clear()
            await self._wake.wait()

    async def _write(self, report: _Report) -> None:
        involved = report.involved
        about = "/".join(
            str(involved.get(field, "")) for field in ("kind", "namespace", "name", "uid")
        )
        part = str(involved.get("fieldPath", ""))
        happening = Happening(about, part, report.type, report.reason, report.message)
        if report.may_repeat and not self._correlator.is_news(happening, report.at):
            return
        decision = self._correlator.decide(happening, self._registry.clock.monotonic())
        if decision is None:
            log.debug("%s caused too many events, %s is not recorded", about, report.reason)
            return
        if not (decision.repeats and await self._repeat(decision, report)):
            await self._create(decision, report)

    async def _repeat(self, decision: Decision, report: _Report) -> bool:
        """Count up the Event that is repeated; tell whether it still exists."""

        def count_up(event: Object) -> Object:
            event["count"] = event.get("count", 1) + 1
            event["lastTimestamp"] = now_rfc3339(report.at)
            event["message"] = decision.message
            return event

        try:
            await self._registry.update(EVENTS, _namespace(report), decision.repeats, count_up)
        except ApiError as error:
            if error.reason != "NotFound":
                raise
            return False
        return True

    async def _create(self, decision: Decision, report: _Report) -> None:
        about = report.involved["name"][:NAME_LENGTH].rstrip("-.")
        name = f"{about}.{int(report.at.timestamp() * 1e6) * 1000:x}"
        event = self._object(name, decision.message, report)
        try:
            await self._registry.create(EVENTS, _namespace(report), event)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            if report.may_repeat and self._is_recorded(name, event):
                self._correlator.reported(decision.key, name)
                return
            # Two reports within a microsecond; the name only has to be unique.
            event["metadata"] = {"generateName": f"{name}-", "namespace": _namespace(report)}
            created = await self._registry.create(EVENTS, _namespace(report), event)
            name = created.name
        self._correlator.reported(decision.key, name)

    def _is_recorded(self, name: str, event: Object) -> bool:
        """Whether the Event of that name tells the same; an earlier master may have written it."""
        try:
            there = self._registry.get(EVENTS, event["metadata"]["namespace"], name).object
        except ApiError:
            return False
        same = ("involvedObject", "type", "reason", "message", "firstTimestamp")
        return all(there.get(field) == event[field] for field in same)

    def _object(self, name: str, message: str, report: _Report) -> Object:
        at = now_rfc3339(report.at)
        source = {"component": self._component}
        if self._host:
            source["host"] = self._host
        return {
            "metadata": {"name": name, "namespace": _namespace(report)},
            "involvedObject": report.involved,
            "type": report.type,
            "reason": report.reason,
            "message": message,
            "source": source,
            "reportingComponent": self._component,
            "reportingInstance": self._host,
            "firstTimestamp": at,
            "lastTimestamp": at,
            "count": 1,
        }


def reference(about: Mapping[str, Any]) -> Object:
    """Return the involvedObject of an Event about `about`, an object or already a reference."""
    if "metadata" not in about:
        return dict(about)
    fields = {**about["metadata"], "apiVersion": about["apiVersion"], "kind": about["kind"]}
    return {field: fields[field] for field in _REFERENCE_FIELDS if fields.get(field)}


def _namespace(report: _Report) -> str:
    return str(report.involved.get("namespace") or "default")


def _cut(message: str) -> str:
    if len(message) <= MESSAGE_LENGTH:
        return message
    return message[: MESSAGE_LENGTH - 1] + "…"
