"""A pod's quality of service class, and what follows from it for the kernel's out-of-memory choice.

Pure.
"""

from __future__ import annotations

from minikube8s.api import quantity
from minikube8s.api.views import Container as ContainerView
from minikube8s.api.views import PodSpec
from minikube8s.api.views.base import Quantities

_COUNTED = ("cpu", "memory")
_CRITICAL = "system-node-critical"
_GUARANTEED_SCORE = -997
_BEST_EFFORT_SCORE = 1000
_LEAST_BURSTABLE_SCORE = 3


def qos_class(spec: PodSpec) -> str:
    """Guaranteed: every container limits both and requests as much. BestEffort: none says anything.

    Else Burstable. An amount of zero says nothing.
    """
    containers = (*spec.init_containers, *spec.containers)
    said = [
        (_amounts(one.resources.requests), _amounts(one.resources.limits)) for one in containers
    ]
    if not any(requests or limits for requests, limits in said):
        return "BestEffort"
    guaranteed = all(
        len(limits) == len(_COUNTED) and {**limits, **requests} == limits
        for requests, limits in said
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _amounts(quantities: Quantities) -> dict[str, quantity.Quantity]:
    amounts = {name: quantity.parse(quantities.get(name, 0)) for name in _COUNTED}
    return {name: amount for name, amount in amounts.items() if amount}


def oom_score_adj(spec: PodSpec, container: ContainerView, memory_capacity: int) -> int:
    """How early the kernel ends the container when memory runs out: -997 (last) to 1000 (first).

    A sidecar is not ended before the containers that it serves.
    """
    quality = qos_class(spec)
    if quality == "Guaranteed" or spec.priority_class_name == _CRITICAL:
        return _GUARANTEED_SCORE
    if quality == "BestEffort":
        return _BEST_EFFORT_SCORE
    requested = _memory(container)
    if container.restart_policy == "Always" and container in spec.init_containers:
        requested = max(requested, min(map(_memory, spec.containers), default=0))
    score = 1000 - 1000 * requested // max(memory_capacity, 1)
    return min(max(score, _LEAST_BURSTABLE_SCORE), _BEST_EFFORT_SCORE - 1)


def _memory(container: ContainerView) -> int:
    return quantity.parse(container.resources.requests.get("memory", 0)).value
