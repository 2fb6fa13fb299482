"""The running pods, counted by what affinity and spreading ask: kept change by change.

Owns the counts, by node and by nodes' labels. Knows not what is decided. Pods with the same traits
are one `Kin`; a question ("how many pods that these matchers mean are in each zone?") is answered
once from all kins and then kept up to date, so that asking again costs nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from minikube8s.api.selectors import Selector
from minikube8s.scheduler.pods import PodFacts, PodKey
from minikube8s.scheduler.states import NodeState
from minikube8s.scheduler.topology.bylabel import ByLabel
from minikube8s.scheduler.topology.matching import (
    Labels,
    Matcher,
    Namespaces,
    Role,
    Term,
    Traits,
    traits,
)
from minikube8s.scheduler.topology.terrain import PLACES, Place, Terrain
from minikube8s.scheduler.usage import Observer

QUESTIONS = 512
"""How many questions are kept up to date; the one that was not asked for longest is dropped."""

Counts = Mapping[str, int]
"""Pods by node or by a label's value; where there are none is left out. Shared: never change it."""

_Key = tuple[tuple[Matcher, ...], bool]


class Kin:
    """Running pods that have the same traits."""

    __slots__ = ("counts", "labels", "questions", "traits")

    def __init__(self, its: Traits) -> None:
        self.traits = its
        self.labels: Labels = dict(its.labels)
        self.counts: dict[str, int] = {}
        self.questions: dict[_Question, None] = {}


class _Question:
    """Pods that all matchers of the key mean; those that are being deleted if it says so."""

    __slots__ = ("by_place", "counts", "key", "kins")

    def __init__(self, key: _Key) -> None:
        self.key = key
        self.counts: dict[str, int] = {}
        """By node."""
        self.by_place: dict[Place, dict[str, int]] = {}
        """By the values of those places that were asked for, as many as `terrain` keeps."""
        self.kins: dict[Kin, None] = {}


class Population(Observer):
    """The pods that run or are about to, and the namespaces' and nodes' labels."""

    def __init__(self, questions: int = QUESTIONS, places: int = PLACES) -> None:
        self.namespaces = Namespaces()
        self.terrain = Terrain(places)
        self._most = questions
        self._places = places
        self._kins: dict[Traits, Kin] = {}
        self._homes: dict[PodKey, Kin] = {}
        self._questions: OrderedDict[_Key, _Question] = OrderedDict()
        self._asked: ByLabel[_Key] = ByLabel()
        self._terms: dict[Term, dict[str, int]] = {}
        """Pods that have them, by the value of the term's label."""
        self._repelling: ByLabel[Term] = ByLabel()
        self._wishing: ByLabel[Term] = ByLabel()

    def set_namespace(self, name: str, labels: Labels) -> bool:
        """Note a namespace's labels; tell whether they changed."""
        changed = self.namespaces.note(name, labels)
        if changed:
            self._forget_answers()
        return changed

    def remove_namespace(self, name: str) -> bool:
        """Forget a namespace's labels; tell whether it had any."""
        changed = self.namespaces.remove(name)
        if changed:
            self._forget_answers()
        return changed

    def node_added(self, state: NodeState) -> None:
        """Take in a node's labels."""
        self.terrain.add(state.name, state.labels)

    def node_removed(self, state: NodeState) -> None:
        """Forget a node's labels."""
        self.terrain.remove(state.name)

    def pod_added(self, pod: PodFacts, state: NodeState) -> None:
        """Count a pod on a node."""
        its = traits(pod)
        kin = self._kins.get(its) or self._new_kin(its)
        self._homes[pod.key] = kin
        self._count(kin, state, 1)

    def pod_removed(self, pod: PodFacts, state: NodeState) -> None:
        """Count a pod no more."""
        kin = self._homes.pop(pod.key)
        self._count(kin, state, -1)
        if not kin.counts:
            del self._kins[kin.traits]
            for question in kin.questions:
                question.kins.pop(kin)

    def pods(self, matchers: tuple[Matcher, ...], *, leaving: bool) -> Counts:
        """Return how many pods that all matchers mean are on each node.

        Those that are being deleted count only when `leaving`.
        """
        return self._question((matchers, leaving)).counts

    def pods_at(self, matchers: tuple[Matcher, ...], place: Place, *, leaving: bool) -> Counts:
        """Return the same by the values of a place."""
        question = self._question((matchers, leaving))
        found = question.by_place.get(place)
        if found is None:
            if len(question.by_place) >= self._places:
                del question.by_place[next(iter(question.by_place))]
            found = question.by_place[place] = {}
            for node, number in question.counts.items():
                value = place.value(self.terrain.labels[node])
                if value is not None:
                    _change(found, value, number)
        return found

    def repelling(self, namespace: str, labels: Labels) -> Iterator[tuple[Term, Counts]]:
        """Return running pods' required anti-affinity that means such a pod.

        With each term come the pods that have it, by the value of the term's label.
        """
        return self._meaning(self._repelling, namespace, labels)

    def wishing(self, namespace: str, labels: Labels) -> Iterator[tuple[Term, Counts]]:
        """Return the same of running pods' terms that make nodes better or worse for such a pod."""
        return self._meaning(self._wishing, namespace, labels)

    def _meaning(
        self, held: ByLabel[Term], namespace: str, labels: Labels
    ) -> Iterator[tuple[Term, Counts]]:
        for term in held.candidates(labels):
            if self.namespaces.match((term.matcher,), namespace, labels):
                yield term, self._terms[term]

    def _new_kin(self, its: Traits) -> Kin:
        kin = self._kins[its] = Kin(its)
        for key in self._asked.candidates(kin.labels):
            if self._means(key, kin):
                question = self._questions[key]
                question.kins[kin] = None
                kin.questions[question] = None
        return kin

    def _count(self, kin: Kin, state: NodeState, more: int) -> None:
        labels = state.labels
        _change(kin.counts, state.name, more)
        for question in kin.questions:
            _change(question.counts, state.name, more)
            for place, counts in question.by_place.items():
                value = place.value(labels)
                if value is not None:
                    _change(counts, value, more)
        for term in kin.traits.terms:
            value = labels.get(term.key)
            if value is not None:
                self._count_term(term, value, more)

    def _count_term(self, term: Term, value: str, more: int) -> None:
        counts = self._terms.get(term)
        held = self._repelling if term.role is Role.APART else self._wishing
        if counts is None:
            counts = self._terms[term] = {}
            held.add(term, term.matcher.pods)
        _change(counts, value, more)
        if not counts:
            del self._terms[term]
            held.discard(term, term.matcher.pods)

    def _question(self, key: _Key) -> _Question:
        question = self._questions.get(key)
        if question is None:
            question = self._answer(key)
        self._questions.move_to_end(key)
        return question

    def _answer(self, key: _Key) -> _Question:
        while len(self._questions) >= self._most:
            self._drop(next(iter(self._questions)))
        question = self._questions[key] = _Question(key)
        self._asked.add(key, _conjunction(key[0]))
        for kin in self._kins.values():
            if self._means(key, kin):
                question.kins[kin] = None
                kin.questions[question] = None
                for node, number in kin.counts.items():
                    _change(question.counts, node, number)
        return question

    def _means(self, key: _Key, kin: Kin) -> bool:
        matchers, leaving = key
        its = kin.traits
        if its.leaving and not leaving:
            return False
        return self.namespaces.match(matchers, its.namespace, kin.labels)

    def _forget_answers(self) -> None:
        """Drop the questions that a namespace's labels may answer differently."""
        for key in list(self._questions):
            if any(not matcher.others.nothing for matcher in key[0]):
                self._drop(key)

    def _drop(self, key: _Key) -> None:
        question = self._questions.pop(key)
        self._asked.discard(key, _conjunction(key[0]))
        for kin in question.kins:
            kin.questions.pop(question)


def _change(counts: dict[str, int], where: str, more: int) -> None:
    number = counts.get(where, 0) + more
    if number:
        counts[where] = number
    else:
        del counts[where]


def _conjunction(matchers: Iterable[Matcher]) -> Selector:
    """Return what the labels of a pod fulfil that all matchers mean."""
    selectors = [one.pods for one in matchers]
    needed = chain.from_iterable(one.requirements for one in selectors)
    return Selector(tuple(needed), any(one.nothing for one in selectors))
