"""Volumes of a pod. Sources without logic of their own stay plain JSON."""

from __future__ import annotations

from typing import Any

from minikube8s.api.views.base import View


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


class Volume(View, frozen=True):
    """corev1.Volume; exactly one source is set."""

    name: str = ""
    empty_dir: EmptyDirVolumeSource | None = None
    host_path: HostPathVolumeSource | None = None
    config_map: ConfigMapVolumeSource | None = None
    secret: SecretVolumeSource | None = None
    projected: dict[str, Any] | None = None
    downward_api: dict[str, Any] | None = None
    persistent_volume_claim: dict[str, Any] | None = None
    nfs: dict[str, Any] | None = None
