"""What filters of several nodes share: "what if some pods of a node were gone?". Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from minikube8s.scheduler.framework import Refusal
from minikube8s.scheduler.pods import PodFacts
from minikube8s.scheduler.states import NodeState
from minikube8s.scheduler.topology.matching import Traits, traits

Supposed = Sequence[tuple[Traits, int]]
"""Pods taken for gone from a node (-1) or for being there (1), whatever was counted."""

NOTHING: Supposed = ()


class Rules(ABC):
    """What a filter means for each node, ready for one pod."""

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
        gone = ((traits(pod), -1) for pod in removed)
        come = ((traits(pod), 1) for pod in added)
        return self._replace(supposed=(*self.supposed, *gone, *come))
