"""The rtnetlink requests that routes to other nodes are made of, as values.

Owns the encoding of the VXLAN link, its neighbours and its table of nodes, as `messages` does of
what a pod's network takes.
"""

import errno
import socket
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final, NamedTuple

from mk8s_agent.network.library import ifinfmsg, ndmsg, rtmsg
from mk8s_agent.network.messages import (
    CREATE_OR_REPLACE,
    GONE,
    NUD_PERMANENT,
    RTM_DELROUTE,
    RTM_GETROUTE,
    RTM_NEWLINK,
    RTM_NEWNEIGH,
    RTM_NEWROUTE,
    RTM_SETLINK,
    RTNH_F_ONLINK,
    decode,
    encode,
    family_of,
    route_fields,
)
from mk8s_agent.network.netlink import NLM_F_CREATE, NLM_F_EXCL, Request

RTM_DELNEIGH, RTM_GETNEIGH = 29, 30

_NTF_SELF = 2
_RTN_LOCAL = 2
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL})
_ABSENT = GONE | {errno.ENOENT}
_VXLAN: Final = "vxlan"


class Way(NamedTuple):
    """How the kernel sends to an address: by the link with that index.

    `direct`: no router is in between; `local`: the address is this node's own.
    """

    link: int
    direct: bool = True
    local: bool = False


class Hop(NamedTuple):
    """A route to a network: by a gateway that is taken to be on the link, from address `source`."""

    destination: str
    gateway: str
    link: int
    source: str


class Neighbour(NamedTuple):
    """What a link knows once and for all: an address's hardware address, or, in the VXLAN link's
    table of nodes, behind which node's address a hardware address is.
    """

    link: int
    address: str
    hardware: str


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A VXLAN link; `hardware` and what follows decide whether it can be used as it is."""

    index: int
    name: str
    mtu: int
    up: bool
    hardware: str
    vni: int
    port: int
    learning: bool


def add_tunnel(name: str, hardware: str, vni: int, port: int, mtu: int) -> Request:
    """A VXLAN link that sends only where it is told to, and learns nothing by itself."""
    data = [
        ("IFLA_VXLAN_ID", vni),
        ("IFLA_VXLAN_PORT", port),
        ("IFLA_VXLAN_LEARNING", 0),
    ]
    info = [("IFLA_INFO_KIND", _VXLAN), ("IFLA_INFO_DATA", {"attrs": data})]
    attrs = [
        ("IFLA_IFNAME", name),
        ("IFLA_ADDRESS", hardware),
        ("IFLA_MTU", mtu),
        ("IFLA_LINKINFO", {"attrs": info}),
    ]
    what = f"create the VXLAN link {name} (network {vni}, UDP port {port})"
    flags = NLM_F_CREATE | NLM_F_EXCL
    return Request(RTM_NEWLINK, flags, encode(ifinfmsg, {}, attrs), what)


def set_mtu(link: str, mtu: int) -> Request:
    """Change a link's MTU; the link is found by its name."""
    body = encode(ifinfmsg, {}, [("IFLA_IFNAME", link), ("IFLA_MTU", mtu)])
    return Request(RTM_SETLINK, 0, body, f"set the MTU of link {link} to {mtu}")


def read_tunnel(body: bytes) -> Tunnel | None:
    """One answer to `get_link`; None for links of other kinds."""
    message = decode(ifinfmsg, body)
    info = message.get_attr("IFLA_LINKINFO")
    if info is None or info.get_attr("IFLA_INFO_KIND") != _VXLAN:
        return None
    get = info.get_attr("IFLA_INFO_DATA").get_attr
    return Tunnel(
        index=message["index"],
        name=message.get_attr("IFLA_IFNAME") or "",
        mtu=message.get_attr("IFLA_MTU") or 0,
        up=bool(message["flags"] & 1),
        hardware=message.get_attr("IFLA_ADDRESS") or "",
        vni=get("IFLA_VXLAN_ID") or 0,
        port=get("IFLA_VXLAN_PORT") or 0,
        learning=bool(get("IFLA_VXLAN_LEARNING")),
    )


def add_hop(hop: Hop) -> Request:
    """Add the route, or let it take the place of the one to the same network."""
    fields, attrs = _hop(hop)
    fields |= {"flags": RTNH_F_ONLINK}
    what = f"add a route to {hop.destination} by {hop.gateway}"
    return Request(RTM_NEWROUTE, CREATE_OR_REPLACE, encode(rtmsg, fields, attrs), what)


def delete_hop(hop: Hop) -> Request:
    """Remove exactly this route."""
    fields, attrs = _hop(hop)
    what = f"remove the route to {hop.destination}"
    return Request(RTM_DELROUTE, 0, encode(rtmsg, fields, attrs), what, _ABSENT)


def delete_neighbour(neighbour: Neighbour) -> Request:
    """Forget what a link knows of an address."""
    fields = {"family": family_of(neighbour.address), "ifindex": neighbour.link}
    body = encode(ndmsg, fields, [("NDA_DST", neighbour.address)])
    return Request(RTM_DELNEIGH, 0, body, f"remove neighbour {neighbour.address}", _ABSENT)


def list_neighbours(family: int) -> Request:
    """All neighbours of a family; see `read_neighbour`."""
    return Request(RTM_GETNEIGH, 0, encode(ndmsg, {"family": family}, []), "list the neighbours")


def add_forwarding(entry: Neighbour) -> Request:
    """Say behind which node's address a hardware address is."""
    fields = _forwarding(entry) | {"state": NUD_PERMANENT}
    attrs = [("NDA_LLADDR", entry.hardware), ("NDA_DST", entry.address)]
    what = f"send to node {entry.address} by link {entry.link}"
    return Request(RTM_NEWNEIGH, CREATE_OR_REPLACE, encode(ndmsg, fields, attrs), what)


def delete_forwarding(entry: Neighbour) -> Request:
    """Forget behind which node's address a hardware address is."""
    attrs = [("NDA_LLADDR", entry.hardware), ("NDA_DST", entry.address)]
    what = f"forget node {entry.address} on link {entry.link}"
    return Request(RTM_DELNEIGH, 0, encode(ndmsg, _forwarding(entry), attrs), what, _ABSENT)


def list_forwarding() -> Request:
    """All links' tables of hardware addresses; see `read_neighbour`."""
    body = encode(ndmsg, {"family": socket.AF_BRIDGE}, [])
    return Request(RTM_GETNEIGH, 0, body, "list where links forward to")


def read_neighbour(body: bytes) -> Neighbour | None:
    """One answer to `list_neighbours` or `list_forwarding`; None for what is not permanent."""
    message = decode(ndmsg, body)
    if not message["state"] & NUD_PERMANENT:
        return None
    address, hardware = message.get_attr("NDA_DST"), message.get_attr("NDA_LLADDR")
    return Neighbour(message["ifindex"], address or "", hardware or "")


def find_way(address: str) -> Request:
    """How the kernel would send to `address`; see `read_way`."""
    family = family_of(address)
    fields = {"family": family, "dst_len": ip_network(address).prefixlen}
    body = encode(rtmsg, fields, [("RTA_DST", address)])
    return Request(RTM_GETROUTE, 0, body, f"find the way to {address}", _NO_WAY)


def read_way(body: bytes) -> Way | None:
    """The answer to `find_way`; None when the answer is that there is none."""
    message = decode(rtmsg, body)
    if message["type"] not in (1, _RTN_LOCAL):
        return None
    return Way(
        link=message.get_attr("RTA_OIF") or 0,
        direct=not message.get_attr("RTA_GATEWAY") and not message.get_attr("RTA_VIA"),
        local=message["type"] == _RTN_LOCAL,
    )


def _hop(hop: Hop) -> tuple[dict[str, int], list[tuple[str, object]]]:
    network = ip_network(hop.destination)
    fields = route_fields(family_of(hop.destination), network.prefixlen)
    attrs: list[tuple[str, object]] = [
        ("RTA_DST", str(network.network_address)),
        ("RTA_GATEWAY", hop.gateway),
        ("RTA_OIF", hop.link),
        ("RTA_PREFSRC", hop.source),
    ]
    return fields, attrs


def _forwarding(entry: Neighbour) -> dict[str, int]:
    return {"family": socket.AF_BRIDGE, "ifindex": entry.link, "flags": _NTF_SELF}
