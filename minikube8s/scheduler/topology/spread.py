"""Topology spread: whether a pod on a node would make its kind too uneven. Pure.

https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from functools import cached_property
from heapq import nsmallest

from minikube8s.scheduler.framework import Change, Filter, Kind, Prepared, Refusal
from minikube8s.scheduler.pods import Incoming, Shape
from minikube8s.scheduler.states import NodeState, View
from minikube8s.scheduler.topology.constraints import REQUIRED, Constraint, constraints, has_all
from minikube8s.scheduler.topology.matching import Traits
from minikube8s.scheduler.topology.population import Counts, Population
from minikube8s.scheduler.topology.supposing import Rules, Supposed

NAME = "PodTopologySpread"
_WHY = "node(s) didn't match pod topology spread constraints"
UNEVEN = Refusal(NAME, (_WHY,), permanent=False)
UNLABELLED = Refusal(NAME, (f"{_WHY} (missing required label)",), permanent=True)


class Domains:
    """The pods of one constraint, by the values of its label."""

    def __init__(
        self,
        constraint: Constraint,
        values: Collection[str],
        pods: Counts,
        *,
        counts_itself: bool,
    ) -> None:
        self.constraint = constraint
        self._values = values
        self._pods = pods
        self._enough = len(values) >= constraint.min_domains
        all_have = self._enough and len(pods) == len(values)
        least = min(pods.values(), default=0) if all_have else 0
        self._most = constraint.max_skew - int(counts_itself)
        """How many more pods than the least a domain may have that takes this one as well."""
        most = least + self._most
        self.full = {value for value, number in pods.items() if number > most}
        """The values where the pod does not fit."""

    def fits(self, value: str, more: int) -> bool:
        """Tell whether the pod may be where the label has `value`, with `more` pods there."""
        number = self._pods.get(value, 0) + more
        return number - self._least_with(value, number) <= self._most

    def _least_with(self, value: str, number: int) -> int:
        if not self._enough:
            return 0
        others = (least for least, where in self._lowest if where != value)
        return min([number, *others] if value in self._values else others, default=0)

    @cached_property
    def _lowest(self) -> list[tuple[int, str]]:
        """The two values with fewest pods: one of them is left when another one's pods change."""
        return nsmallest(2, ((self._pods.get(value, 0), value) for value in self._values))


class SpreadRules(Rules):
    """What the constraints that must hold mean for nodes, for one pod."""

    def __init__(self, shape: Shape, domains: Sequence[Domains]) -> None:
        self._shape = shape
        self._domains = [(one.constraint.key, one) for one in domains]
        self._full = [(one.constraint.key, one.full) for one in domains]

    def check(self, state: NodeState) -> Refusal | None:
        """Return why the pod cannot be on the node; None if it can."""
        labels = state.labels
        for key, full in self._full:
            value = labels.get(key)
            if value is None:
                return UNLABELLED
            if value in full:
                return UNEVEN
        return None

    def refusal(self, state: NodeState, supposed: Supposed) -> Refusal | None:
        """Return why the pod cannot be on the node, if so much is supposed of the node's pods."""
        labels = state.labels
        for number, (key, one) in enumerate(self._domains):
            value = labels.get(key)
            if value is None:
                return UNLABELLED
            more = supposed.get(number, 0)
            if not one.fits(value, more if more and self._counts(one.constraint, state) else 0):
                return UNEVEN
        return None

    def counted(self, its: Traits) -> Iterator[Hashable]:
        """Return the numbers of the constraints that are to spread another pod."""
        if its.leaving:
            return
        labels = dict(its.labels)
        for number, (_, one) in enumerate(self._domains):
            if one.constraint.means(its.namespace, labels):
                yield number

    def _counts(self, constraint: Constraint, state: NodeState) -> bool:
        keys = (key for key, _ in self._domains)
        return has_all(keys, state.node) and constraint.looks_at(self._shape, state)


class PodTopologySpread(Filter):
    """Refuses nodes where the pod would make its kind more uneven than its constraints allow."""

    name = NAME
    wakes = frozenset(
        {
            Kind.POD_ADDED,
            Kind.POD_REMOVED,
            Kind.POD_LABELS,
            Kind.POD_LEAVING,
            Kind.NODE_ADDED,
            Kind.NODE_REMOVED,
            Kind.NODE_LABELS,
            Kind.NODE_TAINTS,
        }
    )

    def __init__(self, population: Population) -> None:
        self._population = population

    def prepare(self, wanted: Incoming, view: View) -> Prepared | Refusal | None:
        """Count the pods to be spread in each domain."""
        if not wanted.pod.spec.topology_spread_constraints:
            return None
        hard = constraints(wanted.pod, REQUIRED)
        if not hard:
            return None
        among = tuple(one.key for one in hard)
        shape, labels = wanted.shape, wanted.facts.labels
        return SpreadRules(
            shape,
            [
                Domains(
                    one,
                    one.domains(self._population, among, shape, view),
                    one.counts_at(self._population, among, shape, view),
                    counts_itself=one.selector.matches(labels),
                )
                for one in hard
            ],
        )

    def kin(self, wanted: Incoming) -> Hashable:
        """Return what is equal for pods with the same constraints."""
        return tuple(constraints(wanted.pod, REQUIRED))

    def helps(self, wanted: Incoming, change: Change) -> bool:
        """Tell whether a change is of a pod to be spread, or of a node that counts."""
        hard = constraints(wanted.pod, REQUIRED)
        if change.kind is Kind.NODE_TAINTS:
            return any(one.heeds_taints for one in hard)
        if change.kind in (Kind.NODE_ADDED, Kind.NODE_REMOVED) and change.state is not None:
            return has_all([one.key for one in hard], change.state.node)
        if change.kind is not Kind.POD_LABELS and change.pod is not None:
            other = change.pod
            return any(one.means(other.namespace, other.labels) for one in hard)
        return change.pod is None or change.pod.namespace == wanted.facts.namespace
