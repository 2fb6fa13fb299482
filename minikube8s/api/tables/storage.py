"""Tables of the storage group."""

from __future__ import annotations

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
)

_DEFAULTS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def _storage_class(obj: Obj, now: datetime) -> list[Any]:
    annotations = section(section(obj, "metadata"), "annotations")
    default = any(annotations.get(name) == "true" for name in _DEFAULTS)
    return [
        f"{name_of(obj)} (default)" if default else name_of(obj),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy") or "Delete",
        obj.get("volumeBindingMode") or "Immediate",
        bool(obj.get("allowVolumeExpansion")),
        age(obj, now),
    ]


def _csi_driver(obj: Obj, now: datetime) -> list[Any]:
    spec = section(obj, "spec")
    tokens = [request.get("audience", "") for request in spec.get("tokenRequests") or ()]
    return [
        name_of(obj),
        spec.get("attachRequired", True),
        spec.get("podInfoOnMount", False),
        spec.get("storageCapacity", False),
        UNSET if spec.get("tokenRequests") is None else ",".join(tokens),
        spec.get("requiresRepublish", False),
        ",".join(spec.get("volumeLifecycleModes") or ()) or UNSET,
        age(obj, now),
    ]


def _csi_node(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), len(section(obj, "spec").get("drivers") or ()), age(obj, now)]


def _storage_capacity(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), obj.get("storageClassName", ""), obj.get("capacity") or UNSET]


def _attachment(obj: Obj, now: datetime) -> list[Any]:
    spec = section(obj, "spec")
    return [
        name_of(obj),
        spec.get("attacher", ""),
        section(spec, "source").get("persistentVolumeName") or "",
        spec.get("nodeName", ""),
        bool(section(obj, "status").get("attached")),
        age(obj, now),
    ]


def _attributes_class(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), obj.get("driverName", ""), age(obj, now)]


STORAGE_CLASS = Table(
    (
        NAME,
        Column("Provisioner", "What makes its volumes."),
        Column("ReclaimPolicy", "What becomes of a volume when it is released."),
        Column("VolumeBindingMode", "When a claim gets its volume."),
        Column("AllowVolumeExpansion", "Whether claims may grow."),
        AGE,
    ),
    _storage_class,
)
CSI_DRIVER = Table(
    (
        NAME,
        Column(
            "AttachRequired", "Whether volumes are attached before they are mounted.", "boolean"
        ),
        Column("PodInfoOnMount", "Whether the driver is told about the pod.", "boolean"),
        Column("StorageCapacity", "Whether the scheduler looks at free storage.", "boolean"),
        Column("TokenRequests", "Audiences of the tokens that the driver gets."),
        Column("RequiresRepublish", "Whether mounts are renewed now and then.", "boolean"),
        Column("Modes", "The lives that its volumes may have."),
        AGE,
    ),
    _csi_driver,
)
CSI_NODE = Table((NAME, Column("Drivers", "Drivers on the node.", "integer"), AGE), _csi_node)
CSI_STORAGE_CAPACITY = Table(
    (
        NAME,
        Column("StorageClassName", "The class that the capacity is for."),
        Column("Capacity", "How much is free."),
    ),
    _storage_capacity,
)
VOLUME_ATTACHMENT = Table(
    (
        NAME,
        Column("Attacher", "The driver that attaches it."),
        Column("PV", "The volume."),
        Column("Node", "The node that it is attached to."),
        Column("Attached", "Whether it is attached.", "boolean"),
        AGE,
    ),
    _attachment,
)
VOLUME_ATTRIBUTES_CLASS = Table(
    (NAME, Column("DriverName", "The driver that knows the attributes."), AGE), _attributes_class
)
