"""Volumes of a pod. Sources without logic of their own stay plain JSON."""

from __future__ import annotations

from typing import Any

from minikube8s.api.views.base import View
from minikube8s.api.views.containers import ObjectFieldSelector, ResourceFieldSelector


class KeyToPath(View, frozen=True):
    """One key as a file; `mode` is the file's permission bits."""

    key: str = ""
    path: str = ""
    mode: int | None = None


class ConfigMapVolumeSource(View, frozen=True):
    """A ConfigMap's keys as files; no items means all keys."""

    name: str = ""
    items: tuple[KeyToPath, ...] = ()
    default_mode: int = 0o644
    optional: bool = False


class SecretVolumeSource(View, frozen=True):
    """A Secret's keys as files; no items means all keys."""

    secret_name: str = ""
    items: tuple[KeyToPath, ...] = ()
    default_mode: int = 0o644
    optional: bool = False


class EmptyDirVolumeSource(View, frozen=True):
    """A directory that lives as long as the pod; medium "" is disk, "Memory" a tmpfs."""

    medium: str = ""
    size_limit: str | int | float | None = None


class HostPathVolumeSource(View, frozen=True):
    """A path of the node; `type` says what must be or is made there."""

    path: str = ""
    type: str = ""


class DownwardAPIVolumeFile(View, frozen=True):
    """A value of the pod's own as a file; one of the two references is set."""

    path: str = ""
    field_ref: ObjectFieldSelector | None = None
    resource_field_ref: ResourceFieldSelector | None = None
    mode: int | None = None


class DownwardAPIVolumeSource(View, frozen=True):
    """Values of the pod's own as files."""

    items: tuple[DownwardAPIVolumeFile, ...] = ()
    default_mode: int = 0o644


class KeysProjection(View, frozen=True):
    """A ConfigMap's or Secret's keys among other files; no items means all keys."""

    name: str = ""
    items: tuple[KeyToPath, ...] = ()
    optional: bool = False


class DownwardAPIProjection(View, frozen=True):
    """Values of the pod's own among other files."""

    items: tuple[DownwardAPIVolumeFile, ...] = ()


class ServiceAccountTokenProjection(View, frozen=True):
    """A token of the pod's account as a file; no audience means the API server."""

    path: str = ""
    audience: str = ""
    expiration_seconds: int = 3600


class VolumeProjection(View, frozen=True):
    """One of the sources that share a directory; exactly one is set."""

    config_map: KeysProjection | None = None
    secret: KeysProjection | None = None
    downward_api: DownwardAPIProjection | None = None
    service_account_token: ServiceAccountTokenProjection | None = None


class ProjectedVolumeSource(View, frozen=True):
    """Several sources in one directory."""

    sources: tuple[VolumeProjection, ...] = ()
    default_mode: int = 0o644


class PersistentVolumeClaimVolumeSource(View, frozen=True):
    """The volume that a claim of the pod's namespace is bound to."""

    claim_name: str = ""
    read_only: bool = False


class NFSVolumeSource(View, frozen=True):
    """A directory that another machine exports."""

    server: str = ""
    path: str = ""
    read_only: bool = False


class Volume(View, frozen=True):
    """corev1.Volume; exactly one source is set."""

    name: str = ""
    empty_dir: EmptyDirVolumeSource | None = None
    host_path: HostPathVolumeSource | None = None
    config_map: ConfigMapVolumeSource | None = None
    secret: SecretVolumeSource | None = None
    projected: ProjectedVolumeSource | None = None
    downward_api: DownwardAPIVolumeSource | None = None
    persistent_volume_claim: PersistentVolumeClaimVolumeSource | None = None
    nfs: NFSVolumeSource | None = None
    ephemeral: dict[str, Any] | None = None
