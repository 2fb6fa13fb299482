"""Makes the kernel's routes to other nodes' pods be as `routes` wants them.

Owns the reading of the kernel's state and the order of the steps. Blocking; called from the network
thread. Remembers nothing.
"""

from collections.abc import Sequence

from mk8s_agent.network import messages, peer_messages, routes, sysctls
from mk8s_agent.network.errors import KernelRefused, NetworkError
from mk8s_agent.network.messages import Link, Route
from mk8s_agent.network.names import LINK_PREFIX, ROUTE_PROTOCOL, tunnel_name
from mk8s_agent.network.netlink import Netlink, Request
from mk8s_agent.network.peer_messages import Hop, Neighbour, Tunnel, Way
from mk8s_agent.network.record import NetworkRecord
from mk8s_agent.network.routes import Choice, Here, Peer, State

_LOOSE = "2"
_TUNNEL_SETTINGS = {
    # What comes by this link may be answered by another: nodes need not agree on the way.
    "ipv4/conf/{link}/rp_filter": _LOOSE,
    "ipv4/conf/{link}/route_localnet": "1",
    "ipv6/conf/{link}/accept_ra": "0",
    "ipv6/conf/{link}/addr_gen_mode": "1",
}


def reconcile(
    netlink: Netlink, here: Here, peers: Sequence[Peer], record: NetworkRecord
) -> tuple[Choice, int]:
    """Change what differs, and no more; returns what was decided, and the VXLAN link's index.

    Raises NetworkError.
    """
    links = [messages.read_link(body) for body in netlink.dump(messages.list_links())]
    mtus = {link.index: link.mtu for link in links}
    ways = {address: _way(netlink, address) for peer in peers for address in peer.addresses}
    choice = routes.choose(here, peers, ways, mtus)
    tunnel = _settle_tunnel(netlink, here, choice)
    _allow_other_ways_back(links, choice, record)
    _allow_loopback(links, choice, record)
    found = _found(netlink, here, links, tunnel)
    wanted = routes.wanted_state(here, choice, peers, tunnel)
    netlink.run(list(routes.changes(wanted, found)))
    return choice, tunnel


def undo(netlink: Netlink, cluster: str) -> None:
    """Take the VXLAN link away. Routes go with it, or with the source that they prefer."""
    tunnel = _tunnel(netlink, tunnel_name(cluster))
    if tunnel is not None:
        netlink.run([messages.delete_link(tunnel.name)])


def _way(netlink: Netlink, address: str) -> Way | None:
    body = netlink.get(peer_messages.find_way(address))
    return None if body is None else peer_messages.read_way(body)


def _tunnel(netlink: Netlink, name: str) -> Tunnel | None:
    body = netlink.get(messages.get_link(name))
    if body is None:
        return None
    tunnel = peer_messages.read_tunnel(body)
    if tunnel is None:
        raise NetworkError(
            f"the link {name} exists and is no VXLAN link: remove or rename it, pods of other"
            " nodes are reached by a link of that name"
        )
    return tunnel


def _settle_tunnel(netlink: Netlink, here: Here, choice: Choice) -> int:
    """Make the VXLAN link be as wanted; its index, 0 without one."""
    name = tunnel_name(here.cluster)
    found = _tunnel(netlink, name)
    try:
        netlink.run(routes.tunnel_changes(choice.tunnel, found))
    except KernelRefused as error:
        raise NetworkError(
            f"{error}: another program may have that VXLAN network or port, choose others with"
            " --vxlan-id and --vxlan-port"
        ) from error
    if choice.tunnel is None:
        return 0
    tunnel = _tunnel(netlink, name)
    if tunnel is None:
        raise NetworkError(f"the VXLAN link {name} was taken away in this moment")
    _configure(netlink, here, tunnel)
    return tunnel.index


def _configure(netlink: Netlink, here: Here, tunnel: Tunnel) -> None:
    """Give the link its addresses: the kernel chooses the source of what it sends from them."""
    requests: list[Request] = []
    for family, source in here.sources.items():
        listed = netlink.dump(messages.list_addresses(family))
        have = {(one.link, one.address) for one in map(messages.read_address, listed)}
        if (tunnel.index, source) not in have:
            requests.append(messages.add_address(source, tunnel.index))
    if not tunnel.up:
        for setting, value in _TUNNEL_SETTINGS.items():
            sysctls.write(setting.format(link=tunnel.name), value)
        both = len(here.subnets) > 1
        sysctls.write(f"ipv6/conf/{tunnel.name}/disable_ipv6", "0" if both else "1")
        requests.append(messages.set_up(tunnel.index))
    netlink.run(requests)


def _allow_other_ways_back(links: Sequence[Link], choice: Choice, record: NetworkRecord) -> None:
    """Let a link that peers are on take what the answer to would leave by another link.

    Two nodes need not agree whether they are on one link. Pods' own links stay strict.
    """
    for link in links:
        if link.index in choice.links:
            setting = f"ipv4/conf/{link.name}/rp_filter"
            if (
                max(sysctls.read(setting) or "0", sysctls.read("ipv4/conf/all/rp_filter") or "0")
                == "1"
            ):
                record.change({setting: _LOOSE})


def _allow_loopback(links: Sequence[Link], choice: Choice, record: NetworkRecord) -> None:
    """Let connections to a NodePort on 127.0.0.1 leave for pods of other nodes."""
    direct = {crossing.link for crossing in choice.crossings}
    names = [link.name for link in links if link.index in direct]
    record.change({f"ipv4/conf/{name}/route_localnet": "1" for name in names})


def _found(netlink: Netlink, here: Here, links: Sequence[Link], tunnel: int) -> State:
    pods = {link.index for link in links if link.name.startswith(LINK_PREFIX)}
    hops: set[Hop] = set()
    neighbours: set[Neighbour] = set()
    for family, source in here.sources.items():
        bodies = netlink.dump(messages.list_routes(family))
        hops |= {
            hop
            for route in map(messages.read_route, bodies)
            if route is not None and (hop := _own_hop(route, source, pods)) is not None
        }
        if tunnel:
            bodies = netlink.dump(peer_messages.list_neighbours(family))
            neighbours |= _on_tunnel(bodies, tunnel)
    if not tunnel:
        return State(frozenset(hops))
    forwarding = _on_tunnel(netlink.dump(peer_messages.list_forwarding()), tunnel)
    return State(frozenset(hops), frozenset(neighbours), frozenset(forwarding))


def _own_hop(route: Route, source: str, pods: set[int]) -> Hop | None:
    """The route as one to another node; None for others' routes, and for those to this node's pods
    and to Services.
    """
    ours = route.protocol == ROUTE_PROTOCOL and route.source == source
    if not ours or route.destination is None or not route.gateway or route.link in pods:
        return None
    return Hop(route.destination, route.gateway, route.link, route.source)


def _on_tunnel(bodies: Sequence[bytes], tunnel: int) -> set[Neighbour]:
    found = map(peer_messages.read_neighbour, bodies)
    return {one for one in found if one is not None and one.link == tunnel and one.address}
