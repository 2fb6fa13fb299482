"""The scores of a pod and one node alone: how well the node suits. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from minikube8s.api.nodeselection import term_matches
from minikube8s.scheduler.filters import tolerated
from minikube8s.scheduler.framework import BEST, LocalScore, stretched
from minikube8s.scheduler.pods import Shape
from minikube8s.scheduler.states import NodeState


class LeastAllocated(LocalScore):
    """Prefers nodes with most CPU and memory left."""

    name = "NodeResourcesFit"

    def rate(self, shape: Shape, state: NodeState) -> float:
        """Return the share that would be left, on average."""
        shares = _used_shares(shape, state)
        return BEST * sum(1 - share for share in shares) / len(shares)


class BalancedAllocation(LocalScore):
    """Prefers nodes whose CPU and memory are used alike."""

    name = "NodeResourcesBalancedAllocation"

    def rate(self, shape: Shape, state: NodeState) -> float:
        """Return how close the used shares would be to each other."""
        shares = _used_shares(shape, state)
        mean = sum(shares) / len(shares)
        return BEST * (1 - sqrt(sum((one - mean) ** 2 for one in shares) / len(shares)))


class PreferredNodeAffinity(LocalScore):
    """Sums the weights of the preferred node affinity terms that hold."""

    name = "NodeAffinity"
    weight = 2
    relative = True

    def rate(self, shape: Shape, state: NodeState) -> float:
        """Return the sum of the weights."""
        wanted = shape.node_affinity
        terms = wanted.preferred_during_scheduling_ignored_during_execution if wanted else ()
        node = state.node.metadata
        return sum(term.weight for term in terms if term_matches(term.preference, node))

    def normalized(self, numbers: Sequence[float]) -> Sequence[float] | None:
        """Give the node with the largest sum 100."""
        return stretched(numbers)


class PreferredTaints(LocalScore):
    """Prefers nodes with few PreferNoSchedule taints that the pod does not tolerate."""

    name = "TaintToleration"
    weight = 3
    relative = True

    def rate(self, shape: Shape, state: NodeState) -> float:
        """Return how many there are."""
        return sum(
            taint.effect == "PreferNoSchedule" and not tolerated(shape, taint)
            for taint in state.node.spec.taints
        )

    def normalized(self, numbers: Sequence[float]) -> Sequence[float] | None:
        """Give the node with the most of them 0."""
        return stretched(numbers, reverse=True)


def _used_shares(shape: Shape, state: NodeState) -> list[float]:
    return [
        min(1.0, (state.assumed.get(name, 0) + number) / offered)
        if (offered := state.allocatable.get(name, 0))
        else 1.0
        for name, number in shape.assumed
    ]
