"""The next step of a claim: towards its volume, or into the truth that it has lost it. Pure.

The volume names the claim before the claim names the volume. Every write assumes the revision that
was seen, so of two claims that want one volume the second one is refused and looks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minikube8s.api import localpath
from minikube8s.api.persistence import (
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    SELECTED_NODE,
    STORAGE_PROVISIONER,
    STORAGE_PROVISIONER_BEFORE,
    WAIT_FOR_FIRST_CONSUMER,
    belongs,
    class_of,
    find_match,
    mismatch,
    size_of,
)
from minikube8s.api.resources import PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES
from minikube8s.api.views import PersistentVolume, PersistentVolumeClaim, StorageClass
from minikube8s.controllers.actions import NOTHING, Patch, Plan, Report, SetStatus, view_ref

_IN_TREE = "kubernetes.io/"
_LOST_NAME = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
_LOST_VOLUME = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
_MISBOUND = "Two claims are bound to the same volume, this one is bound incorrectly"
_NO_CLASS = "no persistent volumes available for this claim and no storage class is set"


@dataclass(frozen=True, slots=True)
class ClaimSnapshot:
    """A claim and everything that its binding depends on.

    `volumes` are the one that it names, or all when it names none; `pods` the names of those that
    use it and have no node yet; `default_class` is "" when there is none.
    """

    claim: PersistentVolumeClaim
    about: Mapping[str, Any]
    volumes: tuple[PersistentVolume, ...]
    storage_class: StorageClass | None = None
    default_class: str = ""
    pods: tuple[str, ...] = ()

    @property
    def named(self) -> PersistentVolume | None:
        """The volume that the claim names, if it exists."""
        name = self.claim.spec.volume_name
        return next((one for one in self.volumes if name and one.metadata.name == name), None)


def plan_claim(snapshot: ClaimSnapshot) -> Plan:
    """Plan one look at a claim."""
    claim = snapshot.claim
    if BIND_COMPLETED in claim.metadata.annotations:
        return _bound(snapshot)
    if claim.metadata.deletion_timestamp is not None:
        return NOTHING
    if claim.spec.volume_name:
        return _asked_for(snapshot)
    delayed = _waits(snapshot.storage_class)
    volume = find_match(claim, snapshot.volumes, reserved_only=delayed)
    if volume is not None:
        return _bind(snapshot, volume)
    return _unmatched(snapshot, delayed)


def _bound(snapshot: ClaimSnapshot) -> Plan:
    if not snapshot.claim.spec.volume_name:
        return _lose(snapshot, "ClaimLost", _LOST_NAME)
    volume = snapshot.named
    if volume is None:
        return _lose(snapshot, "ClaimLost", _LOST_VOLUME)
    if volume.spec.claim_ref is None or belongs(volume, snapshot.claim):
        return _bind(snapshot, volume)
    return _lose(snapshot, "ClaimMisbound", _MISBOUND)


def _asked_for(snapshot: ClaimSnapshot) -> Plan:
    """Bind the claim to the volume that its user named."""
    claim, volume = snapshot.claim, snapshot.named
    if volume is None:
        return _pending(snapshot)
    if belongs(volume, claim):
        return _bind(snapshot, volume)
    if volume.spec.claim_ref is not None:
        name = volume.metadata.name
        return _warn(
            snapshot, "FailedBinding", f'volume "{name}" already bound to a different claim.'
        )
    why = mismatch(volume, claim)
    if why:
        message = f'Cannot bind to requested volume "{volume.metadata.name}": {why}'
        return _warn(snapshot, "VolumeMismatch", message)
    return _bind(snapshot, volume)


def _unmatched(snapshot: ClaimSnapshot, delayed: bool) -> Plan:
    """Say what the claim waits for, or have a volume provisioned."""
    claim = snapshot.claim
    if claim.spec.storage_class_name is None and not class_of(claim) and snapshot.default_class:
        target = view_ref(PERSISTENTVOLUMECLAIMS, claim.metadata)
        patch = {"spec": {"storageClassName": snapshot.default_class}}
        return Plan(about=snapshot.about, patches=(Patch(target, patch),))
    if delayed and SELECTED_NODE not in claim.metadata.annotations:
        return _pending(snapshot, _what_is_awaited(snapshot.pods))
    if class_of(claim):
        return _provision(snapshot)
    return _pending(snapshot, Report("FailedBinding", _NO_CLASS))


def _what_is_awaited(pods: tuple[str, ...]) -> Report:
    if not pods:
        message = "waiting for first consumer to be created before binding"
        return Report("WaitForFirstConsumer", message)
    noun = "pod" if len(pods) == 1 else "pods"
    return Report("WaitForPodScheduled", f"waiting for {noun} {','.join(pods)} to be scheduled")


def _provision(snapshot: ClaimSnapshot) -> Plan:
    """Ask the provisioner of the claim's class for a volume."""
    claim, storage_class = snapshot.claim, snapshot.storage_class
    if storage_class is None:
        why = f'storageclass.storage.k8s.io "{class_of(claim)}" not found'
        return _warn(snapshot, "ProvisioningFailed", why)
    provisioner = storage_class.provisioner
    if provisioner.startswith(_IN_TREE):
        why = f"no volume plugin matched name: {provisioner}"
        return _warn(snapshot, "ProvisioningFailed", why)
    wanted = {STORAGE_PROVISIONER: provisioner, STORAGE_PROVISIONER_BEFORE: provisioner}
    if wanted.items() <= claim.metadata.annotations.items():
        return NOTHING
    report = Report(
        "ExternalProvisioning",
        f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or"
        " manually by the system administrator. If volume creation is delayed, please verify that"
        " the provisioner is running and correctly registered.",
    )
    target = view_ref(PERSISTENTVOLUMECLAIMS, claim.metadata)
    patch = Patch(target, {"metadata": {"annotations": wanted}}, report=report)
    return Plan(about=snapshot.about, patches=(patch,))


def _bind(snapshot: ClaimSnapshot, volume: PersistentVolume) -> Plan:
    """Take the first of the three steps that is not taken yet."""
    claim, metadata = snapshot.claim, snapshot.claim.metadata
    reference = volume.spec.claim_ref
    if reference is None or reference.uid != metadata.uid:
        target = view_ref(PERSISTENTVOLUMES, volume.metadata)
        patch: dict[str, Any] = {"spec": {"claimRef": claim_reference(claim)}}
        if reference is None:
            patch["metadata"] = {"annotations": {BOUND_BY_CONTROLLER: "yes"}}
        return Plan(about=snapshot.about, patches=(Patch(target, patch),))
    target = view_ref(PERSISTENTVOLUMECLAIMS, metadata)
    annotations = {BIND_COMPLETED: "yes"}
    if not claim.spec.volume_name:
        annotations[BOUND_BY_CONTROLLER] = "yes"
    if not claim.spec.volume_name or BIND_COMPLETED not in metadata.annotations:
        patch = {
            "metadata": {"annotations": annotations},
            "spec": {"volumeName": volume.metadata.name},
        }
        return Plan(about=snapshot.about, patches=(Patch(target, patch),))
    asked = claim.spec.resources.requests
    if localpath.is_ours(volume) and size_of(asked) > size_of(volume.spec.capacity):
        return _grow(snapshot, volume)
    granted = {
        "phase": "Bound",
        "accessModes": list(volume.spec.access_modes),
        "capacity": dict(volume.spec.capacity),
    }
    return _status(snapshot, granted)


def _grow(snapshot: ClaimSnapshot, volume: PersistentVolume) -> Plan:
    """Let a directory hold what its claim asks for by now; admission has allowed it."""
    asked = snapshot.claim.spec.resources.requests["storage"]
    patch = Patch(
        view_ref(PERSISTENTVOLUMES, volume.metadata),
        {"spec": {"capacity": {"storage": asked}}},
        report=Report("VolumeResizeSuccessful", "Resize volume succeeded"),
    )
    return Plan(about=snapshot.about, patches=(patch,))


def claim_reference(claim: PersistentVolumeClaim) -> dict[str, str]:
    """Return how a volume names the claim that it belongs to."""
    metadata = claim.metadata
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": metadata.namespace,
        "name": metadata.name,
        "uid": metadata.uid,
        "resourceVersion": metadata.resource_version,
    }


def _lose(snapshot: ClaimSnapshot, reason: str, message: str) -> Plan:
    if snapshot.claim.status.phase == "Lost":
        return NOTHING
    return _status(snapshot, {"phase": "Lost"}, warnings=(Report(reason, message),))


def _warn(snapshot: ClaimSnapshot, reason: str, message: str) -> Plan:
    return _status(snapshot, {"phase": "Pending"}, warnings=(Report(reason, message),))


def _pending(snapshot: ClaimSnapshot, *notices: Report) -> Plan:
    return _status(snapshot, {"phase": "Pending"}, notices=notices)


def _status(
    snapshot: ClaimSnapshot,
    wanted: dict[str, Any],
    warnings: tuple[Report, ...] = (),
    notices: tuple[Report, ...] = (),
) -> Plan:
    current = snapshot.about.get("status") or {}
    target = view_ref(PERSISTENTVOLUMECLAIMS, snapshot.claim.metadata)
    status = None
    if not wanted.items() <= current.items():
        status = SetStatus(target, {**current, **wanted})
    return Plan(about=snapshot.about, status=status, warnings=warnings, notices=notices)


def _waits(storage_class: StorageClass | None) -> bool:
    return (
        storage_class is not None and storage_class.volume_binding_mode == WAIT_FOR_FIRST_CONSUMER
    )
