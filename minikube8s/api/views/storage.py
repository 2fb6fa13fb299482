"""Persistent volumes, the claims to them, and the classes that claims are of."""

from __future__ import annotations

from typing import Any

from msgspec import field

from minikube8s.api.views.base import Quantities, View
from minikube8s.api.views.meta import LabelSelector, ObjectMeta, ObjectReference
from minikube8s.api.views.scheduling import NodeSelector
from minikube8s.api.views.volumes import HostPathVolumeSource, NFSVolumeSource


class LocalVolumeSource(View, frozen=True):
    """A directory of one node."""

    path: str = ""


class VolumeNodeAffinity(View, frozen=True):
    """The nodes from which a volume can be reached; without `required` all."""

    required: NodeSelector | None = None


class PersistentVolumeSpec(View, frozen=True):
    """corev1.PersistentVolumeSpec; `capacity` in quantities."""

    capacity: Quantities = field(default_factory=dict)
    access_modes: tuple[str, ...] = ()
    claim_ref: ObjectReference | None = None
    persistent_volume_reclaim_policy: str = "Retain"
    storage_class_name: str = ""
    mount_options: tuple[str, ...] = ()
    volume_mode: str = "Filesystem"
    node_affinity: VolumeNodeAffinity | None = None
    volume_attributes_class_name: str | None = None
    host_path: HostPathVolumeSource | None = None
    local: LocalVolumeSource | None = None
    nfs: NFSVolumeSource | None = None


class PersistentVolumeStatus(View, frozen=True):
    """corev1.PersistentVolumeStatus."""

    phase: str = ""
    message: str = ""
    reason: str = ""


class PersistentVolume(View, frozen=True):
    """corev1.PersistentVolume."""

    api_version: str = "v1"
    kind: str = "PersistentVolume"
    metadata: ObjectMeta = ObjectMeta()
    spec: PersistentVolumeSpec = PersistentVolumeSpec()
    status: PersistentVolumeStatus = PersistentVolumeStatus()


class VolumeResourceRequirements(View, frozen=True):
    """How much a claim asks for, in quantities."""

    requests: Quantities = field(default_factory=dict)


class PersistentVolumeClaimSpec(View, frozen=True):
    """corev1.PersistentVolumeClaimSpec; a class of None may still become the default one."""

    access_modes: tuple[str, ...] = ()
    selector: LabelSelector | None = None
    resources: VolumeResourceRequirements = VolumeResourceRequirements()
    volume_name: str = ""
    storage_class_name: str | None = None
    volume_mode: str = "Filesystem"
    data_source: dict[str, Any] | None = None
    data_source_ref: dict[str, Any] | None = None
    volume_attributes_class_name: str | None = None


class PersistentVolumeClaimStatus(View, frozen=True):
    """corev1.PersistentVolumeClaimStatus; `capacity` in quantities."""

    phase: str = ""
    access_modes: tuple[str, ...] = ()
    capacity: Quantities = field(default_factory=dict)


class PersistentVolumeClaim(View, frozen=True):
    """corev1.PersistentVolumeClaim."""

    api_version: str = "v1"
    kind: str = "PersistentVolumeClaim"
    metadata: ObjectMeta = ObjectMeta()
    spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()
    status: PersistentVolumeClaimStatus = PersistentVolumeClaimStatus()


class TopologySelectorLabelRequirement(View, frozen=True):
    """A label that a node has with one of these values."""

    key: str = ""
    values: tuple[str, ...] = ()


class TopologySelectorTerm(View, frozen=True):
    """All expressions must hold."""

    match_label_expressions: tuple[TopologySelectorLabelRequirement, ...] = ()


class StorageClass(View, frozen=True):
    """storagev1.StorageClass."""

    api_version: str = "storage.k8s.io/v1"
    kind: str = "StorageClass"
    metadata: ObjectMeta = ObjectMeta()
    provisioner: str = ""
    reclaim_policy: str = "Delete"
    mount_options: tuple[str, ...] = ()
    volume_binding_mode: str = "Immediate"
    allowed_topologies: tuple[TopologySelectorTerm, ...] = ()
