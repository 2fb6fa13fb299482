"""Inter-pod affinity: whether a pod can be on a node beside those that run there. Pure.

Refused are nodes that the pod's required terms exclude, and those that running pods' required
anti-affinity keeps for others.
https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

from minikube8s.scheduler.framework import Change, Filter, Kind, Prepared, Refusal
from minikube8s.scheduler.pods import Incoming, PodFacts
from minikube8s.scheduler.states import NodeState, View
from minikube8s.scheduler.topology.matching import (
    Labels,
    Matcher,
    Namespaces,
    Role,
    Term,
    Traits,
    terms,
    traits,
)
from minikube8s.scheduler.topology.population import Population
from minikube8s.scheduler.topology.supposing import Rules, Supposed
from minikube8s.scheduler.topology.terrain import Place

NAME = "InterPodAffinity"
NOT_NEAR = Refusal(NAME, ("node(s) didn't match pod affinity rules",), permanent=True)
NOT_APART = Refusal(NAME, ("node(s) didn't match pod anti-affinity rules",), permanent=False)
REPELLED = Refusal(
    NAME, ("node(s) didn't satisfy existing pods anti-affinity rules",), permanent=False
)

Near = Mapping[str, int]
"""Pods by their nodes' value of a label; values without any are left out."""
_NONE: Near = {}
_REPELS = "repels"


class Who(NamedTuple):
    """The pod that a node is looked for, and what is known of namespaces."""

    namespace: str
    labels: Labels
    terms: tuple[Term, ...]
    namespaces: Namespaces

    def having(self, role: Role) -> list[Term]:
        """Return the pod's terms of one role."""
        return [term for term in self.terms if term.role is role]

    def is_meant(self, matchers: Sequence[Matcher]) -> bool:
        """Tell whether all matchers mean the pod itself."""
        return self.namespaces.match(matchers, self.namespace, self.labels)

    def means(self, matchers: Sequence[Matcher], other: Traits) -> bool:
        """Tell whether all matchers mean another pod."""
        return self.namespaces.match(matchers, other.namespace, dict(other.labels))

    def repelled_by(self, other: Traits) -> Iterator[str]:
        """Return the labels whose value the pod must not share with the other one's node."""
        for term in other.terms:
            if term.role is Role.APART and self.is_meant((term.matcher,)):
                yield term.key


def who(pod: PodFacts, namespaces: Namespaces) -> Who:
    """Return the pod as the rules look at it."""
    return Who(pod.namespace, pod.labels, terms(pod), namespaces)


class AffinityRules(Rules):
    """What required terms mean for nodes, for one pod."""

    def __init__(
        self,
        who: Who,
        near: Sequence[tuple[Term, Near]],
        apart: Sequence[tuple[Term, Near]],
        repelled: Mapping[str, Near],
    ) -> None:
        self._who = who
        self._near = near
        self._apart = apart
        self._repelled = repelled
        self._together = tuple(term.matcher for term, _ in near)
        self._found = sum(sum(counts.values()) for _, counts in near)
        self._is_first = who.is_meant(self._together)
        self._anywhere = self._is_first and not self._found
        self._excluded = [(term.key, counts) for term, counts in apart if counts]
        self._kept = list(repelled.items())
        self.idle = not (near or self._excluded or repelled)
        """Whether every node is fine as long as nothing is supposed."""

    def check(self, state: NodeState) -> Refusal | None:
        """Return why the pod cannot be on the node; None if it can."""
        labels = state.labels
        for term, counts in self._near:
            value = labels.get(term.key)
            if value is None or (value not in counts and not self._anywhere):
                return NOT_NEAR
        for key, counts in self._excluded:
            if labels.get(key) in counts:
                return NOT_APART
        for key, counts in self._kept:
            if labels.get(key) in counts:
                return REPELLED
        return None

    def refusal(self, state: NodeState, supposed: Supposed) -> Refusal | None:
        """Return why the pod cannot be on the node, if so much is supposed of the node's pods."""
        labels = state.labels
        if self._near and not self._is_near(labels, supposed):
            return NOT_NEAR
        if not self._is_apart(labels, supposed):
            return NOT_APART
        if self._is_repelled(labels, supposed):
            return REPELLED
        return None

    def counted(self, its: Traits) -> Iterator[Hashable]:
        """Return which of the pod's terms mean another pod, and by which labels that repels it."""
        if self._near and self._who.means(self._together, its):
            yield Role.NEAR, ""
        for number, (term, _) in enumerate(self._apart):
            if self._who.means((term.matcher,), its):
                yield Role.APART, number
        for key in self._who.repelled_by(its):
            yield _REPELS, key

    def _is_near(self, labels: Labels, supposed: Supposed) -> bool:
        more = supposed.get((Role.NEAR, ""), 0)
        beside = True
        for term, counts in self._near:
            value = labels.get(term.key)
            if value is None:
                return False
            beside = beside and counts.get(value, 0) + more > 0
        # The first pod of a group that means itself would wait for ever.
        return beside or (self._is_first and self._found + more * len(self._near) == 0)

    def _is_apart(self, labels: Labels, supposed: Supposed) -> bool:
        return not any(
            counts.get(labels[term.key], 0) + supposed.get((Role.APART, number), 0) > 0
            for number, (term, counts) in enumerate(self._apart)
            if term.key in labels
        )

    def _is_repelled(self, labels: Labels, supposed: Supposed) -> bool:
        return any(
            self._repelled.get(key, _NONE).get(value, 0) + supposed.get((_REPELS, key), 0) > 0
            for key, value in labels.items()
        )


class InterPodAffinity(Filter):
    """Refuses nodes that pods' required affinity or anti-affinity excludes."""

    name = NAME
    wakes = frozenset(
        {
            Kind.POD_ADDED,
            Kind.POD_REMOVED,
            Kind.POD_LABELS,
            Kind.NODE_ADDED,
            Kind.NODE_REMOVED,
            Kind.NODE_LABELS,
            Kind.NAMESPACE,
        }
    )

    def __init__(self, population: Population) -> None:
        self._population = population

    def prepare(self, wanted: Incoming, view: View) -> Prepared | Refusal | None:
        """Count the pods that are near and that have to be apart, by their nodes' labels."""
        rules = self.rules(wanted.facts, view)
        return None if rules.idle else rules

    def prepare_beside(self, wanted: Incoming, view: View) -> Prepared:
        """Return the rules even where they let every node pass: who comes may mind the pod."""
        return self.rules(wanted.facts, view)

    def rules(self, pod: PodFacts, view: View) -> AffinityRules:
        """Return what required terms mean for nodes."""
        found = who(pod, self._population.namespaces)
        near = found.having(Role.NEAR)
        together = tuple(term.matcher for term in near)
        return AffinityRules(
            found,
            [(term, self._at(together, term)) for term in near],
            [(term, self._at((term.matcher,), term)) for term in found.having(Role.APART)],
            self._repelled(pod),
        )

    def _at(self, matchers: tuple[Matcher, ...], term: Term) -> Near:
        return self._population.pods_at(matchers, Place(term.key), leaving=True)

    def _repelled(self, pod: PodFacts) -> Mapping[str, Near]:
        found: dict[str, Near] = {}
        for term, counts in self._population.repelling(pod.namespace, pod.labels):
            found[term.key] = _sum(found[term.key], counts) if term.key in found else counts
        return found

    def kin(self, wanted: Incoming) -> Hashable:
        """Return what is equal for pods with the same labels and terms."""
        return traits(wanted.facts)

    def helps(self, wanted: Incoming, change: Change) -> bool:
        """Tell whether a pod came that was missed or went that was in the way, or a node came."""
        asking = who(wanted.facts, self._population.namespaces)
        near = asking.having(Role.NEAR)
        together = tuple(term.matcher for term in near)
        if change.kind is Kind.NODE_ADDED and change.state is not None:
            # It has room itself, or pods that it brings along are near other nodes.
            comes = (Change(Kind.POD_ADDED, pod=one) for one in change.state.pods.values())
            return all(term.key in change.state.labels for term in near) or any(
                self.helps(wanted, one) for one in comes
            )
        if change.kind is Kind.NODE_REMOVED and change.state is not None:
            # Its pods are counted no more, and nothing is told of them when they end.
            ends = (Change(Kind.POD_REMOVED, pod=one) for one in change.state.pods.values())
            return any(self.helps(wanted, one) for one in ends)
        if change.kind not in (Kind.POD_ADDED, Kind.POD_REMOVED) or change.pod is None:
            return True
        other = traits(change.pod)
        joins = bool(near) and asking.means(together, other)
        if change.kind is Kind.POD_ADDED:
            return joins
        return (
            # Without others the pod may be the first of its group.
            (joins and asking.is_meant(together))
            or any(asking.means((term.matcher,), other) for term in asking.having(Role.APART))
            or any(asking.repelled_by(other))
        )


def _sum(one: Near, other: Near) -> Near:
    return {value: one.get(value, 0) + other.get(value, 0) for value in one.keys() | other.keys()}
