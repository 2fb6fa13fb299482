"""What a pod requests and is limited to as a whole, as exact quantities. Pure.

Init containers run one after another before the others; sidecars (init containers that are
restarted always) stay. A pod asks for what it needs at the moment when it needs most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from minikube8s.api.quantity import Quantity, parse

Amounts = dict[str, Quantity]
Object = dict[str, Any]

SHARED = ("cpu", "memory")
"""What a pod may state for all its containers together."""


def requests(spec: Object, *, overhead: bool = True) -> Amounts:
    """Return what the pod of this spec requests; `overhead`: with that of its runtime class."""
    total = {**_peak(spec, _requests), **_of_pod(spec, "requests")}
    if overhead:
        add(total, amounts(spec.get("overhead")))
    return total


def limits(spec: Object, *, overhead: bool = True) -> Amounts:
    """Return what the pod of this spec is limited to; overhead adds to limits that there are."""
    total = {**_peak(spec, _limits), **_of_pod(spec, "limits")}
    if overhead:
        extra = amounts(spec.get("overhead"))
        add(total, {name: amount for name, amount in extra.items() if name in total})
    return total


def amounts(quantities: Mapping[str, str | int | float] | None) -> Amounts:
    """Return quantities by resource name, parsed."""
    return {name: parse(text) for name, text in (quantities or {}).items()}


def add(total: Amounts, more: Mapping[str, Quantity]) -> None:
    """Add `more` to `total`, in place."""
    for name, amount in more.items():
        known = total.get(name)
        total[name] = amount if known is None else known + amount


def containers(spec: Object) -> Iterator[Object]:
    """Yield the containers and the init containers of a pod."""
    yield from spec.get("containers") or ()
    yield from spec.get("initContainers") or ()


def _peak(spec: Object, needs: Callable[[Object], Amounts]) -> Amounts:
    running: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            add(running, needs(container))
            _raise_to(peak, running)
        else:
            beside = dict(running)
            add(beside, needs(container))
            _raise_to(peak, beside)
    for container in spec.get("containers") or ():
        add(running, needs(container))
    _raise_to(peak, running)
    return peak


def _requests(container: Object) -> Amounts:
    return amounts((container.get("resources") or {}).get("requests"))


def _limits(container: Object) -> Amounts:
    return amounts((container.get("resources") or {}).get("limits"))


def _of_pod(spec: Object, side: str) -> Amounts:
    """Return what the pod states for all its containers; that counts instead of their sum."""
    stated = amounts((spec.get("resources") or {}).get(side))
    return {name: amount for name, amount in stated.items() if name in SHARED}


def _raise_to(total: Amounts, least: Mapping[str, Quantity]) -> None:
    for name, amount in least.items():
        if name not in total or total[name] < amount:
            total[name] = amount
