"""What autoscalers look at: of pods only what tells how their use is to be counted."""

from __future__ import annotations

from minikube8s.api.views.base import View
from minikube8s.api.views.containers import ResourceRequirements
from minikube8s.api.views.meta import ObjectMeta
from minikube8s.api.views.pods import PodCondition


class MeasuredContainer(View, frozen=True):
    """The part of corev1.Container that tells what it requests."""

    name: str = ""
    resources: ResourceRequirements = ResourceRequirements()
    restart_policy: str = ""


class MeasuredPodSpec(View, frozen=True):
    """The part of corev1.PodSpec that tells what it requests, and where it runs."""

    containers: tuple[MeasuredContainer, ...] = ()
    init_containers: tuple[MeasuredContainer, ...] = ()


class MeasuredPodStatus(View, frozen=True):
    """The part of corev1.PodStatus that tells whether its use means anything."""

    phase: str = ""
    start_time: str | None = None
    conditions: tuple[PodCondition, ...] = ()


class MeasuredPod(View, frozen=True):
    """The part of corev1.Pod that an autoscaler looks at."""

    metadata: ObjectMeta = ObjectMeta()
    spec: MeasuredPodSpec = MeasuredPodSpec()
    status: MeasuredPodStatus = MeasuredPodStatus()
