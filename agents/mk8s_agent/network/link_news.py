"""Whose link was taken away: the kernel's notifications, boiled down to pods' addresses.

Owns what a notification says of a pod. Repairs nothing.
"""

import socket
import struct
from collections.abc import Callable, Iterator

from minikube8s.kit import kernelnews
from mk8s_agent.network import names
from mk8s_agent.network.netlink import attributes, split

_RTMGRP_LINK = 1
_RTM_DELLINK = 17
_LINK_HEADER = struct.Struct("=BxHiII")
_IFLA_IFNAME = 3


async def follow(lost: Callable[[str], None]) -> None:
    """Call `lost` with the address of each pod whose link goes, whoever took it away.

    With an empty address when notifications were lost: then it may be any. Never ends by itself.
    """
    async for waiting in kernelnews.batches(socket.NETLINK_ROUTE, _RTMGRP_LINK):
        for datagram in waiting:
            for address in ("",) if datagram is None else gone(datagram):
                lost(address)


def gone(datagram: bytes) -> Iterator[str]:
    """The addresses of the pods whose links a datagram tells the end of. Pure."""
    for kind, _, _, body in split(datagram):
        if kind != _RTM_DELLINK:
            continue
        for attribute, value in attributes(body[_LINK_HEADER.size :]):
            if attribute == _IFLA_IFNAME:
                address = names.link_address(value.rstrip(b"\0").decode(errors="replace"))
                if address is not None:
                    yield address
