"""Pods that no node can end.

Owns their removal where nobody else would report their end: on nodes that no longer exist, and on
nodes that an administrator declared out of service. A node that is missing gets some time to come
back, because agents register anew after the loss of their Node object. Kubernetes' podgc.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minikube8s.api.meta import is_pod_terminal, now_rfc3339, set_condition
from minikube8s.api.resources import NODES, PODS, Resource
from minikube8s.api.views import Node, Pod
from minikube8s.controllers.actions import Delete, Patch, Plan, ref
from minikube8s.controllers.runner import Reader
from minikube8s.kit.clock import Clock
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

QUARANTINE = 40.0
"""Seconds that a missing node gets to come back."""
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
_WHY = "PodGC: node no longer exists"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The pods that a node will not end, and since when it is missed; None: it is there."""

    pods: tuple[dict[str, Any], ...]
    missing_since: datetime | None


class PodGarbageController:
    """Removes pods whose node is gone for good."""

    name = "pod-garbage-collector"
    watches = (PODS, NODES)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._missing: dict[str, datetime] = {}

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[str]:
        """Return the name of a node that is missing, came back or is out of service."""
        entry = event.entry
        if resource is NODES:
            concerns = event.type != "MODIFIED" or is_out_of_service(entry)
            return (entry.name,) if concerns else ()
        name = entry.view(Pod).spec.node_name
        if event.type == "DELETED" or not name:
            return ()
        node = reader.find(NODES, "", name)
        return (name,) if node is None or is_out_of_service(node) else ()

    def read(self, reader: Reader, key: str) -> Snapshot | None:
        """Return the pods that wait for the node in vain, or None when there are none."""
        node = reader.find(NODES, "", key)
        if node is not None:
            self._missing.pop(key, None)
            if not is_out_of_service(node):
                return None
        pods = tuple(one.object for one in reader.pods_on(key))
        if node is not None:
            pods = tuple(one for one in pods if one["metadata"].get("deletionTimestamp"))
            return Snapshot(pods, None) if pods else None
        if not pods:
            self._missing.pop(key, None)
            return None
        return Snapshot(pods, self._missing.setdefault(key, self._clock.now()))

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the removal of the pods, once the quarantine is over."""
        return plan(snapshot, now)


def plan(snapshot: Snapshot, now: datetime) -> Plan:
    """Plan one look at the pods that a node will not end."""
    missing = snapshot.missing_since is not None
    if snapshot.missing_since is not None:
        rest = QUARANTINE - (now - snapshot.missing_since).total_seconds()
        if rest > 0:
            return Plan(requeue_after=rest)
    return Plan(
        patches=tuple(
            _failed(pod, now, missing=missing) for pod in snapshot.pods if not is_pod_terminal(pod)
        ),
        deletes=tuple(Delete(ref(PODS, pod)._replace(revision=""), 0) for pod in snapshot.pods),
    )


def is_out_of_service(node: Entry) -> bool:
    """Tell whether the node was declared dead: nothing runs on it any more."""
    view = node.view(Node)
    return not view.ready and any(taint.key == OUT_OF_SERVICE for taint in view.spec.taints)


def _failed(pod: dict[str, Any], now: datetime, *, missing: bool) -> Patch:
    """Return the end of a pod that did not end, for those who count ends."""
    status: dict[str, Any] = {"phase": "Failed"}
    if missing:
        known = (pod.get("status") or {}).get("conditions") or ()
        status["conditions"] = [dict(one) for one in known]
        moment = now_rfc3339(now)
        set_condition(
            status,
            "DisruptionTarget",
            "True",
            now=moment,
            reason="DeletionByPodGC",
            message=_WHY,
        )
    return Patch(ref(PODS, pod), {"status": status}, "status")
