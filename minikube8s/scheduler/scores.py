"""How well a node suits a pod that it can take: 0 to 100 for each score, times its weight. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import pstdev

from minikube8s.api.nodeselection import term_matches, tolerates
from minikube8s.api.views import Pod
from minikube8s.scheduler.amounts import ASSUMED
from minikube8s.scheduler.snapshot import Demand, NodeState

BEST = 100.0
_MEBIBYTE = 1024 * 1024
_IMAGE_MINIMUM, _IMAGE_MAXIMUM = 23 * _MEBIBYTE, 1000 * _MEBIBYTE
"""Images below the one do not matter; above the other (a container) more does not matter more."""

Score = Callable[[Pod, Demand, NodeState], float]


def rank(pod: Pod, needs: Demand, states: Sequence[NodeState]) -> list[tuple[float, NodeState]]:
    """Return the nodes with their scores, in the order given."""
    totals = [sum(weight * one(pod, needs, state) for weight, one in SCORES) for state in states]
    for weight, relative in RELATIVE_SCORES:
        raw = [relative(pod, needs, state) for state in states]
        most = max((abs(number) for number in raw), default=0) or 1
        totals = [
            sum_ + weight * BEST * number / most for sum_, number in zip(totals, raw, strict=True)
        ]
    return list(zip(totals, states, strict=True))


def least_allocated(pod: Pod, needs: Demand, state: NodeState) -> float:
    """Prefer nodes with most CPU and memory left."""
    shares = _used_shares(needs, state)
    return BEST * sum(1 - share for share in shares) / len(shares)


def balanced(pod: Pod, needs: Demand, state: NodeState) -> float:
    """Prefer nodes whose CPU and memory are used alike."""
    return BEST * (1 - pstdev(_used_shares(needs, state)))


def images_present(pod: Pod, needs: Demand, state: NodeState) -> float:
    """Prefer nodes that have the pod's images, the more the larger these are."""
    sizes = {name: image.size_bytes for image in state.node.status.images for name in image.names}
    containers = (*pod.spec.init_containers, *pod.spec.containers)
    present = sum(sizes.get(normalized(one.image), sizes.get(one.image, 0)) for one in containers)
    most = _IMAGE_MAXIMUM * max(1, len(containers))
    clamped = min(max(present, _IMAGE_MINIMUM), most)
    return BEST * (clamped - _IMAGE_MINIMUM) / (most - _IMAGE_MINIMUM)


def normalized(image: str) -> str:
    """Return an image's name with its tag: without one it is `latest`."""
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"


def preferred_affinity(pod: Pod, needs: Demand, state: NodeState) -> float:
    """Sum the weights of the preferred node affinity terms that hold."""
    wanted = pod.spec.affinity.node_affinity
    terms = wanted.preferred_during_scheduling_ignored_during_execution if wanted else ()
    node = state.node.metadata
    return sum(term.weight for term in terms if term_matches(term.preference, node))


def intolerable_preferences(pod: Pod, needs: Demand, state: NodeState) -> float:
    """Count, negatively, the PreferNoSchedule taints that the pod does not tolerate."""
    return -sum(
        taint.effect == "PreferNoSchedule" and not tolerates(pod, taint)
        for taint in state.node.spec.taints
    )


SCORES: tuple[tuple[float, Score], ...] = (
    (1, least_allocated),
    (1, balanced),
    (1, images_present),
)
"""Scores that stand for themselves."""
RELATIVE_SCORES: tuple[tuple[float, Score], ...] = (
    (2, preferred_affinity),
    (3, intolerable_preferences),
)
"""Scores that are stretched so that the largest among the nodes counts fully."""


def _used_shares(needs: Demand, state: NodeState) -> list[float]:
    return [
        min(1.0, (state.assumed.get(name, 0) + needs.assumed[name]) / offered)
        if (offered := state.allocatable.get(name, 0))
        else 1.0
        for name in ASSUMED
    ]
