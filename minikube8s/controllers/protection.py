"""Claims that pods use and volumes that are bound do not go away yet.

Owns the removal of the finalizers `kubernetes.io/pvc-protection` and `kubernetes.io/pv-protection`,
which admission adds to every new claim and volume.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from minikube8s.api.persistence import claims_of, names_claims
from minikube8s.api.resources import PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, PODS, Resource
from minikube8s.api.views import ObjectMeta, PartialObject, Pod
from minikube8s.controllers.actions import NOTHING, Patch, Plan, view_ref
from minikube8s.controllers.runner import Reader
from minikube8s.registry.admission.storage import CLAIM_PROTECTION, VOLUME_PROTECTION
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event


class Key(NamedTuple):
    """Names a claim, or (without namespace) a volume."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A claim or volume that is being deleted, and whether it is in use."""

    resource: Resource
    metadata: ObjectMeta
    used: bool


class ClaimProtectionController:
    """Lets claims go that no pod uses any more."""

    name = "pvc-protection"
    watches = (PERSISTENTVOLUMECLAIMS, PODS)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the claim, or the claims of a pod that may have let go of them."""
        entry = event.entry
        if resource is PERSISTENTVOLUMECLAIMS:
            return (Key(entry.namespace, entry.name),) if _is_ending(entry) else ()
        if event.type == "ADDED" or not names_claims(entry.value):
            return ()
        return [Key(entry.namespace, name) for name in claims_of(entry.view(Pod))]

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the claim, or None unless it is being deleted."""
        entry = reader.find(PERSISTENTVOLUMECLAIMS, *key)
        if entry is None or not _is_ending(entry):
            return None
        pods = (
            one.view(Pod) for one in reader.list(PODS, key.namespace) if names_claims(one.value)
        )
        used = any(key.name in claims_of(pod) and _holds(pod) for pod in pods)
        return Snapshot(PERSISTENTVOLUMECLAIMS, entry.view(PartialObject).metadata, used)

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the end of the protection once it is not needed."""
        return plan(snapshot, CLAIM_PROTECTION)


class VolumeProtectionController:
    """Lets volumes go that no claim is bound to any more."""

    name = "pv-protection"
    watches = (PERSISTENTVOLUMES,)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the volume if it is being deleted."""
        return (Key("", event.entry.name),) if _is_ending(event.entry) else ()

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the volume, or None unless it is being deleted."""
        entry = reader.find(PERSISTENTVOLUMES, *key)
        if entry is None or not _is_ending(entry):
            return None
        used = (entry.object.get("status") or {}).get("phase") == "Bound"
        return Snapshot(PERSISTENTVOLUMES, entry.view(PartialObject).metadata, used)

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the end of the protection once it is not needed."""
        return plan(snapshot, VOLUME_PROTECTION)


def plan(snapshot: Snapshot, finalizer: str) -> Plan:
    """Plan one look at a claim or volume that is being deleted."""
    finalizers = snapshot.metadata.finalizers
    if snapshot.used or finalizer not in finalizers:
        return NOTHING
    rest = [one for one in finalizers if one != finalizer]
    target = view_ref(snapshot.resource, snapshot.metadata)
    return Plan(patches=(Patch(target, {"metadata": {"finalizers": rest or None}}),))


def _holds(pod: Pod) -> bool:
    """Tell whether a node may have the pod's volumes mounted."""
    return bool(pod.spec.node_name) and not pod.terminal


def _is_ending(entry: Entry) -> bool:
    return entry.meta.deletion_timestamp is not None
