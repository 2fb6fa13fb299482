"""The end of namespaces: first their content goes, then they.

Owns a terminating Namespace's content and its finalizer `kubernetes`. What may be created in a
terminating namespace is the registry's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from minikube8s.api.resources import EVENTS, NAMESPACES, RESOURCES, Resource
from minikube8s.api.views import Namespace, PartialObject
from minikube8s.controllers.actions import NOTHING, Delete, Patch, Plan, Ref, view_ref
from minikube8s.controllers.runner import Reader
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

FINALIZER = "kubernetes"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A terminating namespace, what is to be deleted in it, and whether anything is left at all."""

    namespace: Namespace
    removable: tuple[Ref, ...]
    occupied: bool


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
        # Events about the deletions come and go; they are removed at the very end.
        serious = [(resource, one) for resource, one in content if resource is not EVENTS]
        removable = tuple(
            _ref(resource, one)
            for resource, one in serious or content
            if one.meta.deletion_timestamp is None
        )
        return Snapshot(entry.view(Namespace), removable, bool(content))

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the deletions, or the end of the finalizer once nothing is left."""
        return plan(snapshot)


def plan(snapshot: Snapshot) -> Plan:
    """Plan one look at a terminating namespace."""
    if snapshot.removable:
        return Plan(
            deletes=tuple(Delete(ref, propagation="Background") for ref in snapshot.removable)
        )
    finalizers = snapshot.namespace.spec.finalizers
    if snapshot.occupied or FINALIZER not in finalizers:
        return NOTHING
    rest = [one for one in finalizers if one != FINALIZER]
    target = view_ref(NAMESPACES, snapshot.namespace.metadata)
    return Plan(patches=(Patch(target, {"spec": {"finalizers": rest or None}}, "finalize"),))


def _ref(resource: Resource, entry: Entry) -> Ref:
    """Name the object whatever its revision: it goes, in whichever state it is."""
    metadata = entry.view(PartialObject).metadata
    return Ref(resource, metadata.namespace, metadata.name, metadata.uid, "")
