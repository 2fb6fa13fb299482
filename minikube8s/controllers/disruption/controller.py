"""Keeps the status of every PodDisruptionBudget true."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from minikube8s.api.resources import PODDISRUPTIONBUDGETS, PODS, RESOURCES, Resource
from minikube8s.api.selectors import Selector, from_label_selector
from minikube8s.api.views.budgets import Scaled
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.disruption import planning
from minikube8s.controllers.disruption.owners import Scale, scale_of
from minikube8s.controllers.disruption.planning import Snapshot
from minikube8s.controllers.keys import Key
from minikube8s.controllers.podfacts import facts
from minikube8s.controllers.runner import Reader
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

_SCALED = tuple(one for one in RESOURCES.all() if "scale" in one.subresources and not one.storage)


class DisruptionController:
    """Counts the pods of every budget."""

    name = "disruption"
    watches = (PODDISRUPTIONBUDGETS, PODS, *_SCALED)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the changed budget, or those that a changed pod or workload counts for."""
        entry = event.entry
        if resource is PODDISRUPTIONBUDGETS:
            return (Key(entry.namespace, entry.name),)
        if resource is PODS:
            states = [entry] if event.previous is None else [entry, event.previous]
            return {key for state in states for key in _counting(state, reader)}
        if not _is_rescaled(event):
            return ()
        alike = {id(facts(pod).metadata.labels): pod for pod in _pods_of(entry, reader)}
        return {key for pod in alike.values() for key in _counting(pod, reader)}

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the budget, its pods and their controllers' scales, or None when it is gone."""
        entry = reader.find(PODDISRUPTIONBUDGETS, *key)
        if entry is None:
            return None
        selector = entry.digest(_selector)
        found = reader.selected(PODS, key.namespace, selector)
        pods = tuple(facts(one) for one in found)
        owners = {one.uid: one for pod in pods if (one := pod.metadata.controller) is not None}
        scales: dict[str, Scale | str | None] = {
            uid: scale_of(reader, key.namespace, owner) for uid, owner in owners.items()
        }
        return Snapshot(entry.object, pods, scales)

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the status that the budget lacks."""
        return planning.plan(snapshot, now)


def _counting(pod: Entry, reader: Reader) -> Iterable[Key]:
    for budget in reader.selecting(PODDISRUPTIONBUDGETS, pod.namespace, pod.labels, _selector):
        yield Key(budget.namespace, budget.name)


def _selector(budget: Entry) -> Selector:
    return from_label_selector((budget.object.get("spec") or {}).get("selector"))


def _is_rescaled(event: Event) -> bool:
    """Tell whether a workload's number changed, or the workload came or went."""
    if event.type != "MODIFIED" or event.previous is None:
        return True
    before, after = event.previous.view(Scaled), event.entry.view(Scaled)
    return before.spec.replicas != after.spec.replicas


def _pods_of(workload: Entry, reader: Reader) -> Iterable[Entry]:
    """Return the pods of a workload, and of the ReplicaSets of a Deployment."""
    for one in reader.dependents(workload.uid):
        if one.key.startswith(PODS.prefix):
            yield one
        else:
            yield from (
                below for below in reader.dependents(one.uid) if below.key.startswith(PODS.prefix)
            )
