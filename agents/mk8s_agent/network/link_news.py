"""Whose link was taken away: the kernel's notifications, boiled down to pods' addresses.

Owns the notification socket. Repairs nothing.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator

from mk8s_agent.network import names
from mk8s_agent.network.netlink import attributes, split

_RTMGRP_LINK = 1
_RTM_DELLINK = 17
_LINK_HEADER = struct.Struct("=BxHiII")
_IFLA_IFNAME = 3
_RECEIVE_BYTES = 1 << 16


async def follow(lost: Callable[[str], None]) -> None:
    """Call `lost` with the address of each pod whose link goes, whoever took it away.

    With an empty address when notifications were lost: then it may be any. Never ends by itself.
    """
    readable = asyncio.Event()
    loop = asyncio.get_running_loop()
    with _subscribe() as channel:
        loop.add_reader(channel, readable.set)
        try:
            while True:
                await readable.wait()
                readable.clear()
                for address in _drain(channel):
                    lost(address)
        finally:
            loop.remove_reader(channel)


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


def _subscribe() -> socket.socket:
    channel = socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
    )
    channel.setblocking(False)
    channel.bind((0, _RTMGRP_LINK))
    return channel


def _drain(channel: socket.socket) -> Iterator[str]:
    while True:
        try:
            yield from gone(channel.recv(_RECEIVE_BYTES))
        except BlockingIOError:
            return
        except OSError:
            yield ""
