"""Garbage collection by owner references.

Owns what happens to dependents when owners go: background and foreground deletion, orphaning, and
the removal of objects whose owners are gone or never were. Works from the registry's index of
owners, on changes only.

An object is collected when none of its owners is left. An owner that is deleted in the foreground
waits (by its finalizer `foregroundDeletion`) until its dependents that block it are gone, in a
circle of owners without waiting for itself; one
that orphans waits (by `orphan`) until its dependents no longer name it. An owner is looked for in
its dependent's own namespace; naming one of another namespace is told by an Event, and an object
without a namespace that names an owner with one is never collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from msgspec import structs

from minikube8s.api.resources import NAMESPACES, RESOURCES, Resource
from minikube8s.api.views import ObjectMeta, OwnerReference, PartialObject
from minikube8s.controllers.actions import (
    NOTHING,
    Delete,
    Patch,
    Plan,
    Propagation,
    Ref,
    Report,
    owner_json,
    view_ref,
)
from minikube8s.controllers.runner import Reader
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"

_RESOURCE_OF_PREFIX = {resource.prefix: resource for resource in RESOURCES.all()}


class Key(NamedTuple):
    """Names an object of any kind."""

    resource: Resource
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.resource.group_resource} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Dependent:
    """An object that names the one looked at among its owners."""

    resource: Resource
    metadata: ObjectMeta


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One object, the owners it names (None: gone), and its dependents."""

    resource: Resource
    metadata: ObjectMeta
    owners: Mapping[str, ObjectMeta | None]
    """By the uid that the object names; owners of kinds not known here are left out."""
    dependents: tuple[Dependent, ...]
    misplaced: tuple[OwnerReference, ...] = ()
    """The references to owners that have another namespace than this object."""


class GarbageController:
    """Deletes what nobody owns any more."""

    name = "garbage-collector"
    watches = RESOURCES.all()

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the object when its owners or its end are concerned, and who depends on that."""
        entry = event.entry
        if event.type == "DELETED":
            yield from (_key(one) for one in reader.dependents(entry.uid))
            yield from _waiting_owners(entry, reader)
        elif _concerns(event) and not _is_known(event):
            yield Key(resource, entry.namespace, entry.name)
            if entry.meta.deletion_timestamp is not None:
                yield from (_key(one) for one in reader.dependents(entry.uid))
            for state in (entry, event.previous):
                if state is not None:
                    yield from _waiting_owners(state, reader)

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the object with its owners and dependents, or None when it is gone."""
        entry = reader.find(*key)
        if entry is None:
            return None
        metadata = entry.view(PartialObject).metadata
        owners, misplaced = {}, []
        for reference in metadata.owner_references:
            resource = _resource(reference)
            if resource is None:
                continue
            if resource.namespaced and not key.resource.namespaced:
                misplaced.append(reference)
                continue
            owner = owners[reference.uid] = _find_owner(reader, resource, metadata, reference)
            if owner is None and _is_elsewhere(reader, resource, reference):
                misplaced.append(reference)
        dependents = tuple(
            Dependent(_key(one).resource, one.view(PartialObject).metadata)
            for one in reader.dependents(entry.uid)
        )
        return Snapshot(key.resource, metadata, owners, dependents, tuple(misplaced))

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the deletion, or the changes of owners and finalizers, that are due."""
        return plan(snapshot)


def plan(snapshot: Snapshot) -> Plan:
    """Plan one look at one object."""
    if snapshot.metadata.deletion_timestamp is None:
        return _judge_owners(snapshot)
    if ORPHAN in snapshot.metadata.finalizers:
        return _orphan(snapshot)
    if FOREGROUND in snapshot.metadata.finalizers:
        return _go_after_dependents(snapshot)
    return NOTHING


def _judge_owners(snapshot: Snapshot) -> Plan:
    references = snapshot.metadata.owner_references
    if not references:
        return NOTHING
    told = _told(snapshot)
    gone, waiting, solid = [], [], []
    for reference in references:
        owner = snapshot.owners.get(reference.uid, snapshot.metadata)
        if owner is None:
            gone.append(reference)
        elif owner is not snapshot.metadata and _goes_after_dependents(owner):
            waiting.append(reference)
        else:
            solid.append(reference)
    if solid:
        if not gone and not waiting:
            return told
        kept = _keep_owners(snapshot.resource, snapshot.metadata, solid)
        return replace(told, patches=(kept,))
    propagation = _chosen(snapshot.metadata)
    if waiting and snapshot.dependents:
        # Whoever waits for this one may be among those that it waits for.
        blocking = any(one.block_owner_deletion for one in references)
        if blocking and any(_goes_after_dependents(one.metadata) for one in snapshot.dependents):
            freed = [structs.replace(one, block_owner_deletion=False) for one in references]
            return replace(
                told, patches=(_keep_owners(snapshot.resource, snapshot.metadata, freed),)
            )
        propagation = "Foreground"
    return replace(told, deletes=(Delete(_ref(snapshot), propagation=propagation),))


def _chosen(metadata: ObjectMeta) -> Propagation:
    """Return what becomes of the object's own dependents, as its finalizers say."""
    if ORPHAN in metadata.finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in metadata.finalizers else "Background"


def _told(snapshot: Snapshot) -> Plan:
    """Return the Events about owners in other namespaces."""
    if not snapshot.misplaced:
        return NOTHING
    metadata = snapshot.metadata
    about = {
        "apiVersion": snapshot.resource.api_version,
        "kind": snapshot.resource.kind,
        "metadata": {"namespace": metadata.namespace, "name": metadata.name, "uid": metadata.uid},
    }
    warnings = tuple(
        Report(
            "OwnerRefInvalidNamespace",
            f"ownerRef [{one.api_version}/{one.kind}, namespace: {metadata.namespace}, name:"
            f' {one.name}, uid: {one.uid}] does not exist in namespace "{metadata.namespace}"',
        )
        for one in snapshot.misplaced
    )
    return Plan(about=about, warnings=warnings)


def _orphan(snapshot: Snapshot) -> Plan:
    """Free the dependents; when none is left, let the object go."""
    if not snapshot.dependents:
        return Plan(patches=(_without_finalizer(snapshot, ORPHAN),))
    uid = snapshot.metadata.uid
    return Plan(
        patches=tuple(
            _keep_owners(
                one.resource,
                one.metadata,
                [owner for owner in one.metadata.owner_references if owner.uid != uid],
            )
            for one in snapshot.dependents
        )
    )


def _go_after_dependents(snapshot: Snapshot) -> Plan:
    """Let the object go once no dependent blocks it; the dependents are looked at on their own."""
    uid = snapshot.metadata.uid
    blocked = any(
        owner.uid == uid and owner.block_owner_deletion
        for one in snapshot.dependents
        if one.metadata.uid != uid
        for owner in one.metadata.owner_references
    )
    if blocked:
        return NOTHING
    return Plan(patches=(_without_finalizer(snapshot, FOREGROUND),))


def _goes_after_dependents(metadata: ObjectMeta) -> bool:
    return metadata.deletion_timestamp is not None and FOREGROUND in metadata.finalizers


def _without_finalizer(snapshot: Snapshot, finalizer: str) -> Patch:
    rest = [one for one in snapshot.metadata.finalizers if one != finalizer]
    return Patch(_ref(snapshot), {"metadata": {"finalizers": rest or None}})


def _keep_owners(resource: Resource, metadata: ObjectMeta, keep: Sequence[OwnerReference]) -> Patch:
    references = [owner_json(one) for one in keep] or None
    return Patch(view_ref(resource, metadata), {"metadata": {"ownerReferences": references}})


def _ref(snapshot: Snapshot) -> Ref:
    return view_ref(snapshot.resource, snapshot.metadata)


def _find_owner(
    reader: Reader, resource: Resource, dependent: ObjectMeta, reference: OwnerReference
) -> ObjectMeta | None:
    """Return the owner if it is the very object that is meant, not another of its name."""
    entry = reader.find(resource, dependent.namespace, reference.name)
    if entry is None or entry.uid != reference.uid:
        return None
    return entry.view(PartialObject).metadata


def _is_elsewhere(reader: Reader, resource: Resource, reference: OwnerReference) -> bool:
    """Tell whether the object that is meant lives in another namespace than its dependent."""
    if not resource.namespaced:
        return False
    found = (
        reader.find(resource, namespace.name, reference.name)
        for namespace in reader.list(NAMESPACES, None)
    )
    return any(entry is not None and entry.uid == reference.uid for entry in found)


def _resource(reference: OwnerReference) -> Resource | None:
    """Return the owner's row, whichever version of its group the reference names."""
    group = reference.api_version.rpartition("/")[0]
    return next(
        (one for one in RESOURCES.all() if (one.group, one.kind) == (group, reference.kind)), None
    )


def _key(entry: Entry) -> Key:
    prefix = entry.key.partition("/")[0] + "/"
    return Key(_RESOURCE_OF_PREFIX[prefix], entry.namespace, entry.name)


def _waiting_owners(entry: Entry, reader: Reader) -> Iterable[Key]:
    """Return the owners that are being deleted and may have waited for a change of this object."""
    if not entry.meta.owner_references:
        return
    metadata = entry.view(PartialObject).metadata
    for reference in metadata.owner_references:
        resource = _resource(reference)
        if resource is None:
            continue
        owner = _find_owner(reader, resource, metadata, reference)
        if owner is not None and owner.deletion_timestamp is not None:
            yield Key(resource, owner.namespace, owner.name)


def _concerns(event: Event) -> bool:
    states = [event.entry] if event.previous is None else [event.entry, event.previous]
    return event.entry.meta.deletion_timestamp is not None or any(
        state.meta.owner_references for state in states
    )


def _is_known(event: Event) -> bool:
    """Tell whether neither owners nor the state of deletion changed."""
    if event.previous is None:
        return False
    before, after = (one.view(PartialObject).metadata for one in (event.previous, event.entry))
    return (
        before.owner_references == after.owner_references
        and before.deletion_timestamp == after.deletion_timestamp
        and before.finalizers == after.finalizers
    )
