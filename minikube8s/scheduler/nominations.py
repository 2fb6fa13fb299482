"""Which pods were promised a place on which node, and are counted there by others.

The promise stands in the pod's status.nominatedNodeName; this is its index.
"""

from __future__ import annotations

from minikube8s.scheduler.decision import Nominated
from minikube8s.scheduler.pods import PodFacts, PodKey


class Nominations:
    """The pods without a node that are nominated for one."""

    def __init__(self) -> None:
        self._nodes: dict[PodKey, str] = {}
        self._pods: dict[str, dict[PodKey, PodFacts]] = {}

    def promise(self, pod: PodFacts, node: str) -> str:
        """Nominate a pod for a node, "" for none; return the node it was nominated for before."""
        before = self.remove(pod.key)
        if node:
            self._nodes[pod.key] = node
            self._pods.setdefault(node, {})[pod.key] = pod
        return before

    def remove(self, key: PodKey) -> str:
        """Take back a nomination; return the node, "" if there was none."""
        node = self._nodes.pop(key, "")
        if node:
            del self._pods[node][key]
            if not self._pods[node]:
                del self._pods[node]
        return node

    def keys(self) -> set[PodKey]:
        """Return the nominated pods."""
        return set(self._nodes)

    def node(self, key: PodKey) -> str:
        """Return the node that a pod is nominated for, or ""."""
        return self._nodes.get(key, "")

    def on(self, node: str) -> list[PodFacts]:
        """Return the pods that are nominated for a node."""
        return list(self._pods.get(node, {}).values())

    def respected_by(self, pod: PodFacts) -> Nominated:
        """Return, by node, the nominated pods of a priority that is not lower than this pod's."""
        if not self._pods:
            return {}
        found = {
            node: [
                one for one in pods.values() if one.priority >= pod.priority and one.key != pod.key
            ]
            for node, pods in self._pods.items()
        }
        return {node: pods for node, pods in found.items() if pods}
