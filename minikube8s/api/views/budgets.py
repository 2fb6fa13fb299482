"""What PodDisruptionBudgets count: of pods only what tells whether they are healthy, and whose."""

from __future__ import annotations

from minikube8s.api.views.base import View
from minikube8s.api.views.meta import ObjectMeta
from minikube8s.api.views.pods import PodCondition


class CountedPodStatus(View, frozen=True):
    """The part of corev1.PodStatus that is counted."""

    phase: str = ""
    conditions: tuple[PodCondition, ...] = ()


class CountedPod(View, frozen=True):
    """The part of corev1.Pod that is counted: thousands are read for one look at a budget."""

    metadata: ObjectMeta = ObjectMeta()
    status: CountedPodStatus = CountedPodStatus()

    @property
    def ready(self) -> bool:
        """Whether the Ready condition is True."""
        return any(one.type == "Ready" and one.status == "True" for one in self.status.conditions)


class ScaledSpec(View, frozen=True):
    """What an object with a scale subresource wants."""

    replicas: int | None = None


class Scaled(View, frozen=True):
    """An object with a scale subresource, as far as it is counted."""

    metadata: ObjectMeta = ObjectMeta()
    spec: ScaledSpec = ScaledSpec()
