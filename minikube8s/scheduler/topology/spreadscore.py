"""Topology spread: which nodes make a pod's kind more even. Pure.

Counted are the constraints that need not hold; a pod without any has the two that Kubernetes takes
for pods of Services and workloads (`DEFAULTS`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import NamedTuple, Protocol

from minikube8s.api.selectors import Selector
from minikube8s.api.views import Pod
from minikube8s.scheduler.framework import BEST, Score
from minikube8s.scheduler.pods import Incoming, Shape
from minikube8s.scheduler.states import NodeState, View
from minikube8s.scheduler.topology import spread
from minikube8s.scheduler.topology.constraints import WISHED, Constraint, constraints, has_all
from minikube8s.scheduler.topology.population import Counts, Population

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
DEFAULTS = ((HOSTNAME, 3), (ZONE, 5))
"""Label and maximal skew of the constraints of a pod that has none of its own."""


class Companions(Protocol):
    """Knows the Services and workloads of pods."""

    def selector(self, pod: Pod, /) -> Selector | None:
        """Return what selects the pods of the pod's Services and workload; None: it has none."""
        ...


class EvenSpread(Score):
    """Prefers nodes where fewer of the pods are that its constraints spread."""

    name = spread.NAME
    weight = 2

    def __init__(self, population: Population, companions: Companions) -> None:
        self._population = population
        self._companions = companions

    def rate(
        self, wanted: Incoming, view: View, feasible: Sequence[NodeState]
    ) -> Sequence[float] | None:
        """Return 100 for the nodes with fewest such pods around, 0 for those with most."""
        own = wanted.pod.spec.topology_spread_constraints
        wishes = constraints(wanted.pod, WISHED) if own else self._defaults(wanted.pod)
        if not wishes:
            return None
        look = _Look(self._population, view, wanted.shape, wishes if own else ())
        compared = [state for state in feasible if look.compares(state)]
        raw = [0.0] * len(compared)
        for one in wishes:
            numbers = look.numbers(one, compared)
            raw = [total + number for total, number in zip(raw, numbers, strict=True)]
        rated = _turned([round(number) for number in raw])
        if len(compared) == len(feasible):
            return rated
        found = dict(zip((state.name for state in compared), rated, strict=True))
        return [found.get(state.name, 0.0) for state in feasible]

    def _defaults(self, pod: Pod) -> Sequence[Constraint]:
        selector = self._companions.selector(pod)
        if selector is None:
            return ()
        namespace = pod.metadata.namespace
        return [Constraint(key, namespace, selector, skew) for key, skew in DEFAULTS]


class _Look(NamedTuple):
    """What one decision looks at. Nodes without a label of `needed` are worth nothing."""

    population: Population
    view: View
    shape: Shape
    needed: Sequence[Constraint]

    def compares(self, state: NodeState) -> bool:
        return not self.needed or has_all((one.key for one in self.needed), state.node)

    def numbers(self, constraint: Constraint, compared: Sequence[NodeState]) -> list[float]:
        """Return what the constraint counts for each node: more where more pods are."""
        counts = constraint.counts(self.population)
        least = constraint.max_skew - 1
        values = [state.node.metadata.labels.get(constraint.key) for state in compared]
        if constraint.key == HOSTNAME:
            weight = log(len(compared) + 2)
            return [
                0 if value is None else counts.get(state.name, 0) * weight + least
                for value, state in zip(values, compared, strict=True)
            ]
        pods = self.by_value(constraint, counts, set(values))
        weight = log(len(pods) + 2)
        worth = {value: number * weight + least for value, number in pods.items()}
        worth[None] = 0
        return [worth[value] for value in values]

    def by_value(
        self, constraint: Constraint, counts: Counts, values: set[str | None]
    ) -> dict[str | None, int]:
        pods = dict.fromkeys(values, 0)
        for name, number in counts.items():
            state = self.view.find(name)
            if state is None or not self.compares(state):
                continue
            value = state.node.metadata.labels.get(constraint.key)
            if value in pods and constraint.looks_at(self.shape, state):
                pods[value] += number
        return pods


def _turned(raw: Sequence[int]) -> list[float]:
    """Return scores that are best where the number is least."""
    least, most = min(raw, default=0), max(raw, default=0)
    return [BEST * (most + least - one) / most if most else BEST for one in raw]
