"""What the scheduler writes: bindings, why a pod has none, nominations, and ends of victims.

Every write is guarded by the pod's uid, so that none meets another pod that took the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.meta import now_rfc3339, set_condition
from minikube8s.api.resources import PODS
from minikube8s.api.views import Pod
from minikube8s.kit.clock import Clock
from minikube8s.registry import DeleteOptions, Registry
from minikube8s.scheduler.pods import PREEMPTED, PodFacts
from minikube8s.store.entry import Entry


class Recorder(Protocol):
    """What the scheduler needs of the EventRecorder."""

    def event(self, about: Mapping[str, Any], type: str, reason: str, message: str, /) -> None:
        """Record an Event about an object."""
        ...


class _Change(Protocol):
    def __call__(self, pod: dict[str, Any]) -> dict[str, Any]: ...


class Writer:
    """Writes to pods, and reports what it did as Events."""

    def __init__(self, registry: Registry, recorder: Recorder, clock: Clock) -> None:
        self._registry = registry
        self._recorder = recorder
        self._clock = clock

    async def bind(self, entry: Entry, node: str, record: str) -> None:
        """Give a pod its node, and say why that one."""
        now = self._now()

        def change(pod: dict[str, Any]) -> dict[str, Any]:
            if pod["metadata"].get("deletionTimestamp"):
                why = "the pod is being deleted, it gets no node"
                raise errors.conflict(PODS, entry.name, why)
            pod["spec"]["nodeName"] = node
            status = pod.setdefault("status", {})
            status.pop("nominatedNodeName", None)
            set_condition(status, "PodScheduled", "True", now=now, message=record)
            return pod

        bound = await self._update(entry, "binding", change)
        message = f"Successfully assigned {entry.namespace}/{entry.name} to {node}"
        self._recorder.event(bound.object, "Normal", "Scheduled", message)

    async def refuse(
        self, entry: Entry, reason: str, message: str, nominated: str | None = None
    ) -> None:
        """Say in the pod's status why it has no node; unchanged, nothing is written.

        `nominated` is the node that it is promised a place on, "" for none, None for no change.
        """
        now = self._now()

        def change(pod: dict[str, Any]) -> dict[str, Any]:
            if nominated and pod["metadata"].get("deletionTimestamp"):
                why = "the pod is being deleted, nobody is ended for it"
                raise errors.conflict(PODS, entry.name, why)
            status = pod.setdefault("status", {})
            set_condition(status, "PodScheduled", "False", now=now, reason=reason, message=message)
            if nominated:
                status["nominatedNodeName"] = nominated
            elif nominated is not None:
                status.pop("nominatedNodeName", None)
            return pod

        if reason == "Unschedulable":
            self._recorder.event(entry.object, "Warning", "FailedScheduling", message)
        if not _says(entry.view(Pod), reason, message, nominated):
            await self._update(entry, "status", change)

    async def take_nomination(self, entry: Entry) -> None:
        """Take back the promise of a place."""

        def change(pod: dict[str, Any]) -> dict[str, Any]:
            pod.setdefault("status", {}).pop("nominatedNodeName", None)
            return pod

        await self._update(entry, "status", change)

    async def end(self, victim: PodFacts, preemptor: Entry, scheduler: str, node: str) -> None:
        """End a pod to make room for another; one that is gone is fine."""
        namespace, name = victim.key
        now = self._now()

        def tell(pod: dict[str, Any]) -> dict[str, Any]:
            if pod["metadata"]["uid"] != victim.uid:
                raise errors.not_found(PODS, name)
            status = pod.setdefault("status", {})
            why = f"{scheduler}: preempting to accommodate a higher priority pod"
            set_condition(
                status, "DisruptionTarget", "True", now=now, reason=PREEMPTED, message=why
            )
            return pod

        try:
            told = await self._registry.update(PODS, namespace, name, tell, "status")
            await self._registry.delete(PODS, namespace, name, DeleteOptions(uid=victim.uid))
        except ApiError:
            if self._is_there(victim):
                raise
            return
        message = f"Preempted by pod {preemptor.uid} on node {node}"
        self._recorder.event(told.object, "Normal", "Preempted", message)

    async def _update(self, entry: Entry, subresource: str, change: _Change) -> Entry:
        def guarded(pod: dict[str, Any]) -> dict[str, Any]:
            if pod["metadata"]["uid"] != entry.uid:
                raise errors.conflict(PODS, entry.name, "the pod was replaced by another one")
            if pod["spec"].get("nodeName"):
                raise errors.conflict(PODS, entry.name, "the pod is bound to a node already")
            return change(pod)

        return await self._registry.update(PODS, entry.namespace, entry.name, guarded, subresource)

    def _is_there(self, pod: PodFacts) -> bool:
        try:
            return self._registry.get(PODS, *pod.key).uid == pod.uid
        except ApiError:
            return False

    def _now(self) -> str:
        return now_rfc3339(self._clock.now())


def _says(pod: Pod, reason: str, message: str, nominated: str | None) -> bool:
    """Tell whether a pod's status says all that already."""
    if nominated is not None and pod.status.nominated_node_name != nominated:
        return False
    wanted = ("False", reason, message)
    return any(
        one.type == "PodScheduled" and (one.status, one.reason, one.message) == wanted
        for one in pod.status.conditions
    )
