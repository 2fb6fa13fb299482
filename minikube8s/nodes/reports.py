"""What each report of an agent means for the registry, and whether that agent may make it.

Owns the rule that a node speaks for itself and for the pods bound to it, and for nothing else.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import NETWORKPOLICIES, PODS, SERVICES, Resource
from minikube8s.api.times import now_rfc3339
from minikube8s.kit.clock import Clock
from minikube8s.nodes import mirrors, volumes
from minikube8s.nodes.merging import merged_pod_status
from minikube8s.nodes.refusal import Refusal
from minikube8s.nodes.registration import Registration
from minikube8s.registry import Registry
from minikube8s.registry.events import EventRecorder
from minikube8s.registry.options import DeleteOptions
from minikube8s.rpc import agent_pb2

_EVENT_TYPES = ("Normal", "Warning")
_EVERYWHERE = {"NetworkPolicy": NETWORKPOLICIES, "Service": SERVICES}
"""Every node enforces every policy and serves every Service."""


class _Superseded(Exception):
    """The pod that the report is about is gone, or another one has its name."""


class Reports:
    """Writes the reports of one node; heartbeats go to `beat`."""

    def __init__(
        self,
        node: str,
        registry: Registry,
        clock: Clock,
        registration: Registration,
        recorder: EventRecorder,
        beat: Callable[[str], Awaitable[None]],
    ) -> None:
        self._node = node
        self._registry = registry
        self._clock = clock
        self._registration = registration
        self._recorder = recorder
        self._beat = beat

    async def write(self, report: agent_pb2.Up) -> None:
        """Make a report true; nothing is written when it is so already.

        Raises Refusal when it may never be made, ApiError when it may be tried again.
        """
        try:
            await self._dispatch(report)
        except msgspec.DecodeError as error:
            raise Refusal("BadRequest", f"the report is not JSON: {error}") from error
        except ApiError as error:
            if error.code < 500 and error.code not in (409, 429):
                raise Refusal(error.reason, error.message) from error
            raise

    async def _dispatch(self, report: agent_pb2.Up) -> None:
        match report.WhichOneof("message"):
            case "pod_status":
                await self._pod_status(report.pod_status)
            case "pod_gone":
                await self._pod_gone(report.pod_gone)
            case "node_status":
                status = _object(report.node_status.status_json)
                await self._registration.status(self._node, status)
            case "heartbeat":
                await self._beat(self._node)
            case "volume_removed":
                gone = report.volume_removed
                await volumes.removed(self._registry, self._node, gone.name, gone.uid)
            case "event":
                self._event(report.event)
            case "mirror_pod":
                await mirrors.keep(_object(report.mirror_pod.pod_json), self._node, self._registry)
            case "hello":
                raise Refusal("BadRequest", "a session begins with Hello and has no other one")

    async def _pod_status(self, report: agent_pb2.PodStatus) -> None:
        reported = _object(report.status_json)
        now = now_rfc3339(self._clock.now())

        def change(pod: dict[str, Any]) -> dict[str, Any]:
            self._own(pod, report.uid)
            before = pod.get("status") or {}
            return {**pod, "status": merged_pod_status(before, reported, now)}

        try:
            await self._registry.update(PODS, report.namespace, report.name, change, "status")
        except _Superseded:
            return
        except ApiError as error:
            if error.code != 404:
                raise

    async def _pod_gone(self, report: agent_pb2.PodGone) -> None:
        try:
            pod = self._registry.get(PODS, report.namespace, report.name).object
            self._own(pod, report.uid)
            metadata = pod["metadata"]
            if not metadata.get("deletionTimestamp") and not mirrors.mirrored(pod):
                raise Refusal(
                    "Conflict",
                    f'pod "{report.namespace}/{report.name}" is not being deleted: its node can '
                    "report how it ended, but not remove it",
                )
            options = DeleteOptions(grace_period_seconds=0, uid=metadata["uid"])
            await self._registry.delete(PODS, report.namespace, report.name, options)
        except _Superseded:
            return
        except ApiError as error:
            # 409: another pod took the name between the look and the deletion.
            if error.code not in (404, 409):
                raise

    def _event(self, event: agent_pb2.Event) -> None:
        involved = _object(event.involved_json)
        if event.type not in _EVENT_TYPES or not event.reason:
            raise Refusal("Invalid", "an event has a reason, and the type Normal or Warning")
        self._check_involved(involved)
        try:
            at = datetime.fromtimestamp(event.time / 1_000_000, UTC) if event.time else None
        except (OverflowError, ValueError, OSError) as error:
            raise Refusal("Invalid", f"an event has no time {event.time}: {error}") from error
        self._recorder.event(involved, event.type, event.reason, event.message, at)

    def _check_involved(self, involved: dict[str, Any]) -> None:
        kind, name = involved.get("kind"), str(involved.get("name"))
        if kind == "Node" and name == self._node and not involved.get("namespace"):
            return
        if kind == "PersistentVolume" and volumes.is_of(self._registry, self._node, name):
            return
        if kind in _EVERYWHERE and self._exists(_EVERYWHERE[kind], involved, name):
            return
        if kind != "Pod":
            raise Refusal(
                "Forbidden", f'node "{self._node}" cannot make events about {kind} "{name}"'
            )
        try:
            pod = self._registry.get(PODS, str(involved.get("namespace")), name).object
        except ApiError as error:
            if error.code == 404:
                return  # the last events of a pod may come after its end
            raise
        if pod.get("spec", {}).get("nodeName") or pod["metadata"]["uid"] == involved.get("uid"):
            self._own(pod, pod["metadata"]["uid"])

    def _exists(self, resource: Resource, involved: dict[str, Any], name: str) -> bool:
        try:
            self._registry.get(resource, str(involved.get("namespace")), name)
        except ApiError as error:
            if error.code != 404:
                raise
            return False
        return True

    def _own(self, pod: dict[str, Any], uid: str) -> None:
        """Raise Refusal for a pod of another node, _Superseded for another pod than `uid`.

        A mirror has the uid of the static pod too.
        """
        metadata = pod["metadata"]
        if not uid or uid not in (metadata["uid"], mirrors.mirrored(pod)):
            raise _Superseded
        bound = pod.get("spec", {}).get("nodeName")
        if bound != self._node:
            where = f'is bound to node "{bound}"' if bound else "is not bound to a node"
            raise Refusal(
                "Forbidden",
                f'node "{self._node}" cannot report on pod '
                f'"{metadata["namespace"]}/{metadata["name"]}": it {where}',
            )


def _object(data: bytes) -> dict[str, Any]:
    return msgspec.json.decode(data, type=dict[str, Any])
