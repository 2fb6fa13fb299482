"""The next step of a volume: its phase, and what becomes of it without its claim. Pure.

A volume whose claim is gone is Released. Whoever provisioned it deletes it then, if it is to be
deleted; a volume that somebody wrote by hand has nobody who could.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minikube8s.api import localpath
from minikube8s.api.persistence import BOUND_BY_CONTROLLER, PROVISIONED_BY
from minikube8s.api.resources import PERSISTENTVOLUMES
from minikube8s.api.times import now_rfc3339
from minikube8s.api.views import PersistentVolume, PersistentVolumeClaim
from minikube8s.controllers.actions import NOTHING, Patch, Plan, Report, SetStatus, view_ref

_RECYCLE = Report("VolumeFailedRecycle", "No recycler plugin found for the volume!")


@dataclass(frozen=True, slots=True)
class VolumeSnapshot:
    """A volume and the claim that it names; None when there is no such claim any more."""

    volume: PersistentVolume
    about: Mapping[str, Any]
    claim: PersistentVolumeClaim | None


def plan_volume(snapshot: VolumeSnapshot, now: datetime) -> Plan:
    """Plan one look at a volume."""
    volume, claim = snapshot.volume, snapshot.claim
    finalizers = _wanted_finalizers(volume)
    if finalizers != list(volume.metadata.finalizers):
        return _patch(snapshot, {"metadata": {"finalizers": finalizers or None}})
    reference = volume.spec.claim_ref
    if reference is None or not reference.uid:
        return _phase(snapshot, "Available", now)
    if claim is None:
        return _released(snapshot, now)
    if not claim.spec.volume_name:
        return _not_yet(snapshot)
    return _claimed(snapshot, claim.spec.volume_name, now)


def _claimed(snapshot: VolumeSnapshot, name: str, now: datetime) -> Plan:
    """The claim that the volume names has the volume `name`."""
    volume = snapshot.volume
    if name == volume.metadata.name:
        return _phase(snapshot, "Bound", now)
    if _is_provisioned(volume) and volume.spec.persistent_volume_reclaim_policy == "Delete":
        return _released(snapshot, now)
    return _let_go(snapshot)


def _wanted_finalizers(volume: PersistentVolume) -> list[str]:
    """Have a provisioned directory's volume stay until the directory is removed, if it is to be."""
    finalizers = list(volume.metadata.finalizers)
    held = localpath.FINALIZER in finalizers
    wanted = volume.spec.persistent_volume_reclaim_policy == "Delete"
    if not localpath.is_ours(volume) or held == wanted:
        return finalizers
    if held:
        return [one for one in finalizers if one != localpath.FINALIZER]
    # What is being deleted gets no new finalizers.
    return finalizers if volume.metadata.deletion_timestamp else [*finalizers, localpath.FINALIZER]


def _released(snapshot: VolumeSnapshot, now: datetime) -> Plan:
    volume = snapshot.volume
    if volume.status.phase not in ("Released", "Failed"):
        return _phase(snapshot, "Released", now)
    policy = volume.spec.persistent_volume_reclaim_policy
    if volume.status.phase == "Failed" or policy == "Retain":
        return NOTHING
    if policy == "Recycle":
        return _fail(snapshot, _RECYCLE, now)
    if _is_provisioned(volume):
        return NOTHING
    why = (
        f'error getting deleter volume plugin for volume "{volume.metadata.name}":'
        " no deletable volume plugin matched"
    )
    return _fail(snapshot, Report("VolumeFailedDelete", why), now)


def _not_yet(snapshot: VolumeSnapshot) -> Plan:
    """The claim comes to name the volume when it is looked at, unless it may not."""
    volume, claim = snapshot.volume, snapshot.claim
    if claim is None or claim.spec.volume_mode == volume.spec.volume_mode:
        return NOTHING
    message = (
        f'Cannot bind PersistentVolume to requested PersistentVolumeClaim "{claim.metadata.name}"'
        " due to incompatible volumeMode."
    )
    return Plan(about=snapshot.about, warnings=(Report("VolumeMismatch", message),))


def _let_go(snapshot: VolumeSnapshot) -> Plan:
    """Free a volume whose claim has another one; the name that a user reserved it for stays."""
    if BOUND_BY_CONTROLLER not in snapshot.volume.metadata.annotations:
        return _patch(snapshot, {"spec": {"claimRef": {"uid": None, "resourceVersion": None}}})
    free = {"metadata": {"annotations": {BOUND_BY_CONTROLLER: None}}, "spec": {"claimRef": None}}
    return _patch(snapshot, free)


def _patch(snapshot: VolumeSnapshot, patch: dict[str, Any]) -> Plan:
    target = view_ref(PERSISTENTVOLUMES, snapshot.volume.metadata)
    return Plan(about=snapshot.about, patches=(Patch(target, patch),))


def _phase(snapshot: VolumeSnapshot, phase: str, now: datetime) -> Plan:
    if snapshot.volume.status.phase == phase:
        return NOTHING
    return Plan(about=snapshot.about, status=_status(snapshot, now, phase=phase))


def _fail(snapshot: VolumeSnapshot, why: Report, now: datetime) -> Plan:
    status = _status(snapshot, now, phase="Failed", message=why.message)
    return Plan(about=snapshot.about, status=status, warnings=(why,))


def _status(snapshot: VolumeSnapshot, now: datetime, **wanted: str) -> SetStatus:
    target = view_ref(PERSISTENTVOLUMES, snapshot.volume.metadata)
    return SetStatus(target, {**wanted, "lastPhaseTransitionTime": now_rfc3339(now)})


def _is_provisioned(volume: PersistentVolume) -> bool:
    return PROVISIONED_BY in volume.metadata.annotations
