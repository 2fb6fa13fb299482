"""Which nodes are alive: judged by when their agents were last heard, on one armed timer.

Owns the times. A lost stream changes nothing by itself: only a node that stays unheard for the
whole grace becomes Unknown, is tainted unreachable, and its pods become unready.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import Any

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import NODES, PODS
from minikube8s.api.times import now_rfc3339
from minikube8s.kit.clock import Clock
from minikube8s.nodes import lost
from minikube8s.nodes.references import ObjectKey
from minikube8s.nodes.registration import Registration
from minikube8s.registry import Registry
from minikube8s.registry.events import EventRecorder

log = logging.getLogger(__name__)

RETRY_AFTER = 5.0
"""Seconds until a node is judged again whose loss could not be written."""
STOOD_STILL = 1.0
"""A look that comes so many seconds too late: the master itself did not listen meanwhile."""
LISTENING = 5.0
"""Seconds that it takes then to hear what agents said in the meantime."""


class Lifecycle:
    """Judges nodes; `heard` may be called as often as agents speak.

    `cut` ends the session of a node that was judged lost: should its agent speak again, it has to
    say everything again, because what it said before has been overruled.
    """

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        registration: Registration,
        recorder: EventRecorder,
        pods_of: Callable[[str], Iterable[ObjectKey]],
        cut: Callable[[str], None],
        grace: float,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._registration = registration
        self._recorder = recorder
        self._pods_of = pods_of
        self._cut = cut
        self._grace = grace
        self._heard: dict[str, float] = {}
        self._rearm = asyncio.Event()

    def heard(self, node: str) -> None:
        """Take note that the node's agent, or news of a new Node, came in just now."""
        if not self._heard:
            self._rearm.set()
        self._heard[node] = self._clock.monotonic()

    def forget(self, node: str) -> None:
        """Stop judging a node: its object was deleted."""
        self._heard.pop(node, None)

    async def run(self) -> None:
        """Judge for ever."""
        while True:
            now = self._clock.monotonic()
            verdict = lost.overdue(self._heard, now, self._grace)
            for node in verdict.nodes:
                await self._lose(node, now)
            if verdict.nodes:
                continue
            self._rearm.clear()
            # Agents that are heard only move the look into the future, so nobody wakes this early.
            wait = None if verdict.next_look is None else verdict.next_look - now
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._rearm.wait()
            late = 0.0 if wait is None else self._clock.monotonic() - now - wait
            if late > STOOD_STILL:
                await self._clock.sleep(LISTENING)

    async def _lose(self, node: str, now: float) -> None:
        last = self._heard.get(node)
        if last is None or last + self._grace > now:
            return  # it spoke, or was deleted, while others were written
        try:
            await self._mark(node)
        except ApiError as error:
            if error.code != 404:
                log.warning("node %s is lost, but that was not written yet: %s", node, error)
                self._heard[node] = now - self._grace + RETRY_AFTER
                return
        self._cut(node)
        if self._heard.get(node) == last:
            self._heard.pop(node, None)

    async def _mark(self, node: str) -> None:
        now = now_rfc3339(self._clock.now())
        log.warning("node %s was not heard for %gs: it is not ready", node, self._grace)
        entry = await self._registry.update(
            NODES, None, node, lambda obj: lost.unknown_node(obj, now), "status"
        )
        await self._registration.settle_taints(node)
        self._recorder.event(
            entry.object, "Normal", "NodeNotReady", f"Node {node} status is now: NodeNotReady"
        )
        for pod in self._pods_of(node):
            try:
                await self._mark_pod(pod, node, now)
            except ApiError as error:
                if error.code != 404:
                    raise

    async def _mark_pod(self, pod: ObjectKey, node: str, now: str) -> None:
        was_ready = False

        def unready(obj: dict[str, Any]) -> dict[str, Any]:
            nonlocal was_ready
            fresh = lost.unready_pod(obj, now) if _runs_on(obj, node) else obj
            was_ready = fresh is not obj
            return fresh

        entry = await self._registry.update(PODS, pod.namespace, pod.name, unready, "status")
        if was_ready:
            self._recorder.event(entry.object, "Warning", "NodeNotReady", "Node is not ready")


def _runs_on(pod: dict[str, object], node: str) -> bool:
    spec = pod.get("spec")
    return isinstance(spec, dict) and spec.get("nodeName") == node
