"""Preemption: which pods of lower priority would have to end so that a pod finds a place. Pure.

On each node where that could help, all pods of lower priority are taken away; if the pod fits then,
they are given back one by one, the most important first, those whose end would break a disruption
budget before the others, as long as it still fits. Who is left over is a victim. Of the nodes that
one is chosen where the harm is least.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from minikube8s.scheduler.budgets import Budget, split
from minikube8s.scheduler.decision import Decider, Decision, Nominated
from minikube8s.scheduler.framework import Refusal
from minikube8s.scheduler.pods import Incoming, PodFacts
from minikube8s.scheduler.states import NodeState, View
from minikube8s.scheduler.wording import NO_VICTIMS, NOT_HELPFUL, summary

CANDIDATES, CANDIDATES_PERCENT = 100, 10
"""Enough nodes to choose between: so many, or that share of all, whichever is more."""
NEVER = "not eligible due to preemptionPolicy=Never."
UNDER_WAY = "not eligible due to a terminating pod on the nominated node."
_LOWEST = 1 << 31
"""What a priority counts from, so that of two sums the one of fewer pods is the smaller one."""
_NOT_STARTED = "~"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node, whose end makes room on it (the most important first), and how many break budgets."""

    node: str
    victims: tuple[PodFacts, ...]
    violations: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: `chosen`, or nothing for the reason in `why`."""

    chosen: Candidate | None = None
    why: str = ""
    waits: bool = False
    """Whether victims of an earlier plan are still about to end."""
    blocked_by: frozenset[str] = frozenset()
    """The filters that would refuse the pod even if all of lower priority were gone."""


def plan(
    wanted: Incoming,
    view: View,
    decision: Decision,
    decider: Decider,
    *,
    nominated_node: str = "",
    nominated: Nominated | None = None,
    budgets: Callable[[], Sequence[Budget]] = lambda: (),
) -> Plan:
    """Return how a pod for which `decision` found no node gets a place.

    `nominated_node` is where it was promised a place; `nominated` are the other pods that were;
    `budgets` are asked for only if somebody could be a victim.
    """
    if wanted.pod.spec.preemption_policy == "Never":
        return Plan(why=NEVER)
    if _is_under_way(wanted, view, decision, nominated_node):
        return Plan(why=UNDER_WAY, waits=True)
    reasons = [NOT_HELPFUL] * (decision.nodes if decision.hopeless else decision.elsewhere)
    candidates: list[Candidate] = []
    enough = max(CANDIDATES, decision.nodes * CANDIDATES_PERCENT // 100)
    trial: _Trial | None = None
    blocked_by: set[str] = set()
    for name, refusal in decision.refusals.items():
        state = view.find(name)
        if refusal.permanent or state is None:
            reasons.append(NOT_HELPFUL)
            continue
        lower = state.below(wanted.facts.priority)
        if not lower:
            reasons.append(NO_VICTIMS)
            continue
        trial = trial or _Trial(wanted, decision, decider, nominated or {}, budgets())
        found = trial.on(state, lower)
        if isinstance(found, Candidate):
            candidates.append(found)
        else:
            reasons += found.reasons
            blocked_by.add(found.by)
        if len(candidates) >= enough and any(not one.violations for one in candidates):
            break
    if not candidates:
        why = summary(decision.nodes, reasons)
        return Plan(why=why, blocked_by=frozenset(blocked_by))
    return Plan(least_harm(candidates))


def least_harm(candidates: Sequence[Candidate]) -> Candidate:
    """Return the candidate to be taken, by Kubernetes' rules one after the other; else the first.

    Fewest broken budgets; lowest highest priority; smallest sum of priorities; fewest victims; the
    latest start of the most important victims.
    """

    def harm(one: Candidate) -> tuple[int, int, int, int]:
        priorities = [victim.priority + _LOWEST for victim in one.victims]
        return one.violations, max(priorities, default=0), sum(priorities), len(priorities)

    least = min(map(harm, candidates))
    equal = [one for one in candidates if harm(one) == least]
    return max(equal, key=_earliest_start)


def importance(pod: PodFacts) -> tuple[int, str]:
    """Return what pods are sorted by, the most important first: priority, then time running."""
    return -pod.priority, pod.started or _NOT_STARTED


def _earliest_start(one: Candidate) -> str:
    highest = max((victim.priority for victim in one.victims), default=0)
    starts = (v.started or _NOT_STARTED for v in one.victims if v.priority == highest)
    return min(starts, default=_NOT_STARTED)


def _is_under_way(wanted: Incoming, view: View, decision: Decision, nominated_node: str) -> bool:
    state = view.find(nominated_node) if nominated_node else None
    if state is None or decision.hopeless is not None:
        return False
    refusal = decision.refusals.get(nominated_node)
    if refusal is not None and refusal.permanent:
        return False
    return any(
        one.deleting and one.preempted and one.priority < wanted.facts.priority
        for one in state.pods.values()
    )


@dataclass(frozen=True, slots=True)
class _Trial:
    """Looks what would have to end on one node after the other."""

    wanted: Incoming
    decision: Decision
    decider: Decider
    nominated: Mapping[str, Sequence[PodFacts]]
    budgets: Sequence[Budget]

    def on(self, state: NodeState, lower: Sequence[PodFacts]) -> Candidate | Refusal:
        """Return which of these pods have to end on a node, or why that does not help."""
        lower = sorted(lower, key=importance)
        # It has to fit beside the pods that are nominated for the node, and without them.
        looks = [_Without(self, state, lower, ())]
        there = [one for one in self.nominated.get(state.name, ()) if one.key not in state.pods]
        if there:
            looks.append(_Without(self, state, lower, there))
        for look in looks:
            refusal = look.refusal()
            if refusal is not None:
                return refusal
        breaking, others = split(lower, self.budgets)
        gone = {one.key for one in chain(breaking, others) if not _may_stay(looks, one)}
        violations = sum(one.key in gone for one in breaking)
        victims = tuple(one for one in lower if one.key in gone)
        return Candidate(state.name, victims, violations)


class _Without:
    """A node without some pods, which are given back one by one. Never copied meanwhile."""

    def __init__(
        self, trial: _Trial, state: NodeState, gone: Sequence[PodFacts], there: Sequence[PodFacts]
    ) -> None:
        self._trial = trial
        self._state = state.changed(gone, there)
        self._prepared = [one.moved(self._state, gone, there) for one in trial.decision.prepared]
        self._before = self._prepared

    def refusal(self) -> Refusal | None:
        """Return why the pod does not fit now."""
        return self._trial.decider.check(self._trial.wanted, self._state, self._prepared)

    def give_back(self, pod: PodFacts) -> None:
        """Have a pod be there again."""
        self._before = self._prepared
        self._state.add(pod)
        self._prepared = [one.moved(self._state, (), (pod,)) for one in self._prepared]

    def take_again(self, pod: PodFacts) -> None:
        """Undo the last `give_back`."""
        self._state.remove(pod.key)
        self._prepared = self._before


def _may_stay(looks: Sequence[_Without], pod: PodFacts) -> bool:
    """Give a pod back where the one at hand fits nevertheless; tell whether it does."""
    for look in looks:
        look.give_back(pod)
    if all(look.refusal() is None for look in looks):
        return True
    for look in looks:
        look.take_again(pod)
    return False
