"""A StatefulSet's status. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from minikube8s.api.resources import STATEFULSETS
from minikube8s.controllers.actions import SetStatus, ref
from minikube8s.controllers.podfacts import PodFacts
from minikube8s.controllers.statefulsets.model import (
    Snapshot,
    is_available,
    is_running_and_ready,
    is_terminating,
    revision_of,
)
from minikube8s.controllers.statefulsets.rolling import is_rolling


def change(
    snapshot: Snapshot,
    pods: Sequence[PodFacts],
    current: str,
    update: str,
    now: datetime,
    collisions: int | None = None,
) -> SetStatus | None:
    """Return the write of the status, None when it says the same already.

    `current` and `update` are names of revisions. When all pods are of `update` and ready, it
    becomes the current one.
    """
    view = snapshot.view
    live = [revision_of(pod) for pod in pods if not is_terminating(pod)]
    ready = sum(is_running_and_ready(pod) for pod in pods)
    updated = live.count(update)
    if is_rolling(view) and updated == ready == len(pods) == view.spec.replicas:
        current = update
    counts = {
        "readyReplicas": ready,
        "currentReplicas": live.count(current),
        "updatedReplicas": updated,
    }
    fresh: dict[str, Any] = {
        "observedGeneration": view.metadata.generation,
        "replicas": len(pods),
        **{name: count for name, count in counts.items() if count},
        "availableReplicas": sum(is_available(view, pod, now) for pod in pods),
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": view.status.collision_count if collisions is None else collisions,
    }
    if fresh == snapshot.object.get("status"):
        return None
    return SetStatus(ref(STATEFULSETS, snapshot.object), fresh)
