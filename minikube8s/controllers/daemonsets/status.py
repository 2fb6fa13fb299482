"""A DaemonSet's status. Pure."""

from __future__ import annotations

from typing import Any

from minikube8s.api.resources import DAEMONSETS
from minikube8s.controllers.actions import SetStatus, ref
from minikube8s.controllers.daemonsets.model import Round, Snapshot


def change(snapshot: Snapshot, look: Round, collisions: int | None = None) -> SetStatus | None:
    """Return the write of the status, None when it says the same already.

    Of a node with several pods the first counts.
    """
    desired = look.desired
    first = [place.pods[0] for place in desired if place.pods]
    available = sum(look.is_available(pod) for pod in first)
    optional = {
        "observedGeneration": look.view.metadata.generation,
        "updatedNumberScheduled": sum(look.is_updated(pod) for pod in first),
        "numberAvailable": available,
        "numberUnavailable": len(desired) - available,
        "collisionCount": look.view.status.collision_count if collisions is None else collisions,
    }
    fresh: dict[str, Any] = {
        "currentNumberScheduled": len(first),
        "desiredNumberScheduled": len(desired),
        "numberMisscheduled": sum(
            bool(place.pods) for place in look.places if not place.verdict.runs
        ),
        "numberReady": sum(pod.ready for pod in first),
        **{name: number for name, number in optional.items() if number},
    }
    if fresh == snapshot.object.get("status"):
        return None
    return SetStatus(ref(DAEMONSETS, snapshot.object), fresh)
