"""What the nodes have left: kept up to date change by change.

Owns the totals of each node. Knows nothing of watches and of what is decided from it. Whoever
binds a pod tells it at once, so that the next decision counts the pod already.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from minikube8s.api.views import Node, Pod
from minikube8s.scheduler.amounts import Amounts, amounts, total
from minikube8s.scheduler.snapshot import Demand, NodeState, demand

PodKey = tuple[str, str]
"""Namespace and name."""


@dataclass(slots=True)
class _Load:
    """The demands of the pods of one node, whether the node is known or not."""

    demands: dict[PodKey, Demand] = field(default_factory=dict)
    state: NodeState | None = None
    """The node's state as last computed; None when something changed since."""


class Usage:
    """The nodes and the demands of the pods bound to them."""

    def __init__(self) -> None:
        self._nodes: dict[str, tuple[Node, Amounts]] = {}
        self._loads: dict[str, _Load] = {}
        self._homes: dict[PodKey, str] = {}

    def set_node(self, node: Node) -> None:
        """Add or replace a node."""
        name = node.metadata.name
        self._nodes[name] = (node, amounts(node.status.allocatable))
        self._load(name).state = None

    def remove_node(self, name: str) -> None:
        """Forget a node; its pods stay counted, should it come back."""
        self._nodes.pop(name, None)
        self._tidy(name)

    def set_pod(self, pod: Pod, node: str) -> None:
        """Count `pod` on `node`, and nowhere else."""
        key = (pod.metadata.namespace, pod.metadata.name)
        if self._homes.get(key, node) != node:
            self.remove_pod(key)
        load = self._load(node)
        needs = demand(pod)
        if load.demands.get(key) == needs:
            return
        self._homes[key] = node
        load.demands[key] = needs
        load.state = None

    def remove_pod(self, key: PodKey) -> bool:
        """Count a pod nowhere any more; tell whether it was counted."""
        node = self._homes.pop(key, None)
        if node is None:
            return False
        load = self._loads[node]
        load.demands.pop(key, None)
        load.state = None
        self._tidy(node)
        return True

    def pods(self) -> set[PodKey]:
        """Return the pods that are counted."""
        return set(self._homes)

    def states(self) -> list[NodeState]:
        """Return the state of every node, by name. Only what changed is computed anew."""
        return [self._state(name) for name in sorted(self._nodes)]

    def _load(self, node: str) -> _Load:
        return self._loads.setdefault(node, _Load())

    def _tidy(self, node: str) -> None:
        if node not in self._nodes and not self._load(node).demands:
            del self._loads[node]

    def _state(self, name: str) -> NodeState:
        load = self._load(name)
        if load.state is None:
            node, allocatable = self._nodes[name]
            demands = load.demands.values()
            load.state = NodeState(
                node=node,
                allocatable=allocatable,
                requests=total(one.requests for one in demands),
                assumed=total(one.assumed for one in demands),
                ports=frozenset(port for one in demands for port in one.ports),
                pods=len(demands),
                claims=frozenset(claim for one in demands for claim in one.claims),
            )
        return load.state
