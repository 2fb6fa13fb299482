"""Which pods a pod's affinity means, and what of a pod others' affinity sees, as values. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import msgspec

from minikube8s.api.errors import ApiError
from minikube8s.api.selectors import NOTHING, Selector, from_label_selector
from minikube8s.api.views import Affinity, LabelSelector, PodAffinity, PodAffinityTerm, decode
from minikube8s.scheduler.pods import PodFacts

HARD_WEIGHT = 1
"""What a running pod's required affinity counts when nodes are compared."""
PARSED = 1024
"""Of how many templates the terms are kept as parsed."""

Labels = Mapping[str, str]
_NO_LABELS: Labels = {}


class Matcher(NamedTuple):
    """Pods, by their namespaces' names or labels and by their own labels."""

    namespaces: frozenset[str]
    others: Selector
    """Further namespaces, by their labels."""
    pods: Selector

    def matches(self, namespace: str, around: Labels, labels: Labels) -> bool:
        """Tell whether a pod is meant; `around` are its namespace's labels."""
        here = namespace in self.namespaces or self.others.matches(around)
        return here and self.pods.matches(labels)


class Role(StrEnum):
    """What a term is for."""

    NEAR = "required affinity"
    APART = "required anti-affinity"
    RATHER_NEAR = "preferred affinity"
    RATHER_APART = "preferred anti-affinity"


class Term(NamedTuple):
    """Pods, and the label of nodes whose value tells what is near them."""

    role: Role
    matcher: Matcher
    key: str
    weight: int
    """What a match counts for nodes near it when nodes are compared; negative to stay away."""


class Traits(NamedTuple):
    """What others' affinity and spreading see of a pod. Pods of one workload mostly share them."""

    namespace: str
    labels: tuple[tuple[str, str], ...]
    leaving: bool
    terms: tuple[Term, ...]


def traits(pod: PodFacts) -> Traits:
    """Return a pod's traits."""
    return Traits(pod.namespace, tuple(sorted(pod.labels.items())), pod.deleting, terms(pod))


def terms(pod: PodFacts) -> tuple[Term, ...]:
    """Return all terms of a pod's affinity and anti-affinity."""
    if pod.affinity is None:
        return ()
    return _parsed(pod.namespace, msgspec.json.encode(pod.affinity))


@lru_cache(PARSED)
def _parsed(namespace: str, affinity: bytes) -> tuple[Term, ...]:
    both = decode(Affinity, affinity)
    near = _terms(namespace, both.pod_affinity, Role.NEAR, Role.RATHER_NEAR)
    return (*near, *_terms(namespace, both.pod_anti_affinity, Role.APART, Role.RATHER_APART))


def _terms(
    namespace: str, affinity: PodAffinity | None, required: Role, preferred: Role
) -> Iterator[Term]:
    if affinity is None:
        return
    hard, sign = (HARD_WEIGHT, 1) if required is Role.NEAR else (0, -1)
    for term in affinity.required_during_scheduling_ignored_during_execution:
        yield Term(required, _matcher(namespace, term), term.topology_key, hard)
    for wish in affinity.preferred_during_scheduling_ignored_during_execution:
        term = wish.pod_affinity_term
        matcher = _matcher(namespace, term)
        yield Term(preferred, matcher, term.topology_key, sign * wish.weight)


def _matcher(namespace: str, term: PodAffinityTerm) -> Matcher:
    namespaces = frozenset(term.namespaces)
    if not namespaces and term.namespace_selector is None:
        namespaces = frozenset((namespace,))
    return Matcher(namespaces, selector(term.namespace_selector), selector(term.label_selector))


def selector(written: LabelSelector | None) -> Selector:
    """Return a LabelSelector as a selector; one that cannot be selects nothing."""
    try:
        return from_label_selector(written)
    except ApiError:
        return NOTHING


def within(namespace: str, pods: Selector) -> Matcher:
    """Return the matcher of pods of one namespace."""
    return Matcher(frozenset((namespace,)), NOTHING, pods)


class Namespaces:
    """The labels of namespaces, by name; one that is not known has none."""

    def __init__(self) -> None:
        self._labels: dict[str, Labels] = {}

    def note(self, name: str, labels: Labels) -> bool:
        """Note a namespace's labels; tell whether they changed."""
        changed = self._labels.get(name, _NO_LABELS) != labels
        self._labels[name] = labels
        return changed

    def remove(self, name: str) -> bool:
        """Forget a namespace; tell whether it had labels."""
        return bool(self._labels.pop(name, None))

    def names(self) -> set[str]:
        """Return the namespaces that are known."""
        return set(self._labels)

    def match(self, matchers: Iterable[Matcher], namespace: str, labels: Labels) -> bool:
        """Tell whether all matchers mean a pod of that namespace with these labels."""
        around = self._labels.get(namespace, _NO_LABELS)
        return all(one.matches(namespace, around, labels) for one in matchers)
