"""The node's own part of the pod network: its address towards the pods, its routes, its settings.

Owns what exists once a node. Blocking; called from the network thread. Knows no single pod.
"""

from collections.abc import Sequence
from pathlib import Path

from minikube8s.kit.localaddresses import address_label
from mk8s_agent.network import messages, node_ipv6, sysctls
from mk8s_agent.network.addresses import node_address
from mk8s_agent.network.netlink import Netlink

_NODE_SETTINGS = {"ipv4/ip_forward": "1"}
_DEFAULT_MTU = 1500


def prepare(
    netlink: Netlink,
    *,
    cluster: str,
    pod_cidrs: Sequence[str],
    service_cidrs: Sequence[str],
    state_dir: Path,
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
    sysctls.SysctlRecord(state_dir).change(settings)
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
        node_ipv6.prepare(netlink, pod_cidrs[1], service_cidrs[1], state_dir)


def undo(
    netlink: Netlink, *, cluster: str, ranges_ipv6: Sequence[str], state_dir: Path, last: bool
) -> None:
    """Take away what `prepare` made; what is gone already is fine.

    With `last` the settings are put back too: while another cluster works in this namespace, they
    are its settings as well. `ranges_ipv6` are the cluster's, by which what is of IPv6 is known.
    """
    if ranges_ipv6:
        node_ipv6.undo(netlink, ranges_ipv6)
    addresses = _addresses(netlink, address_label(cluster))
    netlink.run([messages.delete_address(address) for address in addresses])
    if last:
        sysctls.SysctlRecord(state_dir).restore()


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
