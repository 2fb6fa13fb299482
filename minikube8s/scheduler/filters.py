"""The filters of a pod and one node alone; each says why not, in Kubernetes' words. Pure."""

from __future__ import annotations

from minikube8s.api.nodeselection import covers, selects
from minikube8s.api.views import Taint
from minikube8s.scheduler.amounts import PODS
from minikube8s.scheduler.framework import Kind, LocalFilter, Refusal
from minikube8s.scheduler.pods import Shape
from minikube8s.scheduler.states import NodeState

UNSCHEDULABLE_TAINT = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")


def tolerated(shape: Shape, taint: Taint) -> bool:
    """Tell whether one of the tolerations covers a taint."""
    return any(covers(toleration, taint) for toleration in shape.tolerations)


class NodeUnschedulable(LocalFilter):
    """Refuses nodes that are cordoned."""

    name = "NodeUnschedulable"
    wakes = frozenset({Kind.NODE_ADDED, Kind.NODE_TAINTS})

    def check(self, shape: Shape, state: NodeState) -> Refusal | None:
        """Look whether the node is cordoned."""
        if state.node.spec.unschedulable and not tolerated(shape, UNSCHEDULABLE_TAINT):
            return Refusal(self.name, ("node(s) were unschedulable",), permanent=True)
        return None


class TaintToleration(LocalFilter):
    """Refuses nodes with a taint that the pod does not tolerate."""

    name = "TaintToleration"
    wakes = frozenset({Kind.NODE_ADDED, Kind.NODE_TAINTS})

    def check(self, shape: Shape, state: NodeState) -> Refusal | None:
        """Name the first such taint."""
        for taint in state.node.spec.taints:
            if taint.effect in {"NoSchedule", "NoExecute"} and not tolerated(shape, taint):
                reason = f"node(s) had untolerated taint {{{taint.key}: {taint.value}}}"
                return Refusal(self.name, (reason,), permanent=True)
        return None


class NodeAffinity(LocalFilter):
    """Refuses nodes outside the pod's nodeSelector and required node affinity."""

    name = "NodeAffinity"
    wakes = frozenset({Kind.NODE_ADDED, Kind.NODE_LABELS})

    def check(self, shape: Shape, state: NodeState) -> Refusal | None:
        """Look at the node's labels and name."""
        node, wanted = state.node.metadata, shape.node_affinity
        if wanted is None and not shape.node_selector:
            return None
        required = wanted and wanted.required_during_scheduling_ignored_during_execution
        if all(node.labels.get(key) == value for key, value in shape.node_selector) and (
            not required or selects(required, node)
        ):
            return None
        reason = "node(s) didn't match Pod's node affinity/selector"
        return Refusal(self.name, (reason,), permanent=True)


def named_nodes(shape: Shape) -> frozenset[str] | None:
    """Return the nodes that the required node affinity names, by `matchFields`; None: any node.

    Only those need to be looked at, which is what makes pods of DaemonSets cheap.
    """
    wanted = shape.node_affinity
    required = wanted and wanted.required_during_scheduling_ignored_during_execution
    if not required:
        return None
    names: set[str] = set()
    for term in required.node_selector_terms:
        named = [
            set(one.values)
            for one in term.match_fields
            if one.key == "metadata.name" and one.operator == "In"
        ]
        if not named:
            return None
        names |= set.intersection(*named)
    return frozenset(names)


class NodePorts(LocalFilter):
    """Refuses nodes where a host port that the pod asks for is taken."""

    name = "NodePorts"
    wakes = frozenset({Kind.NODE_ADDED, Kind.POD_REMOVED})

    def check(self, shape: Shape, state: NodeState) -> Refusal | None:
        """Compare with the ports that are taken."""
        if shape.ports and any(
            one.conflicts(taken) for one in shape.ports for taken in state.ports
        ):
            reason = "node(s) didn't have free ports for the requested pod ports"
            return Refusal(self.name, (reason,), permanent=False)
        return None


class NodeResourcesFit(LocalFilter):
    """Refuses nodes without enough left of what the pod requests."""

    name = "NodeResourcesFit"
    wakes = frozenset({Kind.NODE_ADDED, Kind.NODE_RESOURCES, Kind.POD_REMOVED})

    def check(self, shape: Shape, state: NodeState) -> Refusal | None:
        """Name everything that there is too little of."""
        reasons = []
        if len(state.pods) + 1 > state.allocatable.get(PODS, 0):
            reasons.append("Too many pods")
        permanent = False
        for name, number in shape.requests:
            offered = state.allocatable.get(name, 0)
            if number > offered - state.requests.get(name, 0) and number > 0:
                reasons.append(f"Insufficient {name}")
                permanent |= number > offered
        return Refusal(self.name, tuple(reasons), permanent) if reasons else None
