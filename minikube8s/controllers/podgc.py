"""Pods of nodes that no longer exist.

Owns nothing but their removal: without an agent nobody else would report their end. A node gets
some time to come back, because agents register anew after the loss of their Node object.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from minikube8s.api.resources import NODES, PODS, Resource
from minikube8s.api.views import Pod
from minikube8s.controllers.actions import Delete, Plan, Ref
from minikube8s.controllers.runner import Reader
from minikube8s.kit.clock import Clock
from minikube8s.store.watching import Event

QUARANTINE = 40.0
"""Seconds that a missing node gets to come back."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The pods bound to a node that does not exist, and since when it is missed."""

    pods: tuple[Ref, ...]
    missing_since: datetime


class PodGarbageController:
    """Removes pods whose node is gone for good."""

    name = "pod-garbage-collector"
    watches = (PODS, NODES)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._missing: dict[str, datetime] = {}

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[str]:
        """Return the name of the node that changed, or that a pod is bound to though missing."""
        entry = event.entry
        if resource is NODES:
            return (entry.name,)
        node = entry.view(Pod).spec.node_name
        missing = event.type != "DELETED" and node and reader.find(NODES, "", node) is None
        return (node,) if missing else ()

    def read(self, reader: Reader, key: str) -> Snapshot | None:
        """Return the missing node's pods, or None when the node exists or has none."""
        if reader.find(NODES, "", key) is not None:
            # the ordinary case, with every change of a node: all pods are not looked at for it
            self._missing.pop(key, None)
            return None
        found = (one.view(Pod) for one in reader.list(PODS, None))
        pods = tuple(
            Ref(PODS, pod.metadata.namespace, pod.metadata.name, pod.metadata.uid, "")
            for pod in found
            if pod.spec.node_name == key
        )
        if not pods:
            self._missing.pop(key, None)
            return None
        return Snapshot(pods, self._missing.setdefault(key, self._clock.now()))

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the removal of the pods once the quarantine is over."""
        return plan(snapshot, now)


def plan(snapshot: Snapshot, now: datetime) -> Plan:
    """Plan one look at the pods of a node that does not exist."""
    rest = QUARANTINE - (now - snapshot.missing_since).total_seconds()
    if rest > 0:
        return Plan(requeue_after=rest)
    return Plan(deletes=tuple(Delete(pod, grace=0) for pod in snapshot.pods))
