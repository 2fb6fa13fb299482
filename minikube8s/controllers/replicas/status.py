"""The status: the counts, and why pods could not be made. Pure."""

from __future__ import annotations

from collections.abc import ItemsView, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from minikube8s.api.meta import condition
from minikube8s.api.times import now_rfc3339
from minikube8s.controllers.podfacts import PodFacts


class Failure(NamedTuple):
    """What could not be carried out: FailedCreate or FailedDelete, and why."""

    reason: str
    message: str


def status(
    owner: Mapping[str, Any], pods: Sequence[PodFacts], failure: Failure | None, now: datetime
) -> dict[str, Any]:
    """Return the whole status; zero counts are left out, as Kubernetes does."""
    current = owner.get("status") or {}
    conditions = [one for one in current.get("conditions", ()) if one["type"] != "ReplicaFailure"]
    if failure is not None:
        conditions.append(_replica_failure(owner, failure, now))
    fresh = _counts(owner, pods, now)
    if conditions:
        fresh["conditions"] = conditions
    return fresh


def _counts(owner: Mapping[str, Any], pods: Sequence[PodFacts], now: datetime) -> dict[str, Any]:
    spec = owner["spec"]
    labels = ((spec["template"].get("metadata") or {}).get("labels") or {}).items()
    seconds = spec.get("minReadySeconds", 0)
    ready = [pod for pod in pods if pod.ready]
    counts = {
        "fullyLabeledReplicas": _with_labels(labels, pods),
        "readyReplicas": len(ready),
        "availableReplicas": sum(pod.seconds_to_available(seconds, now) == 0 for pod in ready)
        if seconds
        else len(ready),
        "observedGeneration": owner["metadata"].get("generation", 0),
    }
    return {"replicas": len(pods), **{name: count for name, count in counts.items() if count}}


def _with_labels(labels: ItemsView[str, str], pods: Sequence[PodFacts]) -> int:
    """Count the pods that have all these labels; many pods share one dict of them."""
    known: dict[int, bool] = {}
    count = 0
    for pod in pods:
        held = pod.metadata.labels
        if id(held) not in known:
            known[id(held)] = labels <= held.items()
        count += known[id(held)]
    return count


def _replica_failure(
    owner: Mapping[str, Any], failure: Failure, now: datetime
) -> Mapping[str, Any]:
    known = condition(owner, "ReplicaFailure")
    if known is not None and known["reason"] == failure.reason:
        # The message names another pod each time. To write it each time would wake this
        # controller each time, without end.
        return known
    return {
        "type": "ReplicaFailure",
        "status": "True",
        "lastTransitionTime": now_rfc3339(now),
        "reason": failure.reason,
        "message": failure.message,
    }
