"""The rtnetlink requests that a pod's network is made of, as values.

Owns their encoding (pyroute2's message classes). Sends nothing, and does not know why.
"""

import errno
import socket
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Final

from mk8s_agent.network.library import ifaddrmsg, ifinfmsg, ndmsg, rtmsg
from mk8s_agent.network.names import POD_LINK, ROUTE_PROTOCOL
from mk8s_agent.network.netlink import NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, Request

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK = 16, 17, 18, 19
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWNEIGH = 28

LOOPBACK_INDEX: Final = 1
"""`lo` is the first interface of every network namespace."""

_HEADER_BYTES = 16
_IFF_UP = 1
_IFA_F_NODAD = 2
NUD_PERMANENT = 0x80
RTNH_F_ONLINK = 4
_RT_TABLE_MAIN = 254
_RT_SCOPE_UNIVERSE, _RT_SCOPE_LINK, _RT_SCOPE_NOWHERE = 0, 253, 255
_RTN_UNICAST = 1
_CREATE = NLM_F_CREATE | NLM_F_EXCL
CREATE_OR_REPLACE = NLM_F_CREATE | NLM_F_REPLACE
GONE = frozenset({errno.ENODEV, errno.ESRCH, errno.EADDRNOTAVAIL})
_EXISTS = frozenset({errno.EEXIST})


@dataclass(frozen=True, slots=True)
class Link:
    """One interface as the kernel lists it."""

    index: int
    name: str
    alias: str
    mtu: int
    hardware: str
    peer_index: int
    operational: bool


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the main table; `destination` is None for a default route.

    `gateway` and `source` are empty where the route names none.
    """

    destination: str | None
    link: int
    protocol: int
    gateway: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """One address of the node; those of IPv6 have no label."""

    address: str
    prefix: int
    link: int
    label: str


def add_pair(*, link: str, hardware: str, peer_hardware: str, peer_pid: int, mtu: int) -> Request:
    """A veth whose peer, `eth0`, is born in the network namespace of process `peer_pid`."""
    peer = [
        ("IFLA_IFNAME", POD_LINK),
        ("IFLA_ADDRESS", peer_hardware),
        ("IFLA_MTU", mtu),
        ("IFLA_NET_NS_PID", peer_pid),
    ]
    data = {"attrs": [("VETH_INFO_PEER", {"attrs": peer})]}
    info = {"attrs": [("IFLA_INFO_KIND", "veth"), ("IFLA_INFO_DATA", data)]}
    attrs = [
        ("IFLA_IFNAME", link),
        ("IFLA_ADDRESS", hardware),
        ("IFLA_MTU", mtu),
        ("IFLA_LINKINFO", info),
    ]
    what = f"create link {link} with its peer {POD_LINK} in the namespace of process {peer_pid}"
    return Request(RTM_NEWLINK, _CREATE, encode(ifinfmsg, {}, attrs), what)


def set_alias(link: str, alias: str) -> Request:
    """Write the link's alias; the link is found by its name."""
    attrs = [("IFLA_IFNAME", link), ("IFLA_IFALIAS", alias)]
    return Request(RTM_SETLINK, 0, encode(ifinfmsg, {}, attrs), f"set the alias of link {link}")


def set_up(index: int) -> Request:
    """Switch a link on."""
    fields = {"index": index, "flags": _IFF_UP, "change": _IFF_UP}
    return Request(RTM_SETLINK, 0, encode(ifinfmsg, fields, []), f"switch link {index} on")


def delete_link(link: str) -> Request:
    """Delete a link by name; its peer, its addresses and its routes go with it."""
    body = encode(ifinfmsg, {}, [("IFLA_IFNAME", link)])
    return Request(RTM_DELLINK, 0, body, f"delete link {link}", GONE)


def add_address(address: str, index: int, label: str = "") -> Request:
    """Give a link an address of its own, without a network around it (/32, /128).

    It is in use at once: nobody is asked whether they have it, too.
    """
    attrs = [("IFA_LOCAL", address), ("IFA_ADDRESS", address)]
    if label:
        attrs.append(("IFA_LABEL", label))
    family = family_of(address)
    fields = {"family": family, "prefixlen": ip_address(address).max_prefixlen, "index": index}
    if family == socket.AF_INET6:
        fields["flags"] = _IFA_F_NODAD
    body = encode(ifaddrmsg, fields, attrs)
    return Request(RTM_NEWADDR, _CREATE, body, f"add address {address}", _EXISTS)


def delete_address(address: Address) -> Request:
    """Take an address away; the kernel removes the routes that prefer it as source."""
    attrs = [("IFA_LOCAL", address.address)]
    family = family_of(address.address)
    fields = {"family": family, "prefixlen": address.prefix, "index": address.link}
    body = encode(ifaddrmsg, fields, attrs)
    return Request(RTM_DELADDR, 0, body, f"remove address {address.address}", GONE)


def add_neighbour(address: str, hardware: str, index: int) -> Request:
    """Say once and for all which hardware address an address has: nobody needs to ask."""
    fields = {"family": family_of(address), "ifindex": index, "state": NUD_PERMANENT}
    body = encode(ndmsg, fields, [("NDA_DST", address), ("NDA_LLADDR", hardware)])
    return Request(RTM_NEWNEIGH, CREATE_OR_REPLACE, body, f"add neighbour {address}")


def add_route(destination: str, index: int, source: str) -> Request:
    """Reach a network (`10.244.0.5/32`) directly through a link, from address `source`."""
    network = ip_network(destination)
    family = family_of(destination)
    scope = _RT_SCOPE_LINK if family == socket.AF_INET else _RT_SCOPE_UNIVERSE
    fields = route_fields(family, network.prefixlen, scope)
    attrs = [
        ("RTA_DST", str(network.network_address)),
        ("RTA_OIF", index),
        ("RTA_PREFSRC", source),
    ]
    body = encode(rtmsg, fields, attrs)
    return Request(RTM_NEWROUTE, CREATE_OR_REPLACE, body, f"add a route to {destination}")


def delete_route(route: Route, family: int) -> Request:
    """Remove a route to a network that goes through a link."""
    network = ip_network(route.destination or "::/0")
    fields = route_fields(family, network.prefixlen) | {"scope": _RT_SCOPE_NOWHERE}
    attrs = [("RTA_DST", str(network.network_address)), ("RTA_OIF", route.link)]
    body = encode(rtmsg, fields, attrs)
    return Request(RTM_DELROUTE, 0, body, f"remove the route to {route.destination}", GONE)


def add_default_route(gateway: str, index: int) -> Request:
    """Reach everything through `gateway`, which is on the link though no route says so."""
    fields = route_fields(family_of(gateway), 0) | {"flags": RTNH_F_ONLINK}
    body = encode(rtmsg, fields, [("RTA_GATEWAY", gateway), ("RTA_OIF", index)])
    return Request(RTM_NEWROUTE, CREATE_OR_REPLACE, body, f"add a default route by {gateway}")


def get_link(link: str) -> Request:
    """One interface by name; see `read_link`."""
    body = encode(ifinfmsg, {}, [("IFLA_IFNAME", link)])
    return Request(RTM_GETLINK, 0, body, f"find link {link}", GONE)


def list_links() -> Request:
    """All interfaces; see `read_link`."""
    return Request(RTM_GETLINK, 0, encode(ifinfmsg, {}, []), "list the links")


def list_routes(family: int = socket.AF_INET) -> Request:
    """All routes of a family; see `read_route`."""
    body = encode(rtmsg, {"family": family}, [])
    return Request(RTM_GETROUTE, 0, body, "list the routes")


def list_addresses(family: int = socket.AF_INET) -> Request:
    """All addresses of a family; see `read_address`."""
    body = encode(ifaddrmsg, {"family": family}, [])
    return Request(RTM_GETADDR, 0, body, "list the addresses")


def read_link(body: bytes) -> Link:
    """One answer to `list_links` or `get_link`."""
    message = decode(ifinfmsg, body)
    get = message.get_attr
    return Link(
        index=message["index"],
        name=get("IFLA_IFNAME") or "",
        alias=get("IFLA_IFALIAS") or "",
        mtu=get("IFLA_MTU") or 0,
        hardware=get("IFLA_ADDRESS") or "",
        peer_index=get("IFLA_LINK") or 0,
        operational=get("IFLA_OPERSTATE") == "UP",
    )


def read_route(body: bytes) -> Route | None:
    """One answer to `list_routes`; None for routes of other tables than main."""
    message = decode(rtmsg, body)
    if message["table"] != _RT_TABLE_MAIN or message["type"] != _RTN_UNICAST:
        return None
    address = message.get_attr("RTA_DST")
    destination = f"{address}/{message['dst_len']}" if message["dst_len"] else None
    return Route(
        destination,
        message.get_attr("RTA_OIF") or 0,
        message["proto"],
        message.get_attr("RTA_GATEWAY") or "",
        message.get_attr("RTA_PREFSRC") or "",
    )


def read_address(body: bytes) -> Address:
    """One answer to `list_addresses`."""
    message = decode(ifaddrmsg, body)
    return Address(
        address=message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS") or "",
        prefix=message["prefixlen"],
        link=message["index"],
        label=message.get_attr("IFA_LABEL") or "",
    )


def family_of(address: str) -> int:
    """The address family of an address or a network."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def route_fields(family: int, prefix: int, scope: int = _RT_SCOPE_UNIVERSE) -> dict[str, int]:
    """The header of a route of ours."""
    return {
        "family": family,
        "dst_len": prefix,
        "table": _RT_TABLE_MAIN,
        "proto": ROUTE_PROTOCOL,
        "scope": scope,
        "type": _RTN_UNICAST,
    }


def encode(kind: Any, fields: dict[str, int], attrs: list[tuple[str, Any]]) -> bytes:
    """A message's body after the netlink header."""
    message = kind()
    message.update(fields)
    message["attrs"] = attrs
    message.encode()
    return bytes(message.data[_HEADER_BYTES:])


def decode(kind: Any, body: bytes) -> Any:
    """The inverse of `encode`."""
    data = (_HEADER_BYTES + len(body)).to_bytes(4, "little") + bytes(_HEADER_BYTES - 4) + body
    message = kind(data)
    message.decode()
    return message
