"""A pod's quality of service class, and what follows from it for the kernel's out-of-memory choice.

Pure.
"""

from __future__ import annotations

from minikube8s.api import quantity
from minikube8s.api.views import Container as ContainerView
from minikube8s.api.views import PodSpec

_COUNTED = ("cpu", "memory")
_GUARANTEED_SCORE = -997
_BEST_EFFORT_SCORE = 1000
_LEAST_BURSTABLE_SCORE = 3


def qos_class(spec: PodSpec) -> str:
    """Guaranteed.

    All limits set and requested in full; BestEffort: nothing said; else Burstable.
    """
    containers = (*spec.containers, *spec.init_containers)
    said = [
        {name: amounts[name] for name in _COUNTED if name in amounts}
        for one in containers
        for amounts in (one.resources.requests, one.resources.limits)
    ]
    if not any(quantity.parse(amount) for amounts in said for amount in amounts.values()):
        return "BestEffort"
    return "Guaranteed" if all(map(_guaranteed, containers)) else "Burstable"


def _guaranteed(container: ContainerView) -> bool:
    limits, requests = container.resources.limits, container.resources.requests
    return all(
        name in limits
        and quantity.parse(requests.get(name, limits[name])) == quantity.parse(limits[name])
        for name in _COUNTED
    )


def oom_score_adj(spec: PodSpec, container: ContainerView, memory_capacity: int) -> int:
    """How early the kernel ends the container when memory runs out: -997 (last) to 1000 (first)."""
    match qos_class(spec):
        case "Guaranteed":
            return _GUARANTEED_SCORE
        case "BestEffort":
            return _BEST_EFFORT_SCORE
    requested = quantity.parse(container.resources.requests.get("memory", 0)).value
    score = 1000 - 1000 * requested // max(memory_capacity, 1)
    return min(max(score, _LEAST_BURSTABLE_SCORE), _BEST_EFFORT_SCORE - 1)
