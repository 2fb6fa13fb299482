"""Which nodes serve a load balancer, and which of them answers for its address. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b

from minikube8s.api.loadbalancing import EXCLUDED
from minikube8s.api.views import EndpointSlice, Node


def usable(nodes: Iterable[Node]) -> list[Node]:
    """Return the nodes that load balancers may send to, by name."""
    found = [
        node
        for node in nodes
        if node.ready
        and EXCLUDED not in node.metadata.labels
        and node.metadata.deletion_timestamp is None
    ]
    return sorted(found, key=lambda node: node.metadata.name)


def addresses_of(node: Node, families: Collection[str]) -> list[str]:
    """Return the addresses of these families at which clients reach the node."""

    def of_type(type: str) -> list[str]:
        return [
            one.address
            for one in node.status.addresses
            if one.type == type and ("IPv6" if ":" in one.address else "IPv4") in families
        ]

    return of_type("ExternalIP") or of_type("InternalIP")


def serving(slices: Iterable[EndpointSlice]) -> frozenset[str]:
    """Return the names of the nodes that have an endpoint that takes new connections."""
    return frozenset(
        endpoint.node_name
        for one in slices
        for endpoint in one.endpoints
        if endpoint.node_name and endpoint.conditions.ready is not False
    )


def with_endpoints(nodes: Sequence[Node], serving: Collection[str]) -> list[Node]:
    """Return the nodes that have endpoints; all when none has, so that clients are refused at
    once instead of waiting for nobody."""
    return [node for node in nodes if node.metadata.name in serving] or list(nodes)


def announcer(uid: str, current: str, candidates: Collection[str]) -> str:
    """Return the node that answers for a Service's address, "" when there is none.

    The present one stays as long as it can. Others are chosen by a hash of both names: spread
    over the nodes, and the same for who thinks again.
    """
    if current in candidates:
        return current
    return max(candidates, key=lambda node: _weight(uid, node), default="")


def _weight(uid: str, node: str) -> bytes:
    return blake2b(f"{uid}/{node}".encode(), digest_size=8).digest()
