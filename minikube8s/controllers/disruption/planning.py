"""How many of a budget's pods may go, and what its status says. Pure.

https://kubernetes.io/docs/concepts/workloads/pods/disruptions/
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from minikube8s.api.meta import now_rfc3339, parse_time
from minikube8s.api.resources import PODDISRUPTIONBUDGETS, PODS
from minikube8s.api.selectors.wording import in_go
from minikube8s.controllers.actions import NOTHING, Plan, Report, SetStatus, ref
from minikube8s.controllers.disruption.owners import Scale
from minikube8s.controllers.podfacts import PodFacts

Object = Mapping[str, Any]

DELETION_TIMEOUT = timedelta(minutes=2)
"""How long an evicted pod that is not yet being deleted counts as gone."""

_CONDITION = "DisruptionAllowed"
_NO_PODS = Report("NoPods", "No matching pods found")
_UNMANAGED = (
    "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a"
    " result, the status of the PDB cannot be calculated correctly, which may result in undefined"
    ' behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an'
    " integer value."
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A budget, the pods that it selects, and the scales of their controllers by uid."""

    budget: Object
    pods: tuple[PodFacts, ...]
    scales: Mapping[str, Scale | str | None]


class Uncountable(Exception):
    """Nobody can say how many pods there shall be; the message says why."""


class Need(NamedTuple):
    """How many pods there shall be, how many of them healthy, and which count for nothing."""

    expected: int
    healthy: int
    unmanaged: tuple[str, ...] = ()


def plan(snapshot: Snapshot, now: datetime) -> Plan:
    """Plan one look at one budget."""
    budget = snapshot.budget
    try:
        need = needed(budget.get("spec") or {}, snapshot.pods, snapshot.scales)
    except Uncountable as problem:
        return _fail_safe(budget, str(problem), now)
    disrupted, overdue, recheck = _disrupted(snapshot, now)
    healthy = sum(
        pod.ready
        for pod in snapshot.pods
        if pod.metadata.deletion_timestamp is None and pod.metadata.name not in disrupted
    )
    allowed = max(0, healthy - need.healthy) if need.expected > 0 else 0
    counts = {
        "currentHealthy": healthy,
        "desiredHealthy": need.healthy,
        "expectedPods": need.expected,
        "disruptionsAllowed": allowed,
    }
    status = _status(budget, counts, disrupted, now)
    if status == (budget.get("status") or {}):
        return Plan(requeue_after=recheck)
    warnings = [_not_deleted(budget, pod) for pod in overdue]
    if need.unmanaged:
        selector = budget["spec"].get("selector")
        warnings.append(Report("UnmanagedPods", _UNMANAGED.format(in_go(selector))))
    return Plan(
        about=budget,
        status=SetStatus(ref(PODDISRUPTIONBUDGETS, budget), status),
        requeue_after=recheck,
        warnings=tuple(warnings),
        notices=() if snapshot.pods else (_NO_PODS,),
    )


def needed(
    spec: Object, pods: Sequence[PodFacts], scales: Mapping[str, Scale | str | None]
) -> Need:
    """Return what a budget asks for. Raises Uncountable."""
    most, least = spec.get("maxUnavailable"), spec.get("minAvailable")
    if most is None and isinstance(least, int):
        return Need(len(pods), least)
    if most is None and least is None:
        return Need(0, 0)
    expected, unmanaged = _expected(pods, scales)
    if most is not None:
        return Need(expected, max(0, expected - _share(most, expected)), unmanaged)
    return Need(expected, _share(least, expected), unmanaged)


def _expected(
    pods: Sequence[PodFacts], scales: Mapping[str, Scale | str | None]
) -> tuple[int, tuple[str, ...]]:
    """Return how many pods their controllers want, and the names of those without one."""
    wanted: dict[str, int] = {}
    unmanaged: list[str] = []
    for pod in pods:
        owner = pod.metadata.controller
        if owner is None:
            unmanaged.append(pod.metadata.name)
            continue
        scale = scales.get(owner.uid)
        if scale is None:
            raise Uncountable(f'found no controllers for pod "{pod.metadata.name}"')
        if isinstance(scale, str):
            raise Uncountable(scale)
        wanted[scale.uid] = scale.replicas
    return sum(wanted.values()), tuple(unmanaged)


def _share(value: Any, total: int) -> int:
    """Return a number of pods, or a percentage of them rounded up."""
    if isinstance(value, int):
        return value
    return math.ceil(int(value.removesuffix("%")) * total / 100)


def _disrupted(
    snapshot: Snapshot, now: datetime
) -> tuple[dict[str, str], list[PodFacts], float | None]:
    """Return the evicted pods that still count as gone, those that never went, and seconds.

    After so many seconds the first of them does not count as gone any more.
    """
    known = (snapshot.budget.get("status") or {}).get("disruptedPods") or {}
    kept: dict[str, str] = {}
    overdue: list[PodFacts] = []
    waits: list[float] = []
    for pod in snapshot.pods:
        since = known.get(pod.metadata.name)
        if since is None or pod.metadata.deletion_timestamp is not None:
            continue
        left = (parse_time(since) + DELETION_TIMEOUT - now).total_seconds()
        if left <= 0:
            overdue.append(pod)
        else:
            kept[pod.metadata.name] = since
            waits.append(left)
    return kept, overdue, min(waits, default=None)


def _status(
    budget: Object, counts: Mapping[str, int], disrupted: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    generation = budget["metadata"].get("generation", 0)
    allowed = counts["disruptionsAllowed"] > 0
    condition = _condition(
        budget,
        "True" if allowed else "False",
        "SufficientPods" if allowed else "InsufficientPods",
        "",
        generation,
        now,
    )
    status: dict[str, Any] = {
        **counts,
        "observedGeneration": generation,
        "conditions": [*_other_conditions(budget), condition],
    }
    if disrupted:
        status["disruptedPods"] = dict(disrupted)
    return status


def _fail_safe(budget: Object, problem: str, now: datetime) -> Plan:
    """Allow nothing while nobody can say how many pods there shall be."""
    current = budget.get("status") or {}
    condition = _condition(
        budget, "False", "SyncFailed", problem, current.get("observedGeneration", 0), now
    )
    conditions = [*_other_conditions(budget), condition]
    status = {**current, "disruptionsAllowed": 0, "conditions": conditions}
    if status == current:
        return NOTHING
    why = f"Failed to calculate the number of expected pods: {problem}"
    return Plan(
        about=budget,
        status=SetStatus(ref(PODDISRUPTIONBUDGETS, budget), status),
        warnings=(Report("CalculateExpectedPodCountFailed", why),),
    )


def _condition(
    budget: Object, value: str, reason: str, message: str, generation: int, now: datetime
) -> dict[str, Any]:
    known = next((one for one in _conditions(budget) if one["type"] == _CONDITION), None)
    same = known is not None and known["status"] == value
    since = known["lastTransitionTime"] if known is not None and same else now_rfc3339(now)
    fresh = {
        "type": _CONDITION,
        "status": value,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }
    return {**fresh, "observedGeneration": generation} if generation else fresh


def _conditions(budget: Object) -> list[dict[str, Any]]:
    return list((budget.get("status") or {}).get("conditions") or ())


def _other_conditions(budget: Object) -> list[dict[str, Any]]:
    return [one for one in _conditions(budget) if one["type"] != _CONDITION]


def _not_deleted(budget: Object, pod: PodFacts) -> Report:
    metadata = budget["metadata"]
    message = f"Pod was expected by PDB {metadata['namespace']}/{metadata['name']} to be deleted"
    about = {
        "apiVersion": PODS.api_version,
        "kind": PODS.kind,
        "namespace": pod.metadata.namespace,
        "name": pod.metadata.name,
        "uid": pod.metadata.uid,
    }
    return Report("NotDeleted", f"{message} but it wasn't", about=about)
