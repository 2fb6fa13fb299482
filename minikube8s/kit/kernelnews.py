"""Notifications of the kernel, as they come.

Owns the sockets that it sends them to, and how they are read. Knows nothing of what they say.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

_SO_RCVBUFFORCE = 33
_RECEIVE_BYTES = 1 << 18


async def batches(
    protocol: int, groups: int, buffer_bytes: int = 0
) -> AsyncIterator[Iterator[bytes | None]]:
    """The datagrams of these groups in this network namespace; never ends by itself.

    Yields what waits, each time that something does: to be read to its end before the next. None
    stands for notifications that were lost. `buffer_bytes` is what the kernel keeps for a reader
    that takes its time, 0 for its own default.
    """
    readable = asyncio.Event()
    loop = asyncio.get_running_loop()
    with _subscribe(protocol, groups, buffer_bytes) as channel:
        loop.add_reader(channel, readable.set)
        try:
            while True:
                await readable.wait()
                readable.clear()
                yield _waiting(channel)
        finally:
            loop.remove_reader(channel)


def _subscribe(protocol: int, groups: int, buffer_bytes: int) -> socket.socket:
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    channel = socket.socket(socket.AF_NETLINK, kind, protocol)
    if buffer_bytes:
        channel.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, buffer_bytes)
    channel.bind((0, groups))
    return channel


def _waiting(channel: socket.socket) -> Iterator[bytes | None]:
    while True:
        try:
            yield channel.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            yield None
