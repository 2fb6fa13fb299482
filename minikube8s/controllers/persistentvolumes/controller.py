"""Reads what the binding of a claim or the phase of a volume depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

from minikube8s.api.persistence import (
    BIND_COMPLETED,
    claims_of,
    class_of,
    class_of_volume,
    names_claims,
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
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event


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
        keys += _unbound(reader, partial(_is_helped, volume))
        return keys

    def _after_claim(self, event: Event, reader: Reader) -> list[Key]:
        entry = event.entry
        keys: list[Key] = [ClaimKey(entry.namespace, entry.name)]
        name = entry.view(PersistentVolumeClaim).spec.volume_name
        if name:
            keys.append(VolumeKey(name))
        if event.type != "ADDED":
            keys += (
                VolumeKey(one.name)
                for one in reader.list(PERSISTENTVOLUMES, None)
                if _names(one.view(PersistentVolume), entry)
            )
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
        volumes = reader.list(PERSISTENTVOLUMES, None)
    name = class_of(claim)
    found = reader.find(STORAGECLASSES, "", name) if name else None
    default = "" if name else default_storage_class(reader.list(STORAGECLASSES, None))
    return ClaimSnapshot(
        claim=claim,
        about=entry.object,
        volumes=tuple(one.view(PersistentVolume) for one in volumes),
        storage_class=found.view(StorageClass) if found is not None else None,
        default_class=default,
        pods=_waiting_pods(reader, key),
    )


def _waiting_pods(reader: Reader, key: ClaimKey) -> tuple[str, ...]:
    found = (one for one in reader.list(PODS, key.namespace) if names_claims(one.value))
    pods = (one.view(Pod) for one in found)
    return tuple(
        pod.metadata.name
        for pod in pods
        if not pod.spec.node_name and not pod.terminal and key.name in claims_of(pod)
    )


def _unbound(reader: Reader, wanted: Callable[[PersistentVolumeClaim], bool]) -> Iterator[ClaimKey]:
    for entry in reader.list(PERSISTENTVOLUMECLAIMS, None):
        claim = entry.view(PersistentVolumeClaim)
        if BIND_COMPLETED not in claim.metadata.annotations and wanted(claim):
            yield ClaimKey(entry.namespace, entry.name)


def _is_helped(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """Tell whether a claim may be bound now that the volume is as it is."""
    if claim.spec.volume_name:
        return claim.spec.volume_name == volume.metadata.name
    free = volume.spec.claim_ref is None and volume.status.phase == "Available"
    return free and class_of(claim) == class_of_volume(volume)


def _names(volume: PersistentVolume, claim: Entry) -> bool:
    reference = volume.spec.claim_ref
    return reference is not None and (reference.namespace, reference.name) == (
        claim.namespace,
        claim.name,
    )
