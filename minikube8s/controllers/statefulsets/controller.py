"""What wakes the StatefulSet controller and what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from minikube8s.api.resources import (
    CONTROLLERREVISIONS,
    PERSISTENTVOLUMECLAIMS,
    PODS,
    STATEFULSETS,
    Resource,
)
from minikube8s.api.selectors import from_label_selector
from minikube8s.api.views import ObjectMeta, PartialObject, StatefulSet
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.belonging import belongings, candidates, controlled_by, read_revisions
from minikube8s.controllers.keys import Key
from minikube8s.controllers.podfacts import PodFacts, facts
from minikube8s.controllers.relapses import Relapses
from minikube8s.controllers.runner import Reader
from minikube8s.controllers.statefulsets.model import (
    Snapshot,
    in_turn,
    is_terminating,
    ordinal_of,
    parent_and_ordinal,
)
from minikube8s.controllers.statefulsets.planning import plan
from minikube8s.controllers.statefulsets.storage import claim_names
from minikube8s.kit.clock import Clock
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event


class StatefulSetController:
    """Keeps every StatefulSet's pods, one an ordinal."""

    name = "statefulset"
    watches = (STATEFULSETS, PODS, CONTROLLERREVISIONS, PERSISTENTVOLUMECLAIMS)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._relapses = Relapses()

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the StatefulSets that the change concerns."""
        if resource is STATEFULSETS:
            return {Key(event.entry.namespace, event.entry.name)}
        if resource is PERSISTENTVOLUMECLAIMS:
            return set(_keys_of_claim(event, reader))
        return {key for one in belongings(event) for key in _keys_of_part(one, reader)}

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the StatefulSet with all that its pods need, or None when it is gone."""
        entry = reader.find(STATEFULSETS, *key)
        if entry is None:
            return None
        view, obj = entry.view(StatefulSet), entry.object
        selector = from_label_selector(view.spec.selector)
        pods = tuple(
            facts(one)
            for one in candidates(reader, PODS, key.namespace, entry.uid, selector)
            if (parent_and_ordinal(one.name) or ("", 0))[0] == key.name
        )
        told = read_revisions(reader, entry, selector, view.status.collision_count)
        return Snapshot(
            view,
            obj,
            pods,
            told.history,
            told.namesake,
            _claims(reader, view, pods),
            self._due(entry.uid, pods),
        )

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the next steps towards the pods that are wanted."""
        return plan(snapshot, now, failure)

    def _due(self, uid: str, pods: Iterable[PodFacts]) -> dict[str, datetime]:
        now = self._clock.now()
        return {
            pod.metadata.uid: self._relapses.due((uid, pod.metadata.name), pod.metadata.uid, now)
            for pod in pods
            if pod.terminal and not is_terminating(pod)
        }


def _claims(
    reader: Reader, view: StatefulSet, pods: Iterable[PodFacts]
) -> Mapping[str, ObjectMeta]:
    found: dict[str, ObjectMeta] = {}
    if not view.spec.volume_claim_templates:
        return found
    taken = {ordinal_of(pod) for pod in pods}
    for ordinal in taken.union(in_turn(view, taken)):
        for name in claim_names(view, ordinal):
            entry = reader.find(PERSISTENTVOLUMECLAIMS, view.metadata.namespace, name)
            if entry is not None:
                found[name] = entry.view(PartialObject).metadata
    return found


def _keys_of_part(entry: Entry, reader: Reader) -> Iterator[Key]:
    """Yield the owner of a pod or revision; of an orphan the one that its name tells."""
    owners = controlled_by(entry, STATEFULSETS)
    if owners is not None:
        yield from owners
        return
    parent = entry.name.rpartition("-")[0]
    if parent and reader.find(STATEFULSETS, entry.namespace, parent) is not None:
        yield Key(entry.namespace, parent)


def _keys_of_claim(event: Event, reader: Reader) -> Iterator[Key]:
    """Yield the sets whose claim has come, goes, is gone or changed its owners."""
    entry, before = event.entry, event.previous
    if event.type == "MODIFIED" and before is not None and before.meta == entry.meta:
        return
    parent, _, _ = entry.name.rpartition("-")
    template, _, rest = parent.partition("-")
    while rest:
        # Which part of the name is the set's is not told: both may have dashes.
        found = reader.find(STATEFULSETS, entry.namespace, rest)
        if found is not None:
            names = (
                one.metadata.name for one in found.view(StatefulSet).spec.volume_claim_templates
            )
            if template in names:
                yield Key(entry.namespace, rest)
        head, _, rest = rest.partition("-")
        template = f"{template}-{head}"
