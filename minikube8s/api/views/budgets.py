"""What PodDisruptionBudgets ask of the owners of pods: how many there shall be."""

from __future__ import annotations

from minikube8s.api.views.base import View
from minikube8s.api.views.meta import ObjectMeta


class ScaledSpec(View, frozen=True):
    """What an object with a scale subresource wants."""

    replicas: int | None = None


class Scaled(View, frozen=True):
    """An object with a scale subresource, as far as it is counted."""

    metadata: ObjectMeta = ObjectMeta()
    spec: ScaledSpec = ScaledSpec()
