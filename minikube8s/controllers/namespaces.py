"""The end of namespaces: first their content goes, pods before all else, then they.

Owns a terminating Namespace's content and its finalizer `kubernetes`. What may be created in a
terminating namespace is the registry's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from minikube8s.api.resources import EVENTS, NAMESPACES, PODS, RESOURCES, Resource
from minikube8s.api.times import now_rfc3339
from minikube8s.api.views import Namespace, PartialObject
from minikube8s.controllers.actions import NOTHING, Delete, Patch, Plan, Ref, SetStatus, view_ref
from minikube8s.controllers.runner import Reader
from minikube8s.controllers.termination import conditions
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

FINALIZER = "kubernetes"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A terminating namespace, what is to be deleted in it now, and what is left at all.

    `content` is the kind and the finalizers of each object; `status` is the namespace's own.
    """

    namespace: Namespace
    removable: tuple[Ref, ...]
    content: tuple[tuple[Resource, tuple[str, ...]], ...]
    status: Mapping[str, Any] = field(default_factory=dict)


class NamespaceController:
    """Empties terminating namespaces and lets them go."""

    name = "namespace"
    watches = RESOURCES.all()

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[str]:
        """Return the terminating namespace that changed or lost (or still got) an object."""
        entry = event.entry
        if resource is NAMESPACES:
            if event.type != "DELETED" and entry.meta.deletion_timestamp is not None:
                yield entry.name
        elif resource.namespaced and event.type != "MODIFIED":
            namespace = reader.find(NAMESPACES, "", entry.namespace)
            if namespace is not None and namespace.meta.deletion_timestamp is not None:
                yield entry.namespace

    def read(self, reader: Reader, key: str) -> Snapshot | None:
        """Return the namespace with its content, or None unless it is terminating."""
        entry = reader.find(NAMESPACES, "", key)
        if entry is None or entry.meta.deletion_timestamp is None:
            return None
        content = [
            (resource, one)
            for resource in RESOURCES.all()
            if resource.namespaced
            for one in reader.list(resource, key)
        ]
        # Pods need what else there is until they end. Events about the deletions come and go; they
        # are removed at the very end.
        pods = [(resource, one) for resource, one in content if resource is PODS]
        serious = [(resource, one) for resource, one in content if resource is not EVENTS]
        removable = tuple(
            _ref(resource, one)
            for resource, one in pods or serious or content
            if one.meta.deletion_timestamp is None
        )
        left = tuple(
            (resource, one.view(PartialObject).metadata.finalizers) for resource, one in content
        )
        status = entry.object.get("status") or {}
        return Snapshot(entry.view(Namespace), removable, left, status)

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the deletions, or the end of the finalizer once nothing is left."""
        return plan(snapshot, now, failure)


def plan(snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
    """Plan one look at a terminating namespace.

    Its status is written only when something holds it up: most namespaces are gone in a moment.
    """
    if snapshot.removable and not failure:
        return Plan(
            deletes=tuple(Delete(ref, propagation="Background") for ref in snapshot.removable)
        )
    finalizers = snapshot.namespace.spec.finalizers
    if FINALIZER not in finalizers:
        return NOTHING
    if snapshot.content:
        return _waiting(snapshot, now, failure)
    rest = [one for one in finalizers if one != FINALIZER]
    target = view_ref(NAMESPACES, snapshot.namespace.metadata)
    return Plan(patches=(Patch(target, {"spec": {"finalizers": rest or None}}, "finalize"),))


def _waiting(snapshot: Snapshot, now: datetime, failure: str) -> Plan:
    known = snapshot.status.get("conditions") or ()
    told = conditions(snapshot.content, known, now_rfc3339(now), failure)
    if told == known:
        return NOTHING
    target = view_ref(NAMESPACES, snapshot.namespace.metadata)
    return Plan(status=SetStatus(target, {**snapshot.status, "conditions": told}))


def _ref(resource: Resource, entry: Entry) -> Ref:
    """Name the object whatever its revision: it goes, in whichever state it is."""
    metadata = entry.view(PartialObject).metadata
    return Ref(resource, metadata.namespace, metadata.name, metadata.uid, "")
