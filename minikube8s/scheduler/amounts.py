"""What pods ask of a node, and what a node offers, as integers. Pure.

CPU counts in thousandths, everything else in whole units (bytes, pieces).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from minikube8s.api.quantity import parse
from minikube8s.api.views import Container, Pod

CPU, MEMORY, PODS = "cpu", "memory", "pods"
STORAGE = "ephemeral-storage"
Amounts = dict[str, int]

ASSUMED: Mapping[str, int] = {CPU: 100, MEMORY: 200 * 1024 * 1024}
"""What a container that requests nothing is taken to use, when nodes are compared."""


def amounts(quantities: Mapping[str, str | int | float]) -> Amounts:
    """Return quantities by resource name as integers, rounded up."""
    return {name: _number(name, text) for name, text in quantities.items()}


@lru_cache(maxsize=1024)
def _number(name: str, text: str | int | float) -> int:
    quantity = parse(text)
    return quantity.milli if name == CPU else quantity.value


def requested(pod: Pod, assumed: Mapping[str, int] | None = None) -> Amounts:
    """Return what the pod needs at the moment when it needs most.

    Init containers run one after another before the others; sidecars (init containers that are
    restarted always) stay. With `assumed` a container counts at least so much of what it leaves
    unrequested.
    """
    running: Amounts = {}
    peak: Amounts = {}
    for container in pod.spec.init_containers:
        needs = _needs(container, assumed)
        if container.restart_policy == "Always":
            _add(running, needs)
            _raise_to(peak, running)
        else:
            _raise_to(peak, _sum(running, needs))
    for container in pod.spec.containers:
        _add(running, _needs(container, assumed))
    _raise_to(peak, running)
    _add(peak, amounts(pod.spec.overhead))
    return peak


def _needs(container: Container, assumed: Mapping[str, int] | None) -> Amounts:
    # Limits without requests became requests when the pod was created.
    return {**(assumed or {}), **amounts(container.resources.requests)}


def _add(total: Amounts, more: Mapping[str, int]) -> None:
    for name, number in more.items():
        total[name] = total.get(name, 0) + number


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> Amounts:
    total = dict(one)
    _add(total, other)
    return total


def _raise_to(total: Amounts, least: Mapping[str, int]) -> None:
    for name, number in least.items():
        total[name] = max(total.get(name, 0), number)
