"""One pod's link: a veth between the node and the pod, and what makes it a network.

Owns the order of the steps and their rollback. Blocking; called from the network thread.

    pod                                   node
    eth0  10.244.0.5/32  ---- veth ----   mk8s0af40005   route 10.244.0.5/32
    default via 169.254.1.1 onlink

Each end knows the other's hardware address from the start, so neither ever asks for it: no
proxy ARP, which would answer only on nodes that have a default route.
"""

import socket
import time
from collections.abc import Mapping

from mk8s_agent.network import messages, names, sysctls
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.messages import Link
from mk8s_agent.network.namespaces import namespace_of
from mk8s_agent.network.netlink import Netlink

_NODE_END_SETTINGS = {
    # A pod cannot send from an address that is not its own.
    "ipv4/conf/{link}/rp_filter": "1",
    # Connections to a NodePort on 127.0.0.1 leave and return through this link.
    "ipv4/conf/{link}/route_localnet": "1",
}
# No link-local address, no router solicitations: nothing is said while nothing happens.
_WITHOUT_IPV6 = {"ipv6/conf/{link}/disable_ipv6": "1"}
_WITH_IPV6 = {
    "ipv6/conf/{link}/disable_ipv6": "0",
    "ipv6/conf/{link}/addr_gen_mode": "1",
    "ipv6/conf/{link}/accept_ra": "0",
}
_OPERATIONAL_SECONDS = 0.5
_OPERATIONAL_PAUSE = 0.0005
_POD_SETTINGS = {
    "ipv6/conf/eth0/accept_ra": "0",
    "ipv6/conf/eth0/addr_gen_mode": "1",
    # What Docker grants its own containers: ports below 1024 without a capability.
    "ipv4/ip_unprivileged_port_start": "0",
}
_POD_SETTINGS_IPV6 = {
    "ipv6/conf/eth0/disable_ipv6": "0",
    "ipv6/conf/lo/disable_ipv6": "0",
}


def plug(
    netlink: Netlink,
    *,
    cluster: str,
    pid: int,
    address: str,
    second: str,
    name: str,
    sources: Mapping[int, str],
    mtu: int,
    settings: Mapping[str, str],
) -> None:
    """Give process `pid`'s namespace the pod address; idempotent, and all or nothing.

    `second` is the pod's IPv6 address, empty for none, `name` is `namespace/pod`, `sources` are the
    node's addresses towards its pods by family, `mtu` is in bytes, `settings` what the pod wants
    below /proc/sys/net. Raises NetworkError.
    """
    link = names.link_name(address)
    pod_end = _pod_end(pid)
    existing = find(netlink, link)
    if existing is not None:
        _check_owner(existing, cluster, address)
        if not _are_a_pair(existing, pod_end, address):
            netlink.run([messages.delete_link(link)])
            existing = None
    try:
        if existing is None:
            _create(netlink, link, pid, address, names.link_alias(cluster, name), mtu)
        _configure_node(netlink, link, (address, second), sources)
        _configure_pod(pid, (address, second), settings)
        _wait_operational(netlink, link)
    except BaseException:
        netlink.run([messages.delete_link(link)])
        raise


def find(netlink: Netlink, link: str) -> Link | None:
    """The link of that name, if there is one."""
    body = netlink.get(messages.get_link(link))
    return None if body is None else messages.read_link(body)


def list_links(netlink: Netlink) -> list[Link]:
    """All links of the node."""
    return [messages.read_link(body) for body in netlink.dump(messages.list_links())]


def _check_owner(link: Link, cluster: str, address: str) -> None:
    if names.pod_of_alias(cluster, link.alias) is None:
        raise NetworkError(
            f"link {link.name} exists and is not of cluster {cluster} (alias {link.alias!r}):"
            f" another cluster uses the pod address {address}; choose another pod range"
        )


def _pod_end(pid: int) -> Link | None:
    """The `eth0` of process `pid`, if it has one already."""
    with namespace_of(pid), Netlink() as inside:
        return find(inside, names.POD_LINK)


def _are_a_pair(link: Link, pod_end: Link | None, address: str) -> bool:
    """Whether `pod_end` is the link's other end, made for the address."""
    expected = names.hardware_address(address)
    return pod_end is not None and pod_end.index == link.peer_index and pod_end.hardware == expected


def _create(netlink: Netlink, link: str, pid: int, address: str, alias: str, mtu: int) -> None:
    pair = messages.add_pair(
        link=link,
        hardware=names.hardware_address(names.GATEWAY),
        peer_hardware=names.hardware_address(address),
        peer_pid=pid,
        mtu=mtu,
    )
    netlink.run([pair, messages.set_alias(link, alias)])


def _configure_pod(pid: int, addresses: tuple[str, str], wanted: Mapping[str, str]) -> None:
    node_end = names.hardware_address(names.GATEWAY)
    with namespace_of(pid), Netlink() as inside:
        own = _POD_SETTINGS | (_POD_SETTINGS_IPV6 if addresses[1] else {})
        for setting, value in own.items():
            sysctls.write(setting, value)
        for setting, value in wanted.items():
            sysctls.write_for_pod(setting, value)
        index = socket.if_nametoindex(names.POD_LINK)
        requests = [messages.set_up(messages.LOOPBACK_INDEX)]
        requests += [messages.add_address(one, index) for one in addresses if one]
        requests.append(messages.set_up(index))
        for address, gateway in zip(addresses, (names.GATEWAY, names.GATEWAY_IPV6), strict=True):
            if address:
                requests.append(messages.add_neighbour(gateway, node_end, index))
                requests.append(messages.add_default_route(gateway, index))
        inside.run(requests)
        if addresses[1]:
            # IPv6 sends only when it has heard that the link is there.
            _wait_operational(inside, names.POD_LINK)


def _configure_node(
    netlink: Netlink, link: str, addresses: tuple[str, str], sources: Mapping[int, str]
) -> None:
    own = _NODE_END_SETTINGS | (_WITH_IPV6 if addresses[1] else _WITHOUT_IPV6)
    for setting, value in own.items():
        sysctls.write(setting.format(link=link), value)
    index = socket.if_nametoindex(link)
    pod_end = names.hardware_address(addresses[0])
    requests = [messages.set_up(index)]
    for address in filter(None, addresses):
        source = sources[messages.family_of(address)]
        requests.append(messages.add_neighbour(address, pod_end, index))
        requests.append(messages.add_route(address, index, source))
    netlink.run(requests)


def _wait_operational(netlink: Netlink, link: str) -> None:
    """Wait until an end sends, mostly some 100 us.

    The end that is switched on last works at once, the other one when a kernel worker has noticed;
    until then it drops packets, and the pod's first connection would take a second.
    """
    deadline = time.monotonic() + _OPERATIONAL_SECONDS
    while time.monotonic() < deadline:
        found = find(netlink, link)
        if found is None or found.operational:
            return
        time.sleep(_OPERATIONAL_PAUSE)
