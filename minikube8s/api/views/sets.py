"""Workloads whose pods are no mere number: StatefulSet and DaemonSet, and what they remember."""

from __future__ import annotations

from typing import Any

from msgspec import field

from minikube8s.api.views.base import View
from minikube8s.api.views.meta import LabelSelector, ObjectMeta
from minikube8s.api.views.pods import PodTemplateSpec


class ControllerRevision(View, frozen=True):
    """appsv1.ControllerRevision: one version of a template, and its place in the history."""

    api_version: str = "apps/v1"
    kind: str = "ControllerRevision"
    metadata: ObjectMeta = ObjectMeta()
    data: dict[str, Any] = field(default_factory=dict)
    revision: int = 0


class RollingUpdateStatefulSet(View, frozen=True):
    """Which ordinals are updated, and how many pods may be missing (a number or a percentage)."""

    partition: int = 0
    max_unavailable: int | str = 1


class StatefulSetUpdateStrategy(View, frozen=True):
    """RollingUpdate or OnDelete."""

    type: str = "RollingUpdate"
    rolling_update: RollingUpdateStatefulSet | None = None


class ClaimRetentionPolicy(View, frozen=True):
    """Whether claims are kept: Retain or Delete."""

    when_deleted: str = "Retain"
    when_scaled: str = "Retain"


class StatefulSetOrdinals(View, frozen=True):
    """The number of the first pod."""

    start: int = 0


class ClaimTemplate(View, frozen=True):
    """A claim that every pod gets, by its metadata (to make one, take it from the JSON dict)."""

    metadata: ObjectMeta = ObjectMeta()


class StatefulSetSpec(View, frozen=True):
    """appsv1.StatefulSetSpec. Times in seconds."""

    replicas: int = 1
    selector: LabelSelector = LabelSelector()
    volume_claim_templates: tuple[ClaimTemplate, ...] = ()
    service_name: str = ""
    pod_management_policy: str = "OrderedReady"
    update_strategy: StatefulSetUpdateStrategy = StatefulSetUpdateStrategy()
    revision_history_limit: int | None = 10
    min_ready_seconds: int = 0
    persistent_volume_claim_retention_policy: ClaimRetentionPolicy = ClaimRetentionPolicy()
    ordinals: StatefulSetOrdinals = StatefulSetOrdinals()


class StatefulSetStatus(View, frozen=True):
    """appsv1.StatefulSetStatus, what is taken over from one look to the next."""

    current_revision: str = ""
    collision_count: int = 0


class StatefulSet(View, frozen=True):
    """appsv1.StatefulSet."""

    api_version: str = "apps/v1"
    kind: str = "StatefulSet"
    metadata: ObjectMeta = ObjectMeta()
    spec: StatefulSetSpec = StatefulSetSpec()
    status: StatefulSetStatus = StatefulSetStatus()


class RollingUpdateDaemonSet(View, frozen=True):
    """How many pods may be missing or doubled: numbers, or percentages as texts."""

    max_unavailable: int | str = 1
    max_surge: int | str = 0


class DaemonSetUpdateStrategy(View, frozen=True):
    """RollingUpdate or OnDelete."""

    type: str = "RollingUpdate"
    rolling_update: RollingUpdateDaemonSet = RollingUpdateDaemonSet()


class DaemonSetSpec(View, frozen=True):
    """appsv1.DaemonSetSpec. Times in seconds."""

    selector: LabelSelector = LabelSelector()
    template: PodTemplateSpec = PodTemplateSpec()
    update_strategy: DaemonSetUpdateStrategy = DaemonSetUpdateStrategy()
    revision_history_limit: int | None = 10
    min_ready_seconds: int = 0


class DaemonSetStatus(View, frozen=True):
    """appsv1.DaemonSetStatus, what is taken over from one look to the next."""

    collision_count: int = 0


class DaemonSet(View, frozen=True):
    """appsv1.DaemonSet."""

    api_version: str = "apps/v1"
    kind: str = "DaemonSet"
    metadata: ObjectMeta = ObjectMeta()
    spec: DaemonSetSpec = DaemonSetSpec()
    status: DaemonSetStatus = DaemonSetStatus()
