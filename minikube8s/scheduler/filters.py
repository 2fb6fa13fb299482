"""Whether a node can take a pod; each filter says why not, in Kubernetes' words. Pure.

A reason is permanent when no deletion of other pods on that node would change it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from minikube8s.api.nodeselection import suits, tolerates
from minikube8s.api.views import Pod, Taint
from minikube8s.scheduler.amounts import PODS, STORAGE
from minikube8s.scheduler.snapshot import Demand, NodeState
from minikube8s.scheduler.volumes import conflict

UNSCHEDULABLE_TAINT = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")


class Refusal(NamedTuple):
    """Why a node cannot take a pod."""

    reasons: tuple[str, ...]
    permanent: bool


Filter = Callable[[Pod, Demand, NodeState], Refusal | None]


def check(pod: Pod, needs: Demand, state: NodeState) -> Refusal | None:
    """Return the first filter's refusal, or None when the node can take the pod."""
    for one in FILTERS:
        refusal = one(pod, needs, state)
        if refusal is not None:
            return refusal
    return None


def unschedulable(pod: Pod, needs: Demand, state: NodeState) -> Refusal | None:
    """Refuse nodes that are cordoned."""
    if state.node.spec.unschedulable and not tolerates(pod, UNSCHEDULABLE_TAINT):
        return Refusal(("node(s) were unschedulable",), permanent=True)
    return None


def taints(pod: Pod, needs: Demand, state: NodeState) -> Refusal | None:
    """Refuse nodes with a taint that the pod does not tolerate."""
    for taint in state.node.spec.taints:
        if taint.effect in {"NoSchedule", "NoExecute"} and not tolerates(pod, taint):
            reason = f"node(s) had untolerated taint {{{taint.key}: {taint.value}}}"
            return Refusal((reason,), permanent=True)
    return None


def affinity(pod: Pod, needs: Demand, state: NodeState) -> Refusal | None:
    """Refuse nodes outside the pod's nodeSelector and required node affinity."""
    if suits(pod, state.node.metadata):
        return None
    return Refusal(("node(s) didn't match Pod's node affinity/selector",), permanent=True)


def ports(pod: Pod, needs: Demand, state: NodeState) -> Refusal | None:
    """Refuse nodes where a host port that the pod asks for is taken."""
    if any(one.conflicts(taken) for one in needs.ports for taken in state.ports):
        reason = "node(s) didn't have free ports for the requested pod ports"
        return Refusal((reason,), permanent=False)
    return None


def resources(pod: Pod, needs: Demand, state: NodeState) -> Refusal | None:
    """Refuse nodes without enough left of what the pod requests."""
    reasons = []
    if state.pods + 1 > state.allocatable.get(PODS, 0):
        reasons.append("Too many pods")
    permanent = False
    for name, number in needs.requests.items():
        offered = state.allocatable.get(name, 0)
        if number > offered - state.requests.get(name, 0) and number > 0:
            reasons.append(f"Insufficient {name}")
            permanent |= number > offered
    return Refusal(tuple(reasons), permanent) if reasons else None


def volumes(pod: Pod, needs: Demand, state: NodeState) -> Refusal | None:
    """Refuse nodes that the pod's volumes cannot be reached from or made on."""
    reason = conflict(needs.volumes, state.node, state.allocatable.get(STORAGE))
    return Refusal((reason,), permanent=True) if reason else None


FILTERS: tuple[Filter, ...] = (unschedulable, taints, affinity, ports, resources, volumes)
