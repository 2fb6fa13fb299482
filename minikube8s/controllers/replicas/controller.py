"""What wakes the controller of ReplicaSets or ReplicationControllers, and what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from minikube8s.api.resources import PODS, Resource
from minikube8s.api.views import PartialObject
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.belonging import belongings
from minikube8s.controllers.keys import Key
from minikube8s.controllers.podfacts import PodFacts, facts
from minikube8s.controllers.replicas.model import Kind, Snapshot
from minikube8s.controllers.replicas.planning import plan
from minikube8s.controllers.runner import Reader
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event


class ReplicasController:
    """Keeps the pods of every object of one kind at its number."""

    def __init__(self, kind: Kind) -> None:
        self.name = kind.name
        self.watches = (kind.resource, PODS)
        self._kind = kind

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the changed object, or those that a changed pod belongs or may belong to."""
        if resource is self._kind.resource:
            return {Key(event.entry.namespace, event.entry.name)}
        return {key for one in belongings(event) for key in self._keys_of_pod(one, reader)}

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the object with its pods, or None when it is gone."""
        entry = reader.find(self._kind.resource, *key)
        if entry is None:
            return None
        selector = entry.digest(self._kind.selector_of)
        found = reader.claimable(PODS, key.namespace, entry.uid, selector)
        pods = tuple(facts(one) for one in found)
        spare = sum(pod.active for pod in pods) > entry.object["spec"].get("replicas", 1)
        nodes = tuple(pod.node for pod in _related(reader, entry)) if spare else ()
        return Snapshot(self._kind, entry.object, selector, pods, nodes)

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the adoptions, releases, creations and deletions due, else the status."""
        return plan(snapshot, now, failure)

    def _keys_of_pod(self, pod: Entry, reader: Reader) -> Iterable[Key]:
        own = self._kind.resource
        controller = pod.view(PartialObject).metadata.controller if pod.controlled else None
        if controller is not None:
            if controller.kind == own.kind and controller.api_version == own.api_version:
                yield Key(pod.namespace, controller.name)
            return
        found = reader.selecting(own, pod.namespace, pod.labels, self._kind.selector_of)
        for entry in found:
            yield Key(entry.namespace, entry.name)


def _related(reader: Reader, entry: Entry) -> Iterator[PodFacts]:
    """Yield the active pods of all objects with the controller of `entry`, its own included."""
    controller = entry.view(PartialObject).metadata.controller
    siblings = reader.dependents(controller.uid) if controller is not None else [entry]
    for sibling in siblings:
        for one in reader.dependents(sibling.uid):
            if one.key.startswith(PODS.prefix):
                pod = facts(one)
                if pod.active:
                    yield pod
