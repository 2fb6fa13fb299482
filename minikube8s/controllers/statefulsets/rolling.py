"""Who is replaced next by the template's revision, from the highest ordinal down. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from minikube8s.api.views import StatefulSet
from minikube8s.controllers.podfacts import PodFacts
from minikube8s.controllers.statefulsets.model import (
    is_terminating,
    ordinal_of,
    revision_of,
    serves,
)


def is_rolling(view: StatefulSet) -> bool:
    """Tell whether pods of other revisions are replaced by themselves."""
    return view.spec.update_strategy.type != "OnDelete"


def partition(view: StatefulSet) -> int:
    """Return how many pods, from the first one on, keep the revision that they have."""
    rolling = view.spec.update_strategy.rolling_update
    return rolling.partition if rolling and is_rolling(view) else 0


def max_unavailable(view: StatefulSet) -> int:
    """Return how many pods an update may leave missing: percentages round down, at least one."""
    rolling = view.spec.update_strategy.rolling_update
    value = rolling.max_unavailable if rolling else 1
    if isinstance(value, str):
        value = int(value.removesuffix("%")) * view.spec.replicas // 100
    return max(1, value)


def outdated(
    view: StatefulSet, replicas: Sequence[PodFacts], update: str, now: datetime
) -> list[PodFacts]:
    """Return the pods to delete now, so that they come back from the revision `update`.

    `replicas` are those of wanted ordinals, by rising ordinal. Pods that are missing for another
    reason count: what is left of maxUnavailable is what this may take. One that has to go
    and does not serve anyway counts when it goes, so that a broken revision can be left behind.
    """
    if not is_rolling(view):
        return []
    old = [
        pod
        for pod in replicas
        if ordinal_of(pod) >= view.spec.ordinals.start + partition(view)
        and revision_of(pod) != update
        and not is_terminating(pod)
    ]
    known = {pod.metadata.uid for pod in old}
    others = (pod for pod in replicas if pod.metadata.uid not in known)
    missing = view.spec.replicas - len(replicas)
    missing += sum(not serves(view, pod, now) for pod in others)
    return old[::-1][: max(0, max_unavailable(view) - missing)]
