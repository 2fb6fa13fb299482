"""What pods use, as metrics.k8s.io tells it. Pure.

Amounts are thousandths: of a core, of a byte.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from minikube8s.api import quantity, times
from minikube8s.store.entry import Entry

Object = Mapping[str, Any]


class Metrics(Protocol):
    """Where the use of pods is measured."""

    async def measure(self, pods: Sequence[Entry]) -> Sequence[Object]:
        """Return the PodMetrics of those of these pods whose nodes answer."""
        ...


class NoMetrics:
    """Nothing is measured."""

    async def measure(self, pods: Sequence[Entry]) -> Sequence[Object]:
        """Return nothing."""
        return ()


class NotMeasured(Exception):
    """There are no numbers to decide by; the message says why."""


class Use(NamedTuple):
    """How much a pod used on average, over a time that ended at `at`."""

    amount: int
    at: datetime
    window: timedelta


def use_of(metrics: Collection[Object], resource: str, container: str = "") -> dict[str, Use]:
    """Return by their names how much the pods use of a resource, all or one of their containers.

    A pod of which a container was not measured is left out. Raises NotMeasured.
    """
    if not metrics:
        raise NotMeasured("no metrics returned from resource metrics API")
    found: dict[str, Use] = {}
    for one in metrics:
        amounts = _amounts(one, resource, container)
        if amounts is not None:
            at = times.parse_time(one["timestamp"])
            window = timedelta(microseconds=times.parse_duration(one["window"]) / 1000)
            found[one["metadata"]["name"]] = Use(sum(amounts), at, window)
    return found


def _amounts(metrics: Object, resource: str, container: str) -> list[int] | None:
    told = metrics.get("containers") or ()
    if container:
        told = [one for one in told if one["name"] == container]
        if not told:
            pod = f"{metrics['metadata']['namespace']}/{metrics['metadata']['name']}"
            raise NotMeasured(
                "failed to get container metrics: container"
                f" {container} not present in metrics for pod {pod}"
            )
    if not told or any(resource not in one["usage"] for one in told):
        return None
    return [quantity.parse(one["usage"][resource]).milli for one in told]
