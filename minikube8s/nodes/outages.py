"""How much of the cluster is lost: whether it is the nodes, or rather their network.

Owns the tally of ready nodes by zone. Where so many are lost at once that the master may be the
one cut off, pods are better left where they are: when no node is ready at all, and in a zone that
lost most of its nodes while others are well. Kubernetes' large cluster disruption modes; where
it slows evictions down in large zones, they stop here.
"""

from __future__ import annotations

from collections import Counter

from minikube8s.api.views import Node
from minikube8s.store.watching import Event

ZONE, REGION = "topology.kubernetes.io/zone", "topology.kubernetes.io/region"
UNHEALTHY = 0.55
"""The part of a zone's nodes whose loss at once is taken for an outage of something else."""
FEW = 2
"""So many lost nodes are no outage, whatever their part of a small zone."""

Zone = tuple[str, str]


class Outages:
    """Counts nodes; an observer of the cache."""

    def __init__(self) -> None:
        self._nodes: dict[str, tuple[Zone, bool]] = {}
        self._ready: Counter[Zone] = Counter()
        self._lost: Counter[Zone] = Counter()

    def observe(self, event: Event) -> None:
        """Follow a Node."""
        name = event.entry.name
        known = self._nodes.pop(name, None)
        if known is not None:
            self._count(*known, -1)
        if event.type != "DELETED":
            node = event.entry.view(Node)
            state = self._nodes[name] = zone_of(node), node.ready
            self._count(*state, +1)

    def spared(self) -> frozenset[Zone]:
        """Return the zones whose nodes keep their pods, lost or not."""
        everywhere = self._ready.total() == 0
        return frozenset(
            zone for zone, lost in self._lost.items() if lost and self._is_spared(zone, everywhere)
        )

    def lost(self) -> list[str]:
        """Return the names of the nodes that are not ready."""
        return [name for name, (_, ready) in self._nodes.items() if not ready]

    def _is_spared(self, zone: Zone, everywhere: bool) -> bool:
        ready, lost = self._ready[zone], self._lost[zone]
        partly = ready > 0 and lost > FEW and lost / (ready + lost) >= UNHEALTHY
        return everywhere or partly

    def _count(self, zone: Zone, ready: bool, change: int) -> None:
        (self._ready if ready else self._lost)[zone] += change


def zone_of(node: Node) -> Zone:
    """Return region and zone of a node, empty where it has none."""
    labels = node.metadata.labels
    return labels.get(REGION, ""), labels.get(ZONE, "")
