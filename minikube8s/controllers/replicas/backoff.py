"""How soon pods are made again that nodes refused. Pure.

A pod that its node does not take has failed at once, and another would fail as fast: without a
pause the two would follow each other as quickly as the machine can. Kubernetes has no such pause.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from minikube8s.api.times import parse_time
from minikube8s.controllers.podfacts import PodFacts
from minikube8s.kit.backoff import Backoff

PAUSES = Backoff(initial=1.0, maximum=300.0)


def seconds(owner: Mapping[str, Any], pods: Iterable[PodFacts], now: datetime) -> float:
    """Return how long to wait before the next pod is made; 0 when none was refused lately.

    Every round of refusals in a row (as many as there shall be pods) doubles the pause.
    """
    uid = owner["metadata"]["uid"]
    since = [
        parse_time(created)
        for pod in pods
        if pod.refused
        and (created := pod.metadata.creation_timestamp)
        and (controller := pod.metadata.controller)
        and controller.uid == uid
    ]
    if not since:
        return 0.0
    rounds = (_in_a_row(since) - 1) // max(1, owner["spec"].get("replicas", 1))
    due = max(since) + timedelta(seconds=PAUSES.delay(rounds))
    return max(0.0, (due - now).total_seconds())


def _in_a_row(times: Iterable[datetime]) -> int:
    """Return how many of them, from the newest back, are no further apart than two long pauses."""
    gap, count = timedelta(seconds=2 * PAUSES.maximum), 1
    for later, earlier in pairwise(sorted(times, reverse=True)):
        if later - earlier > gap:
            break
        count += 1
    return count
