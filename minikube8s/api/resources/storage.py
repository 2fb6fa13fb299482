"""Where volumes come from: the storage group."""

from __future__ import annotations

from minikube8s.api.resources.build import row

_GROUP = "storage.k8s.io"

CSIDRIVERS = row(_GROUP, "v1", "CSIDriver", "csidrivers", namespaced=False, returns_deleted=True)
CSINODES = row(_GROUP, "v1", "CSINode", "csinodes", namespaced=False, returns_deleted=True)
CSISTORAGECAPACITIES = row(_GROUP, "v1", "CSIStorageCapacity", "csistoragecapacities")
STORAGECLASSES = row(
    _GROUP,
    "v1",
    "StorageClass",
    "storageclasses",
    namespaced=False,
    short=("sc",),
    returns_deleted=True,
)
VOLUMEATTACHMENTS = row(
    _GROUP,
    "v1",
    "VolumeAttachment",
    "volumeattachments",
    namespaced=False,
    status=True,
    returns_deleted=True,
)
VOLUMEATTRIBUTESCLASSES = row(
    _GROUP,
    "v1",
    "VolumeAttributesClass",
    "volumeattributesclasses",
    namespaced=False,
    short=("vac",),
    returns_deleted=True,
)

ROWS = (
    CSIDRIVERS,
    CSINODES,
    CSISTORAGECAPACITIES,
    STORAGECLASSES,
    VOLUMEATTACHMENTS,
    VOLUMEATTRIBUTESCLASSES,
)
