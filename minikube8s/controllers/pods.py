"""Questions that controllers ask of pods. Pure."""

from __future__ import annotations

from datetime import datetime

from minikube8s.api.times import parse_time
from minikube8s.api.views import Pod, PodCondition


def ready_condition(pod: Pod) -> PodCondition | None:
    """Return the pod's Ready condition."""
    return next((one for one in pod.status.conditions if one.type == "Ready"), None)


def ready_since(pod: Pod) -> datetime | None:
    """Return since when the pod is ready; None when it is not, or nobody said since when."""
    condition = ready_condition(pod)
    if condition is None or condition.status != "True" or not condition.last_transition_time:
        return None
    return parse_time(condition.last_transition_time)


def restarts(pod: Pod) -> int:
    """Return how often the container that restarted most was restarted."""
    return max((one.restart_count for one in pod.status.container_statuses), default=0)


def sidecar_restarts(pod: Pod) -> int:
    """Return how often the sidecar that restarted most was restarted."""
    sidecars = {one.name for one in pod.spec.init_containers if one.restart_policy == "Always"}
    counts = (s.restart_count for s in pod.status.init_container_statuses if s.name in sidecars)
    return max(counts, default=0)
