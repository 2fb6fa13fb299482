"""What wakes the Deployment controller and what it reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from minikube8s.api.resources import DEPLOYMENTS, PODS, REPLICASETS, Resource
from minikube8s.api.selectors import Selector, from_label_selector
from minikube8s.api.views import Deployment, ObjectMeta, PartialObject, Pod, ReplicaSet
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.belonging import candidates
from minikube8s.controllers.deployments.history import name_and_hash
from minikube8s.controllers.deployments.model import Member, Snapshot, is_rolling
from minikube8s.controllers.deployments.planning import plan
from minikube8s.controllers.keys import Key
from minikube8s.controllers.runner import Reader
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event


class DeploymentController:
    """Rolls out every Deployment's template."""

    name = "deployment"
    watches = (DEPLOYMENTS, REPLICASETS, PODS)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the Deployments that the change concerns."""
        if resource is DEPLOYMENTS:
            return {Key(event.entry.namespace, event.entry.name)}
        if resource is PODS:
            return _waiting_for(event, reader)
        states = [event.entry] if event.previous is None else [event.entry, event.previous]
        return {key for state in states for key in _keys_of_replicaset(state, reader)}

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the Deployment with its ReplicaSets, or None when it is gone."""
        entry = reader.find(DEPLOYMENTS, *key)
        if entry is None:
            return None
        selector = entry.digest(_selector)
        found = candidates(reader, REPLICASETS, key.namespace, entry.uid, selector)
        members = tuple(Member(one.view(ReplicaSet), one.object) for one in found)
        view = entry.view(Deployment)
        populated = frozenset[str]() if is_rolling(view) else _populated(reader, members)
        name, _ = name_and_hash(view, entry.object)
        taken = reader.find(REPLICASETS, key.namespace, name) is not None
        return Snapshot(view, entry.object, members, populated, taken=taken)

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the next step of the rollout."""
        return plan(snapshot, now, failure)


def _selector(entry: Entry) -> Selector:
    return from_label_selector(entry.object["spec"].get("selector"))


def _populated(reader: Reader, members: Iterable[Member]) -> frozenset[str]:
    return frozenset(
        member.metadata.uid
        for member in members
        if any(_is_running_pod(one) for one in reader.dependents(member.metadata.uid))
    )


def _is_running_pod(entry: Entry) -> bool:
    return entry.key.startswith(PODS.prefix) and not entry.view(Pod).terminal


def _keys_of_replicaset(entry: Entry, reader: Reader) -> Iterable[Key]:
    metadata = entry.view(PartialObject).metadata
    controller = metadata.controller
    if controller is not None:
        yield from _key_of_controller(metadata, DEPLOYMENTS)
        return
    for one in reader.selecting(DEPLOYMENTS, entry.namespace, entry.labels, _selector):
        yield Key(one.namespace, one.name)


def _key_of_controller(metadata: ObjectMeta, resource: Resource) -> Iterable[Key]:
    controller = metadata.controller
    if controller is not None and controller.kind == resource.kind:
        yield Key(metadata.namespace, controller.name)


def _waiting_for(event: Event, reader: Reader) -> Iterable[Key]:
    """Return the Recreate Deployment that may have waited for the end of this pod."""
    pod = event.entry
    if event.type == "ADDED" or (event.type == "MODIFIED" and _is_running_pod(pod)):
        return
    for owner in _key_of_controller(pod.view(PartialObject).metadata, REPLICASETS):
        replicaset = reader.find(REPLICASETS, *owner)
        if replicaset is None:
            continue
        for key in _key_of_controller(replicaset.view(PartialObject).metadata, DEPLOYMENTS):
            deployment = reader.find(DEPLOYMENTS, *key)
            if deployment is not None and not is_rolling(deployment.view(Deployment)):
                yield key
