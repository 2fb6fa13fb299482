"""Defaults of volumes, claims and the storage group."""

from __future__ import annotations

from typing import Any

from minikube8s.api.defaults.fill import fill

_REFERENCE = ("apiGroup", "kind", "name")


def persistent_volume(obj: dict[str, Any]) -> None:
    """Fill a PersistentVolume."""
    spec = obj.setdefault("spec", {})
    fill(spec, persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")
    if spec.get("hostPath") is not None:
        spec["hostPath"].setdefault("type", "")
    fill(obj.setdefault("status", {}), phase="Pending")


def persistent_volume_claim(obj: dict[str, Any]) -> None:
    """Fill a PersistentVolumeClaim, of its own or as a template."""
    spec = obj.setdefault("spec", {})
    fill(spec, volumeMode="Filesystem")
    _mirror_source(spec)
    fill(obj.setdefault("status", {}), phase="Pending")


def _mirror_source(spec: dict[str, Any]) -> None:
    """Keep the older `dataSource` equal to `dataSourceRef` where it can tell the same."""
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source and not reference:
        spec["dataSourceRef"] = {name: source[name] for name in _REFERENCE if name in source}
    elif reference and not source and not reference.get("namespace"):
        spec["dataSource"] = {name: reference[name] for name in _REFERENCE if name in reference}


def storage_class(obj: dict[str, Any]) -> None:
    """Fill a StorageClass."""
    fill(obj, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def csi_driver(obj: dict[str, Any]) -> None:
    """Fill a CSIDriver."""
    spec = obj.setdefault("spec", {})
    fill(
        spec,
        attachRequired=True,
        fsGroupPolicy="ReadWriteOnceWithFSType",
        podInfoOnMount=False,
        requiresRepublish=False,
        seLinuxMount=False,
        storageCapacity=False,
    )
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]
