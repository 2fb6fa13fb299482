"""Which pods are given up first when there are too many. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from minikube8s.api.times import parse_time
from minikube8s.controllers.podfacts import DELETION_COST, PodFacts

_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}
_MICROSECOND = timedelta(microseconds=1)


def choose(
    pods: Sequence[PodFacts], count: int, neighbours: Iterable[str], now: datetime
) -> tuple[PodFacts, ...]:
    """Return the `count` pods whose loss hurts least, in Kubernetes' order.

    First those on no node, then pending before running, not ready before ready, a lower deletion
    cost, more related pods on the same node, ready for a shorter time, more restarts (of
    containers, then of sidecars), younger. `neighbours` names the node of every pod (these
    included) that serves the same purpose.
    """
    if count >= len(pods):
        return tuple(pods)
    crowd = Counter(neighbours)
    return tuple(sorted(pods, key=lambda pod: _worth(pod, crowd, now))[:count])


def _worth(pod: PodFacts, crowd: Counter[str], now: datetime) -> tuple[int, ...]:
    created = pod.metadata.creation_timestamp
    ordinary, sidecars = pod.restarts
    return (
        pod.node != "",
        _PHASES.get(pod.phase, 0),
        pod.ready,
        _cost(pod),
        -crowd[pod.node],
        _magnitude(pod.ready_since, now),
        -ordinary,
        -sidecars,
        _magnitude(parse_time(created) if created else None, now),
    )


def _cost(pod: PodFacts) -> int:
    try:
        return int(pod.metadata.annotations.get(DELETION_COST, "0"))
    except ValueError:
        return 0


def _magnitude(since: datetime | None, now: datetime) -> int:
    """Return a time span's order of magnitude: of pods about equally old, any may go.

    It is the binary logarithm of nanoseconds, as Kubernetes draws the lines.
    """
    if since is None:
        return -1
    return max(0, (now - since) // _MICROSECOND * 1000).bit_length()
