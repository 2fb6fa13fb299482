"""What a node of a cluster with two families has of IPv6: as `node` does for IPv4.

IPv6 addresses have no labels, and routes outlive the source that they prefer: what is ours is known
by the cluster's ranges.
"""

import socket
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from mk8s_agent.network import messages, sysctls
from mk8s_agent.network.addresses import node_address
from mk8s_agent.network.messages import Address, Route
from mk8s_agent.network.names import ROUTE_PROTOCOL
from mk8s_agent.network.netlink import Netlink
from mk8s_agent.network.record import NetworkRecord

_SETTINGS = {
    "ipv6/conf/all/disable_ipv6": "0",
    "ipv6/conf/lo/disable_ipv6": "0",
    "ipv6/conf/all/forwarding": "1",
}
_ADVERTISED, _ADVERTISED_TO_ROUTERS = "1", "2"
"""Whether a link takes its addresses from routers: not if the node is one itself, or even then."""


def prepare(netlink: Netlink, pod_cidr: str, service_cidr: str, record: NetworkRecord) -> None:
    """Give `lo` the node's address, route Services to it, and let packets through. Idempotent.

    A node that forwards would stop to learn its own addresses from routers: links that do go on.
    """
    source = node_address(pod_cidr)
    links = map(messages.read_link, netlink.dump(messages.list_links()))
    learning = {
        name: _ADVERTISED_TO_ROUTERS
        for link in links
        if sysctls.read(name := f"ipv6/conf/{link.name}/accept_ra") == _ADVERTISED
        and not link.name.startswith(("lo", "mk8s", "vx-"))
    }
    record.change(learning | _SETTINGS)
    netlink.run(
        [
            messages.add_address(source, messages.LOOPBACK_INDEX),
            messages.add_route(service_cidr, messages.LOOPBACK_INDEX, source),
        ]
    )


def undo(netlink: Netlink, ranges: Sequence[str]) -> None:
    """Take away what is within the cluster's ranges."""
    routes = map(messages.read_route, netlink.dump(messages.list_routes(socket.AF_INET6)))
    requests = [
        messages.delete_route(route, socket.AF_INET6)
        for route in routes
        if route is not None and _is_ours(route, ranges)
    ]
    bodies = netlink.dump(messages.list_addresses(socket.AF_INET6))
    requests += [
        messages.delete_address(one)
        for one in map(messages.read_address, bodies)
        if _is_own(one, ranges)
    ]
    netlink.run(requests)


def _is_ours(route: Route, ranges: Sequence[str]) -> bool:
    if route.protocol != ROUTE_PROTOCOL or route.destination is None:
        return False
    return _within(route.destination.partition("/")[0], ranges)


def _is_own(address: Address, ranges: Sequence[str]) -> bool:
    on_loopback = address.link == messages.LOOPBACK_INDEX
    return on_loopback and _within(address.address, ranges)


def _within(address: str, ranges: Sequence[str]) -> bool:
    return any(ip_address(address) in ip_network(one) for one in ranges)
