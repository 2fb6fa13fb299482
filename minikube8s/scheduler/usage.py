"""The nodes and the pods that count on them: kept up to date change by change.

Owns the state of each node. Knows nothing of watches and of what is decided from it. Whoever binds
a pod tells it at once, so that the next decision counts the pod already. Observers keep what they
need across nodes, such as counts per zone, without ever walking through all pods.
"""

from __future__ import annotations

from minikube8s.api.views import Node
from minikube8s.scheduler.pods import PodFacts, PodKey
from minikube8s.scheduler.states import NodeState, View


class Observer:
    """Is told of every change, after it was made. Overrides what it needs.

    It hears of a pod only while the pod's node is known, and of every pod that it heard of also
    that it is gone. When a node's labels or taints change, the node and its pods are taken away and
    come back: so what is counted by a node's labels, when it comes, is taken back by the same ones.
    """

    def node_added(self, state: NodeState) -> None:
        """A node is there; it has no pods yet, they follow."""

    def node_removed(self, state: NodeState) -> None:
        """A node is gone; its pods were told as removed before."""

    def node_changed(self, before: Node, state: NodeState) -> None:
        """Something of a node changed, but neither labels nor taints."""

    def pod_added(self, pod: PodFacts, state: NodeState) -> None:
        """A pod counts on a node."""

    def pod_removed(self, pod: PodFacts, state: NodeState) -> None:
        """A pod counts on a node no more."""


class Usage:
    """The nodes, and the pods that are bound to them or about to be."""

    def __init__(self) -> None:
        self._states: dict[str, NodeState] = {}
        self._homeless: dict[str, dict[PodKey, PodFacts]] = {}
        """Pods of nodes that are not known, by node."""
        self._homes: dict[PodKey, str] = {}
        self._observers: list[Observer] = []
        self._view: View | None = None

    def observe(self, observer: Observer) -> None:
        """Have an observer told of everything from now on; to be called while nothing is known."""
        self._observers.append(observer)

    def view(self) -> View:
        """Return all nodes as they are now."""
        if self._view is None:
            self._view = View([self._states[name] for name in sorted(self._states)])
        return self._view

    def find(self, name: str) -> NodeState | None:
        """Return a node's state, or None."""
        return self._states.get(name)

    def set_node(self, node: Node) -> None:
        """Add or replace a node."""
        state = self._states.get(node.metadata.name)
        if state is None:
            self._add_node(node)
            return
        before = state.node
        if before.metadata.labels == node.metadata.labels and before.spec == node.spec:
            state.replace(node)
            for observer in self._observers:
                observer.node_changed(before, state)
            return
        for observer in self._observers:
            for pod in state.pods.values():
                observer.pod_removed(pod, state)
            observer.node_removed(state)
        state.replace(node)
        for observer in self._observers:
            observer.node_added(state)
            for pod in state.pods.values():
                observer.pod_added(pod, state)

    def remove_node(self, name: str) -> None:
        """Forget a node; its pods stay counted, should it come back."""
        state = self._states.pop(name, None)
        if state is None:
            return
        self._view = None
        if state.pods:
            self._homeless[name] = state.pods
        for observer in self._observers:
            for pod in state.pods.values():
                observer.pod_removed(pod, state)
            observer.node_removed(state)

    def set_pod(self, pod: PodFacts, node: str) -> None:
        """Count a pod on a node, and nowhere else."""
        before = self.find_pod(pod.key)
        if before is not None:
            if before[1] == node and before[0].same(pod):
                return
            self.remove_pod(pod.key)
        self._homes[pod.key] = node
        state = self._states.get(node)
        if state is None:
            self._homeless.setdefault(node, {})[pod.key] = pod
        else:
            state.add(pod)
            for observer in self._observers:
                observer.pod_added(pod, state)

    def remove_pod(self, key: PodKey) -> tuple[PodFacts, str] | None:
        """Count a pod nowhere any more; return it and its node, if it was counted."""
        node = self._homes.pop(key, None)
        if node is None:
            return None
        state = self._states.get(node)
        if state is not None:
            pod = state.remove(key)
            for observer in self._observers:
                observer.pod_removed(pod, state)
            return pod, node
        pod = self._homeless[node].pop(key)
        if not self._homeless[node]:
            del self._homeless[node]
        return pod, node

    def find_pod(self, key: PodKey) -> tuple[PodFacts, str] | None:
        """Return a pod that is counted, and its node."""
        node = self._homes.get(key)
        if node is None:
            return None
        state = self._states.get(node)
        return (state.pods if state is not None else self._homeless[node])[key], node

    def pods(self) -> set[PodKey]:
        """Return the pods that are counted."""
        return set(self._homes)

    def _add_node(self, node: Node) -> None:
        state = NodeState(node)
        self._states[state.name] = state
        self._view = None
        waiting = self._homeless.pop(state.name, {})
        for observer in self._observers:
            observer.node_added(state)
        for pod in waiting.values():
            state.add(pod)
            for observer in self._observers:
                observer.pod_added(pod, state)
