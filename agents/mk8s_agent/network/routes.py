"""Which routes lead to the other nodes' pods, and what has to change in the kernel for them. Pure.

A node on the same link is the gateway to its pods (host-gw). Behind a router nobody knows pods'
addresses, so what goes there is wrapped (VXLAN): the link `vx-<cluster>` has one permanent
neighbour, one entry in its table of nodes and one route for each such node. What is found is
ours by its protocol and its source, the node's address towards pods: the next agent needs no list.
"""

import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from mk8s_agent.network import messages, peer_messages
from mk8s_agent.network.addresses import node_address
from mk8s_agent.network.messages import family_of
from mk8s_agent.network.names import hardware_address, tunnel_name, tunnel_network
from mk8s_agent.network.netlink import Request
from mk8s_agent.network.peer_messages import Hop, Neighbour, Tunnel, Way

AUTO: Final = "auto"
HOST_GW: Final = "host-gw"
VXLAN: Final = "vxlan"
WRAPPING: Final = 50
"""Bytes that VXLAN over IPv4 puts around a packet."""
VXLAN_PORT: Final = 8472


class Overlay(NamedTuple):
    """How pods of other nodes are reached: `auto`, `host-gw` or `vxlan`, and by which VXLAN network
    and UDP port; 0 is the network that the cluster's name gives, and the usual port.
    """

    mode: str = AUTO
    vni: int = 0
    port: int = 0


class Peer(NamedTuple):
    """Another node: the ranges of its pods, and its own addresses, each of either family."""

    node: str
    subnets: tuple[str, ...]
    addresses: tuple[str, ...]


class TunnelWanted(NamedTuple):
    """What the VXLAN link has to be."""

    name: str
    hardware: str
    vni: int
    port: int
    mtu: int


class Crossing(NamedTuple):
    """One range of a peer's pods, and how it is reached: directly by `link`, or wrapped (0)."""

    subnet: str
    address: str
    link: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """How each peer is reached; `unreachable` has a sentence for each one that is not."""

    crossings: tuple[Crossing, ...] = ()
    tunnel: TunnelWanted | None = None
    unreachable: tuple[str, ...] = ()
    links: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class State:
    """Routes, neighbours and the VXLAN link's table of nodes: as wanted, or as they are found."""

    hops: frozenset[Hop] = frozenset()
    neighbours: frozenset[Neighbour] = frozenset()
    forwarding: frozenset[Neighbour] = frozenset()


@dataclass(frozen=True, slots=True)
class Here:
    """This node: the cluster's name, the ranges of its pods, and how it reaches others."""

    cluster: str
    subnets: tuple[str, ...] = ()
    overlay: Overlay = field(default_factory=Overlay)

    @property
    def sources(self) -> dict[int, str]:
        """The node's address towards pods, by family."""
        return {family_of(one): node_address(one) for one in self.subnets}


def choose(
    here: Here, peers: Iterable[Peer], ways: Mapping[str, Way | None], mtus: Mapping[int, int]
) -> Choice:
    """Decide for each peer; `ways` is how the kernel reaches its addresses, `mtus` are links'."""
    crossings: list[Crossing] = []
    unreachable: list[str] = []
    links: set[int] = set()
    wrapped_by: set[int] = set()
    for peer in peers:
        problem = _problem(here.overlay.mode, peer, ways)
        if problem:
            unreachable.append(problem)
            continue
        for subnet in peer.subnets:
            if family_of(subnet) not in here.sources:
                continue
            near = _near(peer, subnet, ways) if here.overlay.mode != VXLAN else None
            if near is not None:
                crossings.append(near)
                links.add(near.link)
            elif here.overlay.mode == HOST_GW:
                unreachable.append(_no_address(peer, subnet))
            elif (far := _far(peer, ways)) is not None:
                crossings.append(Crossing(subnet, far))
                wrapped_by.add(_link(ways, far))
            else:
                unreachable.append(_not_wrapped(peer, subnet))
    mtu = min((mtus[link] for link in wrapped_by if link in mtus), default=1500) - WRAPPING
    wrapped = any(not one.link for one in crossings)
    tunnel = tunnel_wanted(here, mtu) if wrapped else None
    return Choice(tuple(crossings), tunnel, tuple(unreachable), frozenset(links | wrapped_by))


def tunnel_wanted(here: Here, mtu: int) -> TunnelWanted:
    """The VXLAN link of this node.

    Its hardware address is made from the node's address towards pods: others know it without
    asking, and machines made from one image do not share it.
    """
    return TunnelWanted(
        name=tunnel_name(here.cluster),
        hardware=hardware_address(node_address(here.subnets[0])),
        vni=here.overlay.vni or tunnel_network(here.cluster),
        port=here.overlay.port or VXLAN_PORT,
        mtu=mtu,
    )


def tunnel_changes(wanted: TunnelWanted | None, found: Tunnel | None) -> list[Request]:
    """What makes the VXLAN link be as wanted; one that cannot become it is replaced."""
    if wanted is None:
        return [messages.delete_link(found.name)] if found is not None else []
    if found is not None and _same_tunnel(wanted, found):
        same = found.mtu == wanted.mtu
        return [] if same else [peer_messages.set_mtu(wanted.name, wanted.mtu)]
    requests = [messages.delete_link(found.name)] if found is not None else []
    return [*requests, peer_messages.add_tunnel(*wanted)]


def wanted_state(here: Here, choice: Choice, peers: Iterable[Peer], tunnel: int) -> State:
    """Everything that has to be in the kernel; `tunnel` is the VXLAN link's index."""
    hops: set[Hop] = set()
    neighbours: set[Neighbour] = set()
    forwarding: set[Neighbour] = set()
    first = {subnet: peer.subnets[0] for peer in peers for subnet in peer.subnets}
    for one in choice.crossings:
        source = here.sources[family_of(one.subnet)]
        if one.link:
            hops.add(Hop(one.subnet, one.address, one.link, source))
            continue
        gateway = node_address(one.subnet)
        hardware = hardware_address(node_address(first[one.subnet]))
        hops.add(Hop(one.subnet, gateway, tunnel, source))
        neighbours.add(Neighbour(tunnel, gateway, hardware))
        forwarding.add(Neighbour(tunnel, one.address, hardware))
    return State(frozenset(hops), frozenset(neighbours), frozenset(forwarding))


def changes(wanted: State, found: State) -> Iterator[Request]:
    """What turns `found` into `wanted`, and nothing else: what is right already is left alone.

    A route comes when what it needs is there, and its predecessor goes in the same moment.
    """
    for entry in sorted(wanted.forwarding - found.forwarding):
        yield peer_messages.add_forwarding(entry)
    for neighbour in sorted(wanted.neighbours - found.neighbours):
        yield messages.add_neighbour(neighbour.address, neighbour.hardware, neighbour.link)
    for hop in sorted(wanted.hops - found.hops):
        yield peer_messages.add_hop(hop)
    kept = {hop.destination for hop in wanted.hops}
    for hop in sorted(found.hops - wanted.hops):
        if hop.destination not in kept:
            yield peer_messages.delete_hop(hop)
    known = {(one.link, one.address) for one in wanted.neighbours}
    for neighbour in sorted(found.neighbours - wanted.neighbours):
        if (neighbour.link, neighbour.address) not in known:
            yield peer_messages.delete_neighbour(neighbour)
    told = {(one.link, one.hardware) for one in wanted.forwarding}
    for entry in sorted(found.forwarding - wanted.forwarding):
        if (entry.link, entry.hardware) not in told:
            yield peer_messages.delete_forwarding(entry)


def _problem(mode: str, peer: Peer, ways: Mapping[str, Way | None]) -> str:
    """Why a peer cannot be reached, in a sentence; empty when it can."""
    pods = f"pods of node {peer.node} ({', '.join(peer.subnets)}) cannot be reached"
    known = {address: way for address in peer.addresses if (way := ways.get(address)) is not None}
    if not known:
        addresses = ", ".join(peer.addresses) or "none"
        return (
            f"{pods}: this node has no route to its address ({addresses}):"
            " connect the two nodes, or start that node's agent with another address"
        )
    if all(way.local for way in known.values()):
        return (
            f"{pods}: its address {', '.join(known)} is also this node's own: start that node's"
            " agent with an address that others can reach"
        )
    if mode == HOST_GW and not any(way.direct and not way.local for way in known.values()):
        return (
            f"{pods}: its address {', '.join(known)} is behind a router, and the pod network is"
            " host-gw, which needs nodes on one link: choose --pod-network auto or vxlan"
        )
    return ""


def _no_address(peer: Peer, subnet: str) -> str:
    family = "IPv6" if ":" in subnet else "IPv4"
    return (
        f"pods of node {peer.node} ({subnet}) cannot be reached: it has no {family} address on a"
        " link of this node, and the pod network is host-gw: give it one, or choose --pod-network"
        " auto or vxlan"
    )


def _not_wrapped(peer: Peer, subnet: str) -> str:
    return (
        f"pods of node {peer.node} ({subnet}) cannot be reached: what is wrapped (VXLAN) goes to an"
        " IPv4 address, and this node has no route to one of that node's: connect the two by IPv4"
    )


def _near(peer: Peer, subnet: str, ways: Mapping[str, Way | None]) -> Crossing | None:
    for address in peer.addresses:
        way = ways.get(address)
        same_family = family_of(address) == family_of(subnet)
        if way is not None and way.direct and not way.local and same_family:
            return Crossing(subnet, address, way.link)
    return None


def _far(peer: Peer, ways: Mapping[str, Way | None]) -> str | None:
    """Where packets for the peer's pods are sent wrapped: by IPv4 alone."""
    for address in peer.addresses:
        way = ways.get(address)
        if way is not None and not way.local and family_of(address) == socket.AF_INET:
            return address
    return None


def _link(ways: Mapping[str, Way | None], address: str) -> int:
    way = ways.get(address)
    return way.link if way is not None else 0


def _same_tunnel(wanted: TunnelWanted, found: Tunnel) -> bool:
    have = (found.name, found.hardware, found.vni, found.port)
    return have == wanted[:4] and not found.learning
