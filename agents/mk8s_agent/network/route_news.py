"""Whether something happened to what leads to other nodes: the kernel's notifications, sifted.

Owns the sieve. Pods come and go by links and routes of their own all the time; their
news is left out, so that what they do costs nothing here.
"""

import socket
import struct
from collections.abc import Callable

from minikube8s.kit import kernelnews
from mk8s_agent.network.names import LINK_PREFIX, ROUTE_PROTOCOL
from mk8s_agent.network.netlink import attributes, split

_RTMGRP_LINK, _RTMGRP_NEIGH = 1, 4
_RTMGRP_IPV4_IFADDR, _RTMGRP_IPV4_ROUTE = 0x10, 0x40
_RTMGRP_IPV6_IFADDR, _RTMGRP_IPV6_ROUTE = 0x100, 0x400
_GROUPS = (
    _RTMGRP_LINK
    | _RTMGRP_NEIGH
    | _RTMGRP_IPV4_IFADDR
    | _RTMGRP_IPV4_ROUTE
    | _RTMGRP_IPV6_IFADDR
    | _RTMGRP_IPV6_ROUTE
)
_LINKS = (16, 17)
_ADDRESSES = (20, 21)
_NEWROUTE, _DELROUTE = 24, 25
_DELNEIGH = 29
_LINK_HEADER_BYTES = 16
_ROUTE_HEADER = struct.Struct("=BBBBBBBBI")
_NEIGHBOUR_HEADER = struct.Struct("=B3xiHBB")
_IFLA_IFNAME = 3
_MAIN_TABLE = 254
_CLONED = 0x200


async def follow(changed: Callable[[], None], tunnel: Callable[[], int]) -> None:
    """Call `changed` after news that concerns routes to other nodes; never ends by itself.

    `tunnel` tells the VXLAN link's index, 0 while there is none.
    """
    async for waiting in kernelnews.batches(socket.NETLINK_ROUTE, _GROUPS):
        index = tunnel()
        # What was lost may have told anything.
        told = [each is None or concerns(each, index) for each in waiting]
        if any(told):
            changed()


def concerns(datagram: bytes, tunnel: int) -> bool:
    """Whether a datagram tells of something that routes to other nodes depend on. Pure."""
    return any(_message_concerns(kind, body, tunnel) for kind, _, _, body in split(datagram))


def _message_concerns(kind: int, body: bytes, tunnel: int) -> bool:
    if kind in _LINKS:
        return not _name(body).startswith(LINK_PREFIX)
    if kind in _ADDRESSES:
        return True
    if kind in (_NEWROUTE, _DELROUTE) and len(body) >= _ROUTE_HEADER.size:
        return _route_concerns(kind, body)
    if kind == _DELNEIGH and len(body) >= _NEIGHBOUR_HEADER.size:
        return tunnel != 0 and _NEIGHBOUR_HEADER.unpack_from(body)[1] == tunnel
    return False


def _route_concerns(kind: int, body: bytes) -> bool:
    family, bits, _, _, table, protocol, _, _, flags = _ROUTE_HEADER.unpack_from(body)
    if table != _MAIN_TABLE or flags & _CLONED:
        return False
    if protocol != ROUTE_PROTOCOL:
        return True
    to_one_pod = bits == (128 if family == socket.AF_INET6 else 32)
    return kind == _DELROUTE and not to_one_pod


def _name(body: bytes) -> str:
    for attribute, value in attributes(body[_LINK_HEADER_BYTES:]):
        if attribute == _IFLA_IFNAME:
            return value.rstrip(b"\0").decode(errors="replace")
    return ""
