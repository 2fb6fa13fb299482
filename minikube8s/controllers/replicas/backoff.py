"""How soon pods are made again that nodes refused. Pure.

A pod that its node does not take has failed at once, and another would fail as fast: without a
pause the two would follow each other as quickly as the machine can. Kubernetes has no such pause.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from minikube8s.api.times import parse_time
from minikube8s.controllers.podfacts import PodFacts
from minikube8s.kit.backoff import Backoff

PAUSES = Backoff(initial=1.0, maximum=300.0)


def seconds(owner: Mapping[str, Any], pods: Iterable[PodFacts], now: datetime) -> float:
    """Return how long to wait before the next pod is made; 0 when none was refused lately.

    Every round of refusals (as many as there shall be pods) doubles the pause.
    """
    uid = owner["metadata"]["uid"]
    since = [
        pod.metadata.creation_timestamp
        for pod in pods
        if pod.refused and (controller := pod.metadata.controller) and controller.uid == uid
    ]
    newest = max(filter(None, since), default=None)
    if newest is None:
        return 0.0
    rounds = (len(since) - 1) // max(1, owner["spec"].get("replicas", 1))
    due = parse_time(newest) + timedelta(seconds=PAUSES.delay(rounds))
    return max(0.0, (due - now).total_seconds())
