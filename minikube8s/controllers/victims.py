"""Which pods a ReplicaSet gives up first when it has too many. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from minikube8s.api.times import parse_time
from minikube8s.api.views import Pod
from minikube8s.controllers.pods import ready_since, restarts

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def choose(
    pods: Sequence[Pod], count: int, neighbours: Iterable[str], now: datetime
) -> tuple[Pod, ...]:
    """Return the `count` pods whose loss hurts least, in Kubernetes' order.

    First those on no node, then pending before running, not ready before ready, a lower deletion
    cost, more related pods on the same node, ready for a shorter time, more restarts, younger.
    `neighbours` names the node of every pod (these included) that serves the same purpose.
    """
    if count >= len(pods):
        return tuple(pods)
    crowd = Counter(neighbours)
    return tuple(sorted(pods, key=lambda pod: _worth(pod, crowd, now))[:count])


def _worth(pod: Pod, crowd: Counter[str], now: datetime) -> tuple[float, ...]:
    created = pod.metadata.creation_timestamp
    return (
        pod.spec.node_name != "",
        _PHASES.get(pod.status.phase, 0),
        pod.ready,
        _cost(pod),
        -crowd[pod.spec.node_name],
        _magnitude(ready_since(pod), now),
        -restarts(pod),
        _magnitude(parse_time(created) if created else None, now),
    )


def _cost(pod: Pod) -> int:
    try:
        return int(pod.metadata.annotations.get(DELETION_COST, "0"))
    except ValueError:
        return 0


def _magnitude(since: datetime | None, now: datetime) -> float:
    """Return a time span's order of magnitude: of pods about equally old, any may go."""
    if since is None:
        return -1.0
    seconds = (now - since).total_seconds()
    return float(math.floor(math.log2(seconds))) if seconds >= 1 else 0.0
