"""The sentences that say why a pod has no node, as Kubernetes writes them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from minikube8s.scheduler.decision import Decision

NO_NODES = "no nodes available to schedule pods"
ELSEWHERE = "node(s) didn't satisfy plugin(s) [NodeAffinity]"
NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"


def refused(decision: Decision, preemption: str = "") -> str:
    """Return why none of the nodes takes the pod, and what preemption would do about it."""
    if not decision.nodes:
        return NO_NODES
    if decision.hopeless is not None:
        why = ", ".join(decision.hopeless.reasons)
        found = f"0/{decision.nodes} nodes are available: {why}."
    else:
        reasons = [reason for one in decision.refusals.values() for reason in one.reasons]
        reasons += [ELSEWHERE] * decision.elsewhere
        found = summary(decision.nodes, reasons)
    return f"{found} preemption: {preemption}" if preemption else found


def summary(nodes: int, reasons: Iterable[str]) -> str:
    """Return the sentence that counts reasons."""
    counts = sorted(f"{count} {reason}" for reason, count in Counter(reasons).items())
    return f"0/{nodes} nodes are available: {', '.join(counts)}."
