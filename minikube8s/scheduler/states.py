"""What nodes have left: a node and what its pods take, kept change by change.

Adding or removing a pod costs what that pod has, however many the node has. Decisions only read;
who asks "what if" changes a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any, TypeVar

from minikube8s.api.views import Node
from minikube8s.scheduler.amounts import Amounts, amounts
from minikube8s.scheduler.pods import HostPort, PodFacts, PodKey
from minikube8s.scheduler.volumes import ClaimKey

K = TypeVar("K")

_versions = count(1)


class NodeState:
    """A node and its pods. `version` is another one after every change, never seen before."""

    __slots__ = (
        "_images",
        "allocatable",
        "assumed",
        "claims",
        "labels",
        "name",
        "node",
        "pods",
        "ports",
        "priorities",
        "requests",
        "version",
    )

    def __init__(self, node: Node, pods: Iterable[PodFacts] = ()) -> None:
        self.name = node.metadata.name
        self.node = node
        self.pods: dict[PodKey, PodFacts] = {}
        self.requests: Amounts = {}
        self.assumed: Amounts = {}
        self.ports: dict[HostPort, int] = {}
        """How many pods take each port."""
        self.claims: dict[ClaimKey, int] = {}
        """How many pods use each claim."""
        self.priorities: dict[int, int] = {}
        """How many pods have each priority."""
        self._set(node)
        for pod in pods:
            self.add(pod)

    def replace(self, node: Node) -> None:
        """Take another state of the node itself; a mere sign of life changes nothing."""
        if _offer(self.node) == _offer(node):
            self.node, self.labels = node, node.metadata.labels
        else:
            self._set(node)

    def _set(self, node: Node) -> None:
        self.node = node
        self.labels = node.metadata.labels
        self.allocatable: Mapping[str, int] = amounts(node.status.allocatable)
        self._images: dict[str, int] | None = None
        self.version = next(_versions)

    def add(self, pod: PodFacts) -> None:
        """Count a pod that does not count here yet."""
        self.pods[pod.key] = pod
        _count(self.requests, pod.shape.requests, 1)
        _count(self.assumed, pod.shape.assumed, 1)
        _count(self.ports, ((one, 1) for one in pod.shape.ports), 1)
        _count(self.claims, ((one, 1) for one in pod.claims), 1)
        _count(self.priorities, ((pod.priority, 1),), 1)
        self.version = next(_versions)

    def remove(self, key: PodKey) -> PodFacts:
        """Count a pod no more, and return it; raises KeyError."""
        pod = self.pods.pop(key)
        _count(self.requests, pod.shape.requests, -1)
        _count(self.assumed, pod.shape.assumed, -1)
        _count(self.ports, ((one, 1) for one in pod.shape.ports), -1)
        _count(self.claims, ((one, 1) for one in pod.claims), -1)
        _count(self.priorities, ((pod.priority, 1),), -1)
        self.version = next(_versions)
        return pod

    def changed(
        self, removed: Iterable[PodFacts] = (), added: Iterable[PodFacts] = ()
    ) -> NodeState:
        """Return a copy as if some pods were gone and others there."""
        other = NodeState.__new__(NodeState)
        other.name, other.node, other.allocatable = self.name, self.node, self.allocatable
        other.labels = self.labels
        other._images = self._images
        other.pods, other.requests = dict(self.pods), dict(self.requests)
        other.assumed, other.ports = dict(self.assumed), dict(self.ports)
        other.claims, other.priorities = dict(self.claims), dict(self.priorities)
        other.version = next(_versions)
        for pod in removed:
            other.remove(pod.key)
        for pod in added:
            other.add(pod)
        return other

    def below(self, priority: int) -> list[PodFacts]:
        """Return the pods of lower priority."""
        if min(self.priorities, default=priority) >= priority:
            return []
        return [one for one in self.pods.values() if one.priority < priority]

    @property
    def images(self) -> Mapping[str, int]:
        """The bytes of each image that the node has, by all its names."""
        if self._images is None:
            listed = self.node.status.images
            self._images = {name: one.size_bytes for one in listed for name in one.names}
        return self._images


class View:
    """All nodes as they are now, by name. Only for one step: it is not kept up to date."""

    __slots__ = ("_named", "states")

    def __init__(self, states: Sequence[NodeState]) -> None:
        self.states = states
        self._named = {state.name: state for state in states}

    def find(self, name: str) -> NodeState | None:
        """Return a node's state, or None."""
        return self._named.get(name)


def _offer(node: Node) -> tuple[Any, ...]:
    """Return everything about a node that decides whether and how well it suits a pod."""
    return node.metadata.labels, node.spec, node.status.allocatable, node.status.images


def _count(totals: dict[K, int], parts: Iterable[tuple[K, int]], sign: int) -> None:
    for name, number in parts:
        left = totals.get(name, 0) + sign * number
        if left:
            totals[name] = left
        else:
            totals.pop(name, None)
