"""What the scheduler knows of the cluster, brought up to date by what happens there.

Owns the nodes' usage and the nominations, and tells of each news as what it changed: that is what
wakes pods that wait. Does no I/O.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from minikube8s.api.views import Node, Pod
from minikube8s.scheduler.framework import Change, Kind
from minikube8s.scheduler.nominations import Nominations
from minikube8s.scheduler.pods import PodFacts, PodKey, facts_of
from minikube8s.scheduler.topology.surroundings import Surroundings
from minikube8s.scheduler.usage import Usage


class Knowledge:
    """Nodes, pods on them, and pods that are promised a place."""

    def __init__(self) -> None:
        self.usage = Usage()
        self.surroundings = Surroundings()
        self.nominations = Nominations()

    def set_node(self, node: Node) -> list[Change]:
        """Take in a node's newest state."""
        state = self.usage.find(node.metadata.name)
        before = state.node if state is not None else None
        self.usage.set_node(node)
        state = self.usage.find(node.metadata.name)
        if before is None:
            return [Change(Kind.NODE_ADDED, state)]
        return [Change(kind, state) for kind in _differences(before, node)]

    def remove_node(self, name: str) -> list[Change]:
        """Forget a node."""
        state = self.usage.find(name)
        if state is None:
            return []
        self.usage.remove_node(name)
        return [Change(Kind.NODE_REMOVED, state)]

    def set_namespace(self, name: str, labels: Mapping[str, str]) -> list[Change]:
        """Take in a namespace's labels."""
        changed = self.surroundings.population.set_namespace(name, labels)
        return [Change(Kind.NAMESPACE)] if changed else []

    def remove_namespace(self, name: str) -> list[Change]:
        """Forget a namespace."""
        changed = self.surroundings.population.remove_namespace(name)
        return [Change(Kind.NAMESPACE)] if changed else []

    def set_pod(self, pod: Pod) -> list[Change]:
        """Take in the newest state of a pod on a node, or of one that waits for one."""
        key = (pod.metadata.namespace, pod.metadata.name)
        node, nominated = pod.spec.node_name, pod.status.nominated_node_name
        if pod.terminal or not (node or nominated):
            return self.remove_pod(key)
        facts = facts_of(pod)
        if node:
            return [*self.count(facts, node), *self.nominate(facts, "")]
        promised = "" if facts.deleting else nominated
        return [*self.discount(key), *self.nominate(facts, promised)]

    def remove_pod(self, key: PodKey) -> list[Change]:
        """Forget a pod that is gone, has ended, or is promised nothing yet."""
        freed = self.discount(key)
        return [*freed, *self._given_up(self.nominations.remove(key))]

    def count(self, pod: PodFacts, node: str) -> list[Change]:
        """Count a pod on a node."""
        before = self.usage.find_pod(pod.key)
        if before is not None and (before[1] != node or before[0].uid != pod.uid):
            return [*self.discount(pod.key), *self.count(pod, node)]
        self.usage.set_pod(pod, node)
        state = self.usage.find(node)
        if state is None:
            return []
        if before is None:
            return [Change(Kind.POD_ADDED, state, pod)]
        changes = []
        if before[0].shape != pod.shape:
            changes.append(Change(Kind.POD_REMOVED, state, before[0]))
        if before[0].labels != pod.labels:
            changes.append(Change(Kind.POD_LABELS, state, pod))
        if before[0].deleting != pod.deleting:
            changes.append(Change(Kind.POD_LEAVING, state, pod))
        return changes

    def discount(self, key: PodKey) -> list[Change]:
        """Count a pod nowhere."""
        before = self.usage.remove_pod(key)
        state = self.usage.find(before[1]) if before is not None else None
        if before is None or state is None:
            return []
        return [Change(Kind.POD_REMOVED, state, before[0])]

    def nominate(self, pod: PodFacts, node: str) -> list[Change]:
        """Promise a pod a place on a node, "" for none."""
        before = self.nominations.promise(pod, node)
        return self._given_up(before) if before != node else []

    def _given_up(self, node: str) -> list[Change]:
        state = self.usage.find(node) if node else None
        return [Change(Kind.POD_REMOVED, state)] if state is not None else []


def _differences(before: Node, after: Node) -> Iterator[Kind]:
    if before.status.allocatable != after.status.allocatable:
        yield Kind.NODE_RESOURCES
    if before.metadata.labels != after.metadata.labels:
        yield Kind.NODE_LABELS
    if (before.spec.taints, before.spec.unschedulable) != (
        after.spec.taints,
        after.spec.unschedulable,
    ):
        yield Kind.NODE_TAINTS
