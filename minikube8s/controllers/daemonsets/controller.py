"""What wakes the DaemonSet controller and what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from minikube8s.api.resources import CONTROLLERREVISIONS, DAEMONSETS, NODES, PODS, Resource
from minikube8s.api.selectors import Selector, from_label_selector
from minikube8s.api.views import (
    DaemonSet,
    Node,
    NodeSpec,
    ObjectMeta,
    Pod,
)
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.belonging import belongings, candidates, controlled_by, read_revisions
from minikube8s.controllers.daemonsets.model import Snapshot
from minikube8s.controllers.daemonsets.placement import wish_of
from minikube8s.controllers.daemonsets.planning import plan
from minikube8s.controllers.keys import Key
from minikube8s.controllers.podfacts import PodFacts, facts
from minikube8s.controllers.relapses import Relapses
from minikube8s.controllers.runner import Reader
from minikube8s.kit.clock import Clock
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event


class DaemonSetController:
    """Keeps every DaemonSet's pods, one a node."""

    name = "daemonset"
    watches = (DAEMONSETS, PODS, NODES, CONTROLLERREVISIONS)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._relapses = Relapses()

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the DaemonSets that the change concerns."""
        if resource is DAEMONSETS:
            return {Key(event.entry.namespace, event.entry.name)}
        if resource is NODES:
            return _keys_of_node(event, reader)
        return {key for one in belongings(event) for key in _keys_of_part(one, reader)}

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the DaemonSet with its pods and all nodes, or None when it is gone."""
        entry = reader.find(DAEMONSETS, *key)
        if entry is None:
            return None
        view, obj = entry.view(DaemonSet), entry.object
        selector = from_label_selector(view.spec.selector)
        entries = candidates(reader, PODS, key.namespace, entry.uid, selector)
        pods = tuple(facts(one) for one in entries)
        wishes = {one.uid: one.digest(_wish) for one in entries if not facts(one).node}
        told = read_revisions(reader, entry, selector, view.status.collision_count)
        return Snapshot(
            view,
            obj,
            tuple(one.digest(_offer) for one in reader.list(NODES, None)),
            pods,
            told.history,
            told.namesake,
            self._due(entry.uid, pods, wishes),
            wishes,
        )

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the next steps towards a pod on every node that suits."""
        return plan(snapshot, now, failure)

    def _due(
        self, uid: str, pods: Iterable[PodFacts], wishes: Mapping[str, str]
    ) -> dict[str, datetime]:
        """Return when each node's first failed pod may go; the node's others go after it."""
        failed: dict[str, PodFacts] = {}
        for pod in sorted(pods, key=lambda one: one.metadata.uid):
            if pod.phase == "Failed" and pod.metadata.deletion_timestamp is None:
                failed.setdefault(pod.node or wishes.get(pod.metadata.uid, ""), pod)
        now = self._clock.now()
        return {
            pod.metadata.uid: self._relapses.due((uid, node), pod.metadata.uid, now)
            for node, pod in failed.items()
        }


def _keys_of_node(event: Event, reader: Reader) -> set[Key]:
    """Return all sets, when a node came, went, or is another one to them."""
    before = event.previous
    if before is not None and before.digest(_offer) == event.entry.digest(_offer):
        return set()
    return {Key(one.namespace, one.name) for one in reader.list(DAEMONSETS, None)}


def _offer(entry: Entry) -> Node:
    """Return what a set looks at in a node, and nothing else of it."""
    node = entry.view(Node)
    metadata = ObjectMeta(name=node.metadata.name, labels=node.metadata.labels)
    return Node(metadata=metadata, spec=NodeSpec(taints=node.spec.taints))


def _wish(entry: Entry) -> str:
    return wish_of(entry.view(Pod))


def _keys_of_part(entry: Entry, reader: Reader) -> Iterator[Key]:
    """Yield the owner of a pod or revision; of an orphan those that may adopt it."""
    owners = controlled_by(entry, DAEMONSETS)
    if owners is not None:
        yield from owners
        return
    for one in reader.selecting(DAEMONSETS, entry.namespace, entry.labels, _selector_of):
        yield Key(one.namespace, one.name)


def _selector_of(entry: Entry) -> Selector:
    return from_label_selector(entry.view(DaemonSet).spec.selector)
