"""The decision: the best node for a pod, or the sentence that says why there is none. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from minikube8s.api.views import Pod
from minikube8s.scheduler import filters, scores
from minikube8s.scheduler.filters import Refusal
from minikube8s.scheduler.snapshot import NodeState, demand
from minikube8s.scheduler.volumes import IN_USE, NONE, PodVolumes

NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"


@dataclass(frozen=True, slots=True)
class Decision:
    """Where the pod goes; with `node` "" nowhere, for the reason in `message`."""

    node: str
    message: str = ""


def decide(pod: Pod, nodes: Sequence[NodeState], wanted: PodVolumes = NONE) -> Decision:
    """Choose the node with the best score among those that can take the pod and its volumes.

    Of equal nodes the one with fewest pods is taken, then the first by name.
    """
    if not nodes:
        return Decision("", "no nodes available to schedule pods")
    if wanted.refusal:
        return Decision("", _hopeless(pod, len(nodes), wanted.refusal))
    if any(wanted.exclusive & state.claims for state in nodes):
        return Decision("", explain(pod, [Refusal((IN_USE,), permanent=False)] * len(nodes)))
    needs = demand(pod, wanted)
    refusals: list[Refusal] = []
    feasible: list[NodeState] = []
    for state in nodes:
        refusal = filters.check(pod, needs, state)
        if refusal is None:
            feasible.append(state)
        else:
            refusals.append(refusal)
    if not feasible:
        return Decision("", explain(pod, refusals))
    if len(feasible) == 1:
        return Decision(feasible[0].name)
    ranked = scores.rank(pod, needs, feasible)
    _, best = min(ranked, key=lambda one: (-one[0], one[1].pods, one[1].name))
    return Decision(best.name)


def explain(pod: Pod, refusals: Sequence[Refusal]) -> str:
    """Return why none of the nodes takes the pod, and why evicting others would not help."""
    found = _summary(len(refusals), (reason for one in refusals for reason in one.reasons))
    hopes = (NOT_HELPFUL if one.permanent else NO_VICTIMS for one in refusals)
    return f"{found} {_preemption(pod, len(refusals), hopes)}"


def _hopeless(pod: Pod, nodes: int, why: str) -> str:
    """Return the sentence for a pod that no node takes, whatever the node."""
    found = f"0/{nodes} nodes are available: {why}."
    return f"{found} {_preemption(pod, nodes, [NOT_HELPFUL] * nodes)}"


def _preemption(pod: Pod, nodes: int, hopes: Iterable[str]) -> str:
    if pod.spec.preemption_policy == "Never":
        return "preemption: not eligible due to preemptionPolicy=Never."
    return f"preemption: {_summary(nodes, hopes)}"


def _summary(nodes: int, reasons: Iterable[str]) -> str:
    counts = sorted(f"{count} {reason}" for reason, count in Counter(reasons).items())
    return f"0/{nodes} nodes are available: {', '.join(counts)}."
