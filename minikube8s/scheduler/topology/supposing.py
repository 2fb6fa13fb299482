"""What filters of several nodes share: "what if some pods of a node were gone?". Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple

from minikube8s.scheduler.framework import Refusal
from minikube8s.scheduler.pods import PodFacts
from minikube8s.scheduler.states import NodeState
from minikube8s.scheduler.topology.matching import Traits, traits

Supposed = Mapping[Hashable, int]
"""How many more pods (fewer: negative) are taken to be on a node than were counted, by what they
count for."""

NOTHING: Supposed = {}


class Rules(ABC):
    """What a filter means for each node, ready for one pod."""

    @abstractmethod
    def counted(self, its: Traits) -> Iterable[Hashable]:
        """Return all that a pod on a node counts for there."""

    @abstractmethod
    def refusal(self, state: NodeState, supposed: Supposed) -> Refusal | None:
        """Return why the pod cannot be on the node, if so much is supposed of the node's pods."""

    @abstractmethod
    def check(self, state: NodeState) -> Refusal | None:
        """Return the same with nothing supposed."""

    def moved(
        self, state: NodeState, removed: Iterable[PodFacts], added: Iterable[PodFacts]
    ) -> Supposing:
        """Return the same rules, as if these pods of the node were gone and those there."""
        return Supposing(self, NOTHING).moved(state, removed, added)


class Supposing(NamedTuple):
    """Rules under a supposition about one node's pods."""

    rules: Rules
    supposed: Supposed

    def check(self, state: NodeState) -> Refusal | None:
        """Return why the pod cannot be on the node; None if it can."""
        return self.rules.refusal(state, self.supposed)

    def moved(
        self, state: NodeState, removed: Iterable[PodFacts], added: Iterable[PodFacts]
    ) -> Supposing:
        """Suppose still more."""
        supposed = dict(self.supposed)
        for pods, more in ((removed, -1), (added, 1)):
            for pod in pods:
                for one in self.rules.counted(traits(pod)):
                    supposed[one] = supposed.get(one, 0) + more
        return self._replace(supposed=supposed)
