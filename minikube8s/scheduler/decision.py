"""The decision: the best node for a pod, or why there is none.

In small clusters every node is looked at. In large ones, as in Kubernetes, the search ends when
enough nodes fit, and the next pod's begins where this one's ended, so that all nodes get their
turn. The same calls in the same order give the same answers.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from minikube8s.scheduler.filters import NodeAffinity, named_nodes
from minikube8s.scheduler.framework import Prepared, Refusal
from minikube8s.scheduler.plugins import Plugins
from minikube8s.scheduler.pods import Incoming, PodFacts
from minikube8s.scheduler.states import NodeState, View
from minikube8s.scheduler.verdicts import Verdict, Verdicts

ALL_NODES = 100
"""Up to so many nodes all are looked at, and never fewer fitting ones are searched for."""
CONFLICT = Refusal(NodeAffinity.name, ("pod affinity terms conflict",), permanent=True)
"""No node has all the names that the pod's node affinity asks for at once."""
PERCENT = 5
"""Of very many nodes that share of fitting ones is searched for."""
RANKED = 4
"""Of how many nodes, the best ones, a decision tells the scores."""

Nominated = Mapping[str, Sequence[PodFacts]]
"""By node, the pods that were promised a place there and that the pod at hand has to respect."""


class Ranked(NamedTuple):
    """A node that fits, and its points: in total, and by score."""

    node: str
    total: int
    points: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """Where the pod goes; with `node` "" nowhere."""

    node: str = ""
    nodes: int = 0
    """How many nodes there are."""
    fitting: int = 0
    """How many of those looked at fit."""
    ranking: tuple[Ranked, ...] = ()
    """The best of them, the chosen one first; without points where only one fits."""
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    """By node, why those looked at do not fit."""
    elsewhere: int = 0
    """How many nodes are none of those that the pod names, and were not looked at."""
    hopeless: Refusal | None = None
    """Why no node fits, whatever the node."""
    prepared: Sequence[Prepared] = ()
    """What checked the nodes beside the local filters."""
    nominated: bool = False
    """Whether the pod was nominated for the node, and no other was looked at."""

    @property
    def refused_by(self) -> frozenset[str]:
        """The names of the filters without which the pod would have a node."""
        if self.hopeless is not None:
            return frozenset({self.hopeless.by})
        pinned = {NodeAffinity.name} if self.elsewhere else set()
        return frozenset(one.by for one in self.refusals.values()) | pinned


def enough(nodes: int) -> int:
    """Return how many fitting nodes end the search: all of up to 100, then 100, 5 % of many.

    That is the least that Kubernetes takes; as each search begins where the last one ended, pods
    are spread over all nodes all the same.
    """
    return min(nodes, max(ALL_NODES, nodes * PERCENT // 100))


class Decider:
    """Decides with the plugins of one profile. Keeps where the next search begins."""

    def __init__(self, plugins: Plugins) -> None:
        self._filters = plugins.filters
        self._scores = plugins.scores
        self._absolute = [one.name for _, one in plugins.local_scores if not one.relative]
        self._relative = [pair for pair in plugins.local_scores if pair[1].relative]
        self.verdicts = Verdicts(plugins.local_filters, plugins.local_scores)
        self._pins = any(isinstance(one, NodeAffinity) for one in plugins.local_filters)
        self._start = 0

    def decide(
        self,
        wanted: Incoming,
        view: View,
        nominated: Nominated | None = None,
        preferred: str = "",
    ) -> Decision:
        """Choose the node with the best score among those that can take the pod.

        Of equal nodes the one with fewest pods is taken, then the first one looked at. The node
        `preferred` is taken if it fits. Nominated pods are respected as if they were there.
        """
        nodes = len(view.states)
        prepared = self.prepare(wanted, view, beside=bool(nominated))
        if isinstance(prepared, Refusal):
            return Decision(nodes=nodes, hopeless=prepared)
        named = named_nodes(wanted.shape) if self._pins else None
        if named is not None and not named:
            return Decision(nodes=nodes, hopeless=CONFLICT)
        search = _Search(self, wanted, view, prepared, nominated or {})
        promised = bool(preferred) and search.look_at(preferred)
        elsewhere = 0
        if named is not None and not promised:
            there = [name for name in sorted(named) if view.find(name) is not None]
            elsewhere = nodes - len(there)
            for name in there:
                search.look_at(name)
        elif not promised:
            self._start = search.run(self._start)
        if not search.fitting:
            return Decision(
                nodes=nodes, refusals=search.refusals, elsewhere=elsewhere, prepared=prepared
            )
        ranking = self._rank(wanted, view, search.fitting, search.verdicts)
        return Decision(
            ranking[0].node,
            nodes,
            len(search.fitting),
            ranking,
            search.refusals,
            elsewhere,
            prepared=prepared,
            nominated=promised,
        )

    def prepare(
        self, wanted: Incoming, view: View, *, beside: bool = False
    ) -> Sequence[Prepared] | Refusal:
        """Return what checks each node beside the local filters; or the Refusal of all nodes.

        `beside`: there are pods that are nominated.
        """
        prepared = []
        for one in self._filters:
            ready = one.prepare_beside(wanted, view) if beside else one.prepare(wanted, view)
            if isinstance(ready, Refusal):
                return ready
            if ready is not None:
                prepared.append(ready)
        return prepared

    def check(
        self, wanted: Incoming, state: NodeState, prepared: Iterable[Prepared]
    ) -> Refusal | None:
        """Return why one node cannot take the pod, whatever was found before."""
        return self.verdicts.refusal(wanted.shape, state) or _first(prepared, state)

    def _rank(
        self,
        wanted: Incoming,
        view: View,
        fitting: Sequence[NodeState],
        verdicts: Sequence[Verdict],
    ) -> tuple[Ranked, ...]:
        if len(fitting) == 1:
            return (Ranked(fitting[0].name, 0, ()),)
        totals = [verdict.total for verdict in verdicts]
        parts = self._compared(wanted, view, fitting, verdicts)
        for _, points in parts:
            totals = [total + more for total, more in zip(totals, points, strict=True)]
        chosen = []
        for place in _best(totals, [verdict.pods for verdict in verdicts]):
            own = zip(self._absolute, verdicts[place].points, strict=True)
            others = ((name, points[place]) for name, points in parts)
            chosen.append(Ranked(fitting[place].name, totals[place], (*others, *own)))
        return tuple(chosen)

    def _compared(
        self,
        wanted: Incoming,
        view: View,
        fitting: Sequence[NodeState],
        verdicts: Sequence[Verdict],
    ) -> list[tuple[str, list[int]]]:
        """Return the points of the scores that compare nodes with each other."""
        parts = []
        if any(verdict.numbers for verdict in verdicts):
            for number, (weight, local) in enumerate(self._relative):
                rated = local.normalized(
                    [verdict.numbers[number] if verdict.numbers else 0 for verdict in verdicts]
                )
                if rated is not None:
                    parts.append((local.name, [weight * int(one) for one in rated]))
        for weight, score in self._scores:
            rated = score.rate(wanted, view, fitting)
            if rated is not None:
                parts.append((score.name, [weight * int(one) for one in rated]))
        return parts


class _Search:
    """The look at one node after the other, for one pod."""

    def __init__(
        self,
        decider: Decider,
        wanted: Incoming,
        view: View,
        prepared: Sequence[Prepared],
        nominated: Nominated,
    ) -> None:
        self.fitting: list[NodeState] = []
        self.verdicts: list[Verdict] = []
        """What is known of those that fit."""
        self.refusals: dict[str, Refusal] = {}
        self._decider = decider
        self._judges = decider.verdicts
        self._wanted = wanted
        self._view = view
        self._prepared = prepared
        self._nominated = nominated

    def look_at(self, name: str) -> bool:
        """Look at one node; tell whether it is there and fits."""
        state = self._view.find(name)
        if state is None:
            return False
        verdict = self._judges.judge(self._wanted.shape, state)
        refusal = self._refusal(state, verdict)
        if refusal is not None:
            self.refusals[name] = refusal
            return False
        self.fitting.append(state)
        self.verdicts.append(verdict)
        return True

    def run(self, start: int) -> int:
        """Look at nodes from number `start` on until enough fit; return where the next begins."""
        states, shape = self._view.states, self._wanted.shape
        if not states:
            return 0
        known = self._judges.of(shape, self._view)
        start %= len(states)
        target = enough(len(states))
        alone = not self._prepared and not self._nominated
        fitting, verdicts = self.fitting, self.verdicts
        place = start
        for place in chain(range(start, len(states)), range(start)):
            state, verdict = states[place], known[place]
            if verdict is None or verdict.version != state.version:
                verdict = known[place] = self._judges.judge(shape, state)
            refusal = verdict.refusal if alone else self._refusal(state, verdict)
            if refusal is not None:
                self.refusals[state.name] = refusal
                continue
            fitting.append(state)
            verdicts.append(verdict)
            if len(fitting) == target:
                break
        return (place + 1) % len(states)

    def _refusal(self, state: NodeState, verdict: Verdict) -> Refusal | None:
        refusal = verdict.refusal or _first(self._prepared, state)
        if refusal is None and state.name in self._nominated:
            return self._beside_nominated(state)
        return refusal

    def _beside_nominated(self, state: NodeState) -> Refusal | None:
        there = [one for one in self._nominated[state.name] if one.key not in state.pods]
        then = state.changed(added=there)
        prepared = [one.moved(then, (), there) for one in self._prepared]
        return self._decider.check(self._wanted, then, prepared)


def _first(prepared: Iterable[Prepared], state: NodeState) -> Refusal | None:
    for one in prepared:
        refusal = one.check(state)
        if refusal is not None:
            return refusal
    return None


def _best(totals: Sequence[int], pods: Sequence[int]) -> list[int]:
    """Return the numbers of the best few, the very best first: of equal ones that with fewest."""
    several = heapq.nlargest(RANKED, totals)
    best, least = several[0], several[-1]
    ties = [place for place, total in enumerate(totals) if total == best]
    fewest = [pods[place] for place in ties]
    first = ties[fewest.index(min(fewest))]
    if len(ties) >= RANKED:
        return [first, *(place for place in ties[:RANKED] if place != first)][:RANKED]
    others = [place for place, total in enumerate(totals) if total >= least and place != first]
    others.sort(key=totals.__getitem__, reverse=True)
    return [first, *others[: RANKED - 1]]
