"""Reads what the binding of a claim or the phase of a volume depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

from minikube8s.api.persistence import (
    BIND_COMPLETED,
    SELECTED_NODE,
    claims_of,
    class_of,
    class_of_volume,
    is_taken,
)
from minikube8s.api.resources import (
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    PODS,
    STORAGECLASSES,
    Resource,
)
from minikube8s.api.views import PersistentVolume, PersistentVolumeClaim, Pod, StorageClass
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.persistentvolumes.claims import ClaimSnapshot, plan_claim
from minikube8s.controllers.persistentvolumes.volumes import VolumeSnapshot, plan_volume
from minikube8s.controllers.runner import Reader
from minikube8s.registry.admission.classes import default_storage_class
from minikube8s.store.watching import Event

_BOUND = b'"phase":"Bound"'


class ClaimKey(NamedTuple):
    """Names a claim."""

    namespace: str
    name: str


class VolumeKey(NamedTuple):
    """Names a volume."""

    name: str


Key = ClaimKey | VolumeKey


class PersistentVolumeController:
    """Binds claims to volumes and keeps the phases of both."""

    name = "persistentvolume"
    watches = (PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, STORAGECLASSES)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return what changed, what it names, and the claims that it may help."""
        if resource is PERSISTENTVOLUMES:
            return self._after_volume(event, reader)
        if resource is PERSISTENTVOLUMECLAIMS:
            return self._after_claim(event, reader)
        return list(_unbound(reader, lambda claim: class_of(claim) in ("", event.entry.name)))

    def _after_volume(self, event: Event, reader: Reader) -> list[Key]:
        volume = event.entry.view(PersistentVolume)
        keys: list[Key] = [VolumeKey(event.entry.name)]
        for entry in (event.entry, event.previous):
            reference = entry.view(PersistentVolume).spec.claim_ref if entry is not None else None
            if reference is not None:
                keys.append(ClaimKey(reference.namespace, reference.name))
        named = b"" if _is_free(volume) else event.entry.name.encode()
        keys += _unbound(reader, partial(_is_helped, volume), named)
        return keys

    def _after_claim(self, event: Event, reader: Reader) -> list[Key]:
        entry = event.entry
        keys: list[Key] = [ClaimKey(entry.namespace, entry.name)]
        name = entry.view(PersistentVolumeClaim).spec.volume_name
        if name:
            keys.append(VolumeKey(name))
        before = event.previous.view(PersistentVolumeClaim) if event.previous else None
        if event.type == "DELETED" or (before is not None and before.spec.volume_name != name):
            # Whatever belongs to the claim, and is not the one that it has.
            uid = entry.uid.encode()
            volumes = reader.list(PERSISTENTVOLUMES, None)
            keys += (VolumeKey(one.name) for one in volumes if uid in one.value)
        return keys

    def read(self, reader: Reader, key: Key) -> ClaimSnapshot | VolumeSnapshot | None:
        """Return the claim or volume with what it depends on, or None when it is gone."""
        if isinstance(key, VolumeKey):
            return _read_volume(reader, key)
        return _read_claim(reader, key)

    def plan(
        self, snapshot: ClaimSnapshot | VolumeSnapshot, now: datetime, failure: str = ""
    ) -> Plan:
        """Return the next step."""
        if isinstance(snapshot, VolumeSnapshot):
            return plan_volume(snapshot, now)
        return plan_claim(snapshot)


def _read_volume(reader: Reader, key: VolumeKey) -> VolumeSnapshot | None:
    entry = reader.find(PERSISTENTVOLUMES, "", key.name)
    if entry is None:
        return None
    volume = entry.view(PersistentVolume)
    reference, claim = volume.spec.claim_ref, None
    if reference is not None:
        found = reader.find(PERSISTENTVOLUMECLAIMS, reference.namespace, reference.name)
        if found is not None and reference.uid in ("", found.uid):
            claim = found.view(PersistentVolumeClaim)
    return VolumeSnapshot(volume, entry.object, claim)


def _read_claim(reader: Reader, key: ClaimKey) -> ClaimSnapshot | None:
    entry = reader.find(PERSISTENTVOLUMECLAIMS, *key)
    if entry is None:
        return None
    claim = entry.view(PersistentVolumeClaim)
    if claim.spec.volume_name:
        named = reader.find(PERSISTENTVOLUMES, "", claim.spec.volume_name)
        volumes = [named] if named is not None else []
    else:
        listed = reader.list(PERSISTENTVOLUMES, None)
        volumes = [one for one in listed if not is_taken(one.value)]
    name = class_of(claim)
    found = reader.find(STORAGECLASSES, "", name) if name else None
    default = "" if name else default_storage_class(reader.list(STORAGECLASSES, None))
    return ClaimSnapshot(
        claim=claim,
        about=entry.object,
        volumes=tuple(one.view(PersistentVolume) for one in volumes),
        storage_class=found.view(StorageClass) if found is not None else None,
        default_class=default,
        pods=_waiting_pods(reader, claim),
    )


def _waiting_pods(reader: Reader, claim: PersistentVolumeClaim) -> tuple[str, ...]:
    """Return the names of the pods that use the claim and have no node yet."""
    metadata, name = claim.metadata, claim.metadata.name.encode()
    if SELECTED_NODE in metadata.annotations or claim.spec.volume_name:
        return ()
    listed = reader.list(PODS, metadata.namespace)
    found = (one for one in listed if name in one.value or b'"ephemeral"' in one.value)
    pods = (one.view(Pod) for one in found)
    return tuple(
        pod.metadata.name
        for pod in pods
        if not pod.spec.node_name and not pod.terminal and metadata.name in claims_of(pod)
    )


def _unbound(
    reader: Reader, wanted: Callable[[PersistentVolumeClaim], bool], text: bytes = b""
) -> Iterator[ClaimKey]:
    """Yield the claims that are not bound and wanted; only those with `text` are decoded."""
    for entry in reader.list(PERSISTENTVOLUMECLAIMS, None):
        if text in entry.value and _BOUND not in entry.value:
            claim = entry.view(PersistentVolumeClaim)
            if BIND_COMPLETED not in claim.metadata.annotations and wanted(claim):
                yield ClaimKey(entry.namespace, entry.name)


def _is_helped(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """Tell whether a claim may be bound now that the volume is as it is."""
    if claim.spec.volume_name:
        return claim.spec.volume_name == volume.metadata.name
    return _is_free(volume) and class_of(claim) == class_of_volume(volume)


def _is_free(volume: PersistentVolume) -> bool:
    return volume.spec.claim_ref is None and volume.status.phase == "Available"
