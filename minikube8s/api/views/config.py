"""Configuration and coordination: ConfigMap, Secret, ServiceAccount, Lease."""

from __future__ import annotations

from msgspec import field

from minikube8s.api.views.base import View
from minikube8s.api.views.meta import LocalObjectReference, ObjectMeta, ObjectReference


class ConfigMap(View, frozen=True):
    """corev1.ConfigMap; values of `binary_data` are base64 texts."""

    api_version: str = "v1"
    kind: str = "ConfigMap"
    metadata: ObjectMeta = ObjectMeta()
    data: dict[str, str] = field(default_factory=dict)
    binary_data: dict[str, str] = field(default_factory=dict)
    immutable: bool = False


class Secret(View, frozen=True):
    """corev1.Secret; values of `data` are base64 texts."""

    api_version: str = "v1"
    kind: str = "Secret"
    metadata: ObjectMeta = ObjectMeta()
    type: str = "Opaque"
    data: dict[str, str] = field(default_factory=dict)
    immutable: bool = False


class ServiceAccount(View, frozen=True):
    """corev1.ServiceAccount."""

    api_version: str = "v1"
    kind: str = "ServiceAccount"
    metadata: ObjectMeta = ObjectMeta()
    secrets: tuple[ObjectReference, ...] = ()
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    automount_service_account_token: bool | None = None


class LeaseSpec(View, frozen=True):
    """coordinationv1.LeaseSpec; times are micro times."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class Lease(View, frozen=True):
    """coordinationv1.Lease."""

    api_version: str = "coordination.k8s.io/v1"
    kind: str = "Lease"
    metadata: ObjectMeta = ObjectMeta()
    spec: LeaseSpec = LeaseSpec()
