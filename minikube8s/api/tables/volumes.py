"""Tables of volumes and of claims to them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from minikube8s.api.tables.model import (
    AGE,
    NAME,
    UNSET,
    Column,
    Obj,
    Table,
    age,
    name_of,
    section,
    wide,
)

_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def access_modes(modes: Iterable[str] | None) -> str:
    """Return access modes by their abbreviations, each once: `RWO,RWX`."""
    given = set(modes or ())
    return ",".join(short for mode, short in _MODES.items() if mode in given)


def _volume(obj: Obj, now: datetime) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    claim = section(spec, "claimRef")
    return [
        name_of(obj),
        section(spec, "capacity").get("storage", ""),
        access_modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        _phase(obj),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        _class(obj),
        spec.get("volumeAttributesClassName") or UNSET,
        status.get("reason", ""),
        age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def _claim(obj: Obj, now: datetime) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    volume, capacity, modes = spec.get("volumeName", ""), "", ""
    if volume:
        capacity = section(status, "capacity").get("storage", "")
        modes = access_modes(status.get("accessModes"))
    return [
        name_of(obj),
        _phase(obj),
        volume,
        capacity,
        modes,
        _class(obj),
        spec.get("volumeAttributesClassName") or UNSET,
        age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def _phase(obj: Obj) -> str:
    if section(obj, "metadata").get("deletionTimestamp"):
        return "Terminating"
    phase: str = section(obj, "status").get("phase", "")
    return phase


def _class(obj: Obj) -> str:
    annotations = section(section(obj, "metadata"), "annotations")
    found: str = annotations.get(_CLASS_ANNOTATION) or section(obj, "spec").get(
        "storageClassName", ""
    )
    return found


_CAPACITY = Column("Capacity", "How much it holds.")
_ACCESS = Column("Access Modes", "How it may be mounted.")
_STORAGE_CLASS = Column("StorageClass", "The class of storage that it is of.")
_ATTRIBUTES_CLASS = Column("VolumeAttributesClass", "The class of its changeable attributes.")
_MODE = wide("VolumeMode", "Whether it is a file system or a raw block device.")

PERSISTENT_VOLUME = Table(
    (
        NAME,
        _CAPACITY,
        _ACCESS,
        Column("Reclaim Policy", "What becomes of it when it is released."),
        Column("Status", "Whether it is available, bound or released."),
        Column("Claim", "The claim that it is bound to."),
        _STORAGE_CLASS,
        _ATTRIBUTES_CLASS,
        Column("Reason", "Why it is in this state."),
        AGE,
        _MODE,
    ),
    _volume,
)
PERSISTENT_VOLUME_CLAIM = Table(
    (
        NAME,
        Column("Status", "Whether it is bound."),
        Column("Volume", "The volume that it is bound to."),
        _CAPACITY,
        _ACCESS,
        _STORAGE_CLASS,
        _ATTRIBUTES_CLASS,
        AGE,
        _MODE,
    ),
    _claim,
)
