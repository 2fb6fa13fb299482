"""The node's own part of the pod network: its address towards the pods, its routes, its settings.

Owns what exists once a node. Blocking; called from the network thread. Knows no single pod.
"""

from collections.abc import Sequence

from minikube8s.kit.localaddresses import address_label
from mk8s_agent.network import messages, node_ipv6
from mk8s_agent.network.addresses import node_address
from mk8s_agent.network.netlink import Netlink
from mk8s_agent.network.record import NetworkRecord

_NODE_SETTINGS = {"ipv4/ip_forward": "1"}
_DEFAULT_MTU = 1500


def prepare(
    netlink: Netlink,
    *,
    cluster: str,
    pod_cidrs: Sequence[str],
    service_cidrs: Sequence[str],
    record: NetworkRecord,
    dns: str = "",
) -> None:
    """Make the namespace a node. Idempotent.

    `lo` carries the first address of the pod range: the source of what the node itself says to its
    pods, also on a machine without any other address. The Service range is routed to `lo` from it,
    so that a connection to a Service gets as far as the rules even without a default route. `dns`
    is the address of the cluster's DNS, which every node answers itself.
    Raises NetworkError.
    """
    source = node_address(pod_cidrs[0])
    settings = _NODE_SETTINGS | {
        f"ipv4/conf/{uplink}/route_localnet": "1" for uplink in _uplinks(netlink)
    }
    record.enter(cluster, [each for each in (*pod_cidrs, *service_cidrs) if ":" in each])
    record.change(settings)
    label = address_label(cluster)
    own = [source, dns] if dns else [source]
    stale = [a for a in _addresses(netlink, label) if a.address not in own]
    netlink.run(
        [
            *(messages.delete_address(address) for address in stale),
            messages.set_up(messages.LOOPBACK_INDEX),
            *(messages.add_address(each, messages.LOOPBACK_INDEX, label) for each in own),
            messages.add_route(service_cidrs[0], messages.LOOPBACK_INDEX, source),
        ]
    )
    if len(pod_cidrs) > 1:
        node_ipv6.prepare(netlink, pod_cidrs[1], service_cidrs[1], record)


def undo(
    netlink: Netlink, *, cluster: str, ranges_ipv6: Sequence[str], record: NetworkRecord, last: bool
) -> None:
    """Take away what `prepare` made; what is gone already is fine.

    With `last` the settings are put back too: while another cluster works in this namespace, they
    are its settings as well. By `ranges_ipv6`, and those that are recorded, what is of IPv6 is
    known to be the cluster's.
    """
    if ranges := [*ranges_ipv6, *record.clusters().get(cluster, ())]:
        node_ipv6.undo(netlink, ranges)
    addresses = _addresses(netlink, address_label(cluster))
    netlink.run([messages.delete_address(address) for address in addresses])
    record.leave(cluster, last=last)


def uplink_mtu(netlink: Netlink) -> int:
    """The smallest MTU among the links that have a default route; 1500 when there is none."""
    wanted = _default_route_links(netlink)
    links = map(messages.read_link, netlink.dump(messages.list_links()))
    return min((link.mtu for link in links if link.index in wanted), default=_DEFAULT_MTU)


def _uplinks(netlink: Netlink) -> list[str]:
    wanted = _default_route_links(netlink)
    links = map(messages.read_link, netlink.dump(messages.list_links()))
    return [link.name for link in links if link.index in wanted]


def _default_route_links(netlink: Netlink) -> set[int]:
    routes = map(messages.read_route, netlink.dump(messages.list_routes()))
    return {route.link for route in routes if route is not None and route.destination is None}


def _addresses(netlink: Netlink, label: str) -> list[messages.Address]:
    found = map(messages.read_address, netlink.dump(messages.list_addresses()))
    return [address for address in found if address.label == label]
