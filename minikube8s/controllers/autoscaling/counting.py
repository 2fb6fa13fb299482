"""How many pods what they use asks for. Pure.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from minikube8s.api import quantity
from minikube8s.api.times import parse_time
from minikube8s.api.views.autoscaling import MeasuredPod
from minikube8s.controllers.autoscaling.use import NotMeasured, Use

TOLERANCE = 0.1
"""How far from 1 the ratio of use and target may be without any change."""
CPU_INITIALIZATION = timedelta(minutes=5)
"""How long after its start a pod's CPU counts only if it was ready for the whole window."""
INITIAL_READINESS = timedelta(seconds=30)
"""A pod that became unready within this time after its start was never ready."""


class Tolerance(NamedTuple):
    """How far the ratio may be below and above 1."""

    down: float = TOLERANCE
    up: float = TOLERANCE

    def bears(self, ratio: float) -> bool:
        """Tell whether the ratio is near enough to 1."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


class Count(NamedTuple):
    """How many pods there should be; the measured average, and the percentage of requests."""

    replicas: int
    average: int
    utilization: int | None = None


AS_USUAL = Tolerance()


@dataclass(slots=True)
class Groups:
    """Pods by how they count."""

    ready: int = 0
    unready: set[str] = field(default_factory=set)
    """Not ready, or not long enough for their use to mean anything."""
    missing: set[str] = field(default_factory=set)
    """Of which nothing was measured."""
    ignored: set[str] = field(default_factory=set)
    """That end or have failed."""


def by_utilization(
    pods: Sequence[MeasuredPod],
    use: Mapping[str, Use],
    resource: str,
    container: str,
    target: int,
    current: int,
    now: datetime,
    tolerance: Tolerance,
) -> Count:
    """Count so that the average use is `target` percent of what is requested.

    Raises NotMeasured.
    """
    groups, amounts = _grouped(pods, use, resource, now)
    requests = {pod.metadata.name: requested(pod, resource, container) for pod in pods}
    utilization = _utilization(amounts, requests)
    fallback = {name: amount * max(100, target) // 100 for name, amount in requests.items()}

    def ratio(found: Mapping[str, int]) -> float:
        return _utilization(found, requests) / target

    count = _decide(groups, amounts, ratio, fallback, current, tolerance)
    return Count(count, sum(amounts.values()) // len(amounts), utilization)


def by_average(
    pods: Sequence[MeasuredPod],
    use: Mapping[str, Use],
    resource: str,
    target: int,
    current: int,
    now: datetime,
    tolerance: Tolerance,
) -> Count:
    """Count so that the average use is `target` thousandths. Raises NotMeasured."""
    groups, amounts = _grouped(pods, use, resource, now)

    def ratio(found: Mapping[str, int]) -> float:
        return (sum(found.values()) // len(found)) / target

    fallback = dict.fromkeys(groups.missing, target)
    count = _decide(groups, amounts, ratio, fallback, current, tolerance)
    return Count(count, sum(amounts.values()) // len(amounts))


def requested(pod: MeasuredPod, resource: str, container: str) -> int:
    """Return what a pod's containers, or one of them, request, in thousandths.

    Raises NotMeasured when one of them requests nothing.
    """
    sidecars = [one for one in pod.spec.init_containers if one.restart_policy == "Always"]
    total = 0
    for one in (*pod.spec.containers, *sidecars):
        if container in ("", one.name):
            amount = one.resources.requests.get(resource)
            if amount is None:
                raise NotMeasured(
                    f"missing request for {resource} in container {one.name} of Pod"
                    f" {pod.metadata.name}"
                )
            total += quantity.parse(amount).milli
    return total


def group(
    pods: Sequence[MeasuredPod], use: Mapping[str, Use], resource: str, now: datetime
) -> Groups:
    """Sort pods by how they count."""
    groups = Groups()
    for pod in pods:
        name = pod.metadata.name
        if pod.metadata.deletion_timestamp is not None or pod.status.phase == "Failed":
            groups.ignored.add(name)
        elif pod.status.phase == "Pending":
            groups.unready.add(name)
        elif name not in use:
            groups.missing.add(name)
        elif resource == "cpu" and _is_unready(pod, use[name], now):
            groups.unready.add(name)
        else:
            groups.ready += 1
    return groups


def _grouped(
    pods: Sequence[MeasuredPod], use: Mapping[str, Use], resource: str, now: datetime
) -> tuple[Groups, dict[str, int]]:
    """Return the pods by how they count, and the amounts that mean something."""
    if not pods:
        raise NotMeasured("no pods returned by selector while calculating replica count")
    groups = group(pods, use, resource, now)
    meant = {pod.metadata.name for pod in pods} - groups.ignored - groups.unready
    amounts = {name: one.amount for name, one in use.items() if name in meant}
    if not amounts:
        raise NotMeasured("did not receive metrics for targeted pods (pods might be unready)")
    return groups, amounts


def _utilization(amounts: Mapping[str, int], requests: Mapping[str, int]) -> int:
    """Return the percentage that is used of what these pods request."""
    total = sum(requests[name] for name in amounts)
    if total == 0:
        raise NotMeasured("no metrics returned matched known pods")
    return sum(amounts.values()) * 100 // total


def _is_unready(pod: MeasuredPod, use: Use, now: datetime) -> bool:
    ready = next((one for one in pod.status.conditions if one.type == "Ready"), None)
    if ready is None or not ready.last_transition_time or not pod.status.start_time:
        return True
    started, since = parse_time(pod.status.start_time), parse_time(ready.last_transition_time)
    if started + CPU_INITIALIZATION > now:
        return ready.status == "False" or use.at < since + use.window
    return ready.status == "False" and started + INITIAL_READINESS > since


def _decide(
    groups: Groups,
    amounts: Mapping[str, int],
    ratio: Callable[[Mapping[str, int]], float],
    fallback: Mapping[str, int],
    current: int,
    tolerance: Tolerance,
) -> int:
    """Return the number of pods; where some were not measured, the cautious one.

    Then those are taken to use nothing when there would be more pods, and `fallback` when there
    would be fewer.
    """
    first = ratio(amounts)
    up_with_unready = bool(groups.unready) and first > 1.0
    if not up_with_unready and not groups.missing:
        return current if tolerance.bears(first) else math.ceil(first * groups.ready)
    guessed = dict(amounts)
    if first != 1.0:
        for name in groups.missing:
            guessed[name] = fallback[name] if first < 1.0 else 0
    if up_with_unready:
        guessed.update(dict.fromkeys(groups.unready, 0))
    second = ratio(guessed)
    turned = (first < 1.0 < second) or (second < 1.0 < first)
    if tolerance.bears(second) or turned:
        return current
    count = math.ceil(second * len(guessed))
    if (second < 1.0 and count > current) or (second > 1.0 and count < current):
        return current
    return count
