"""How long nodes may keep what they know of Secrets and ConfigMaps, by the size of the cluster.

An annotation that Kubernetes' ttl controller gives every node. Our agents are told of changes and
keep nothing for a time; it is there for who reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from minikube8s.api.resources import NODES, Resource
from minikube8s.api.views import Node
from minikube8s.controllers.actions import NOTHING, Patch, Plan, view_ref
from minikube8s.controllers.runner import Reader
from minikube8s.store.watching import Event

ANNOTATION = "node.alpha.kubernetes.io/ttl"


@dataclass(frozen=True, slots=True)
class Size:
    """A size of clusters, in nodes, and the seconds that go with it.

    The sizes overlap, so that a cluster between two of them does not change all of its nodes.
    """

    fewest: int
    most: float
    seconds: int


SIZES = (
    Size(0, 100, 0),
    Size(90, 500, 15),
    Size(450, 1000, 30),
    Size(900, 2000, 60),
    Size(1800, float("inf"), 300),
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A node, and how many there are."""

    node: Node
    nodes: int


class TtlController:
    """Keeps the annotation."""

    name = "ttl"
    watches = (NODES,)

    def __init__(self) -> None:
        self._count = 0

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[str]:
        """Return the new node; all of them when the cluster grew or shrank out of its size.

        Several may have come since the last change: what counts is where the number was then.
        """
        if event.type == "MODIFIED":
            return ()
        nodes = reader.list(NODES, None)
        before, self._count = self._count, len(nodes)
        if outgrown(before, self._count):
            return [one.name for one in nodes]
        return (event.entry.name,)

    def read(self, reader: Reader, key: str) -> Snapshot | None:
        """Return the node with the cluster's size, or None when it is gone."""
        node = reader.find(NODES, "", key)
        return None if node is None else Snapshot(node.view(Node), len(reader.list(NODES, None)))

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the annotation if it is missing or of another size."""
        return plan(snapshot)


def outgrown(before: int, after: int) -> bool:
    """Tell whether a cluster of so many nodes left a size when it got `after`."""
    return any(before <= one.most < after or after < one.fewest <= before for one in SIZES)


def plan(snapshot: Snapshot) -> Plan:
    """Plan one look at one node."""
    metadata = snapshot.node.metadata
    told = metadata.annotations.get(ANNOTATION)
    fitting = [str(size.seconds) for size in SIZES if size.fewest <= snapshot.nodes <= size.most]
    if told in fitting:
        return NOTHING
    patch = {"metadata": {"annotations": {ANNOTATION: fitting[0]}}}
    return Plan(patches=(Patch(view_ref(NODES, metadata), patch),))
