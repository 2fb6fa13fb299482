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
from minikube8s.scheduler.topology.population import Population
from minikube8s.scheduler.topology.terrain import Place

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
        among = tuple(one.key for one in wishes) if own else ()
        compared = [state for state in feasible if has_all(among, state.node)] if own else feasible
        look = _Look(self._population, view, wanted.shape, among, compared)
        totals: list[float] = []
        for one in wishes:
            numbers = look.numbers(one)
            if numbers and totals:
                totals = [total + more for total, more in zip(totals, numbers, strict=True)]
            else:
                totals = numbers or totals
        rated = _turned(totals or [0.0] * len(compared))
        if len(compared) < len(feasible):
            found = dict(zip((state.name for state in compared), rated, strict=True))
            rated = [found.get(state.name, 0.0) for state in feasible]
        return rated if len(set(rated)) > 1 else None

    def _defaults(self, pod: Pod) -> Sequence[Constraint]:
        selector = self._companions.selector(pod)
        if selector is None:
            return ()
        namespace = pod.metadata.namespace
        return [Constraint(key, namespace, selector, skew) for key, skew in DEFAULTS]


class _Look(NamedTuple):
    """What one decision looks at: nodes that have the labels `among`."""

    population: Population
    view: View
    shape: Shape
    among: tuple[str, ...]
    compared: Sequence[NodeState]

    def numbers(self, constraint: Constraint) -> list[float]:
        """Return what the constraint counts for each node: more where more pods are.

        Nothing where no node has the label.
        """
        key, least = constraint.key, constraint.max_skew - 1
        domains = self.population.terrain.domains(Place(key))
        if not domains:
            return []
        if key == HOSTNAME:
            number = constraint.counts(self.population).get
            weight = log(len(self.compared) + 2)
            if len(domains) == len(self.view.states):
                return [number(state.name, 0) * weight + least for state in self.compared]
            return [
                number(state.name, 0) * weight + least if key in state.labels else 0
                for state in self.compared
            ]
        values = [state.labels.get(key) for state in self.compared]
        seen = set(values)
        pods = constraint.counts_at(self.population, self.among, self.shape, self.view)
        weight = log(len(seen) + 2)
        worth = {value: pods.get(value, 0) * weight + least for value in seen if value is not None}
        return [0 if value is None else worth[value] for value in values]


def _turned(totals: Sequence[float]) -> list[float]:
    """Return scores that are best where the number is least."""
    rounded = {total: round(total) for total in set(totals)}
    least, most = min(rounded.values(), default=0), max(rounded.values(), default=0)
    rated = {
        total: BEST * (most + least - number) / most if most else BEST
        for total, number in rounded.items()
    }
    return [rated[total] for total in totals]
