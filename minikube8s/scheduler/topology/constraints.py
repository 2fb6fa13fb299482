"""Topology spread constraints: which pods they count, and on which nodes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from minikube8s.api.selectors import Requirement, Selector
from minikube8s.api.views import Node, Pod, TopologySpreadConstraint
from minikube8s.scheduler.filters import NodeAffinity, TaintToleration
from minikube8s.scheduler.pods import Shape
from minikube8s.scheduler.states import NodeState, View
from minikube8s.scheduler.topology.matching import Labels, selector, within
from minikube8s.scheduler.topology.population import Counts, Population
from minikube8s.scheduler.topology.terrain import Place

REQUIRED, WISHED = "DoNotSchedule", "ScheduleAnyway"
_NOBODY: Counts = {}
_AFFINITY, _TAINTS = NodeAffinity(), TaintToleration()


class Constraint(NamedTuple):
    """Pods to be spread evenly over the values of a node label."""

    key: str
    namespace: str
    selector: Selector
    max_skew: int
    min_domains: int = 1
    heeds_affinity: bool = True
    """Whether nodes that the pod's node affinity excludes are left out of the count."""
    heeds_taints: bool = False
    """The same for nodes with taints that the pod does not tolerate."""

    def counts(self, population: Population) -> Counts:
        """Return the pods to be spread, by node. An empty selector counts none, as ever."""
        if self.selector.empty:
            return _NOBODY
        return population.pods((within(self.namespace, self.selector),), leaving=False)

    def counts_at(
        self, population: Population, among: tuple[str, ...], shape: Shape, view: View
    ) -> Counts:
        """Return the same by the values of the label, of nodes that count for such a pod.

        These have all labels `among`.
        """
        place = Place(self.key, among)
        if self.selector.empty:
            return _NOBODY
        if self.looks_at_all(shape):
            matchers = (within(self.namespace, self.selector),)
            return population.pods_at(matchers, place, leaving=False)
        found: dict[str, int] = {}
        for name, number in self.counts(population).items():
            state = view.find(name)
            if state is not None and self.looks_at(shape, state):
                value = place.value(state.labels)
                if value is not None:
                    found[value] = found.get(value, 0) + number
        return found

    def domains(
        self, population: Population, among: tuple[str, ...], shape: Shape, view: View
    ) -> Collection[str]:
        """Return the values of the label that nodes have which count for such a pod."""
        place = Place(self.key, among)
        if self.looks_at_all(shape):
            return population.terrain.domains(place)
        looked_at = (state for state in view.states if self.looks_at(shape, state))
        found = {place.value(state.labels) for state in looked_at}
        return {value for value in found if value is not None}

    def means(self, namespace: str, labels: Labels) -> bool:
        """Tell whether a pod is one of those to be spread."""
        own = namespace == self.namespace
        return own and not self.selector.empty and self.selector.matches(labels)

    def looks_at_all(self, shape: Shape) -> bool:
        """Tell whether every node counts."""
        picky = self.heeds_affinity and bool(shape.node_selector or shape.node_affinity)
        return not picky and not self.heeds_taints

    def looks_at(self, shape: Shape, state: NodeState) -> bool:
        """Tell whether the node counts at all."""
        if self.heeds_affinity and _AFFINITY.check(shape, state) is not None:
            return False
        return not self.heeds_taints or _TAINTS.check(shape, state) is None


def constraints(pod: Pod, unsatisfied: str) -> list[Constraint]:
    """Return the pod's own constraints with that `whenUnsatisfiable`."""
    return [
        Constraint(
            one.topology_key,
            pod.metadata.namespace,
            _selector(pod.metadata.labels, one),
            one.max_skew,
            one.min_domains or 1,
            one.node_affinity_policy == "Honor",
            one.node_taints_policy == "Honor",
        )
        for one in pod.spec.topology_spread_constraints
        if one.when_unsatisfiable == unsatisfied
    ]


def _selector(labels: Labels, constraint: TopologySpreadConstraint) -> Selector:
    found = selector(constraint.label_selector)
    keys = [key for key in constraint.match_label_keys if key in labels]
    more = (Requirement(key, "In", (labels[key],)) for key in keys)
    return found._replace(requirements=(*found.requirements, *more))


def has_all(keys: Iterable[str], node: Node) -> bool:
    """Tell whether a node has all of these labels."""
    labels = node.metadata.labels
    return all(key in labels for key in keys)
