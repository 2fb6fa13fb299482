"""Whether the node takes a pod that was bound to it: the kubelet's checks, order and words. Pure.

The scheduler has checked most of it; a pod that names its node itself comes without the scheduler.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from minikube8s.api import quantity
from minikube8s.api.nodeselection import suits, tolerates
from minikube8s.api.podresources import Amounts
from minikube8s.api.quantity import Quantity
from minikube8s.api.views import Node, Pod, Taint
from mk8s_agent.node.conditions import MEMORY
from mk8s_agent.node.tenants import is_critical
from mk8s_agent.pods.qos import qos_class
from mk8s_agent.pods.refusing import Refusal

_MEMORY_TAINT = Taint(key="node.kubernetes.io/memory-pressure", effect="NoSchedule")
_NO_QUANTITY = quantity.parse(0)


class Offer(NamedTuple):
    """What the node has for pods, what it runs short of, what others say of it, whether it ends."""

    allocatable: Mapping[str, str]
    pressures: frozenset[str]
    node: Node | None
    ending: bool


def refusal(pod: Pod, needs: Amounts, others: Iterable[Amounts], offer: Offer) -> Refusal | None:
    """Why the node does not take the pod beside the others; None when it does."""
    if offer.ending:
        return Refusal("NodeShutdown", "Pod was rejected as the node is shutting down.")
    if offer.pressures and not is_critical(pod) and not _copes(pod, offer.pressures):
        held = " ".join(sorted(offer.pressures))
        return Refusal("Evicted", f"The node had condition: [{held}]. ")
    lacking = _lacking(needs, list(others), offer.allocatable)
    if lacking is not None or offer.node is None:
        return lacking
    return _unsuited(pod, offer.node)


def _copes(pod: Pod, pressures: frozenset[str]) -> bool:
    """Whether the pod may come although the node runs short: of memory alone, for some."""
    if pressures != {MEMORY}:
        return False
    return qos_class(pod.spec) != "BestEffort" or tolerates(pod, _MEMORY_TAINT)


def _lacking(
    needs: Amounts, others: list[Amounts], allocatable: Mapping[str, str]
) -> Refusal | None:
    most = int(allocatable["pods"])
    if len(others) + 1 > most:
        return _out_of("pods", 1, len(others), most)
    for name in ("cpu", "memory", "ephemeral-storage"):
        wanted = _number(name, needs.get(name, _NO_QUANTITY))
        used = sum(_number(name, one.get(name, _NO_QUANTITY)) for one in others)
        there = _number(name, quantity.parse(allocatable[name]))
        if wanted and wanted > there - used:
            return _out_of(name, wanted, used, there)
    return None


def _unsuited(pod: Pod, node: Node) -> Refusal | None:
    if not suits(pod, node.metadata):
        return _predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
    for taint in node.spec.taints:
        if taint.effect == "NoExecute" and not is_critical(pod) and not tolerates(pod, taint):
            return _predicate("TaintToleration", "node(s) had taints that the pod didn't tolerate")
    return None


def _number(resource: str, amount: Quantity) -> int:
    return amount.milli if resource == "cpu" else amount.value


def _out_of(resource: str, wanted: int, used: int, there: int) -> Refusal:
    return Refusal(
        f"OutOf{resource}",
        f"Node didn't have enough resource: {resource}, requested: {wanted}, used: {used}, "
        f"capacity: {there}",
    )


def _predicate(name: str, why: str) -> Refusal:
    return Refusal(name, f"Predicate {name} failed: {why}")
