"""Sockets of other network namespaces: those of pods, and the machine's own."""

from __future__ import annotations

import asyncio
import socket
from contextlib import nullcontext
from pathlib import Path

from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.namespaces import namespace_at, namespace_of

_LOCALHOST = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


async def connect_localhost(pid: int | None, port: int) -> socket.socket:
    """Connect to localhost in the network namespace of process `pid`, None for the node's own.

    Returns a connected, non-blocking TCP socket. Raises OSError of the first address tried, in the
    order of /etc/hosts: 127.0.0.1, then ::1. Raises NetworkError when the namespace is not there.
    """
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for family, address in _LOCALHOST:
        # A socket stays in the namespace where it was made; only making it needs a thread there.
        try:
            made = await asyncio.to_thread(_socket_in, pid, family)
        except OSError as error:
            failure = failure or error
            continue
        try:
            await loop.sock_connect(made, (address, port))
        except OSError as error:
            made.close()
            failure = failure or error
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise failure or OSError("there is no localhost")


def _socket_in(pid: int | None, family: socket.AddressFamily) -> socket.socket:
    with nullcontext() if pid is None else namespace_of(pid):
        made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    made.setblocking(False)
    return made


async def socket_at(
    namespace: Path, family: socket.AddressFamily, kind: socket.SocketKind
) -> socket.socket:
    """A non-blocking socket of the network namespace that a file names. Raises OSError."""

    def make() -> socket.socket:
        with namespace_at(namespace):
            return socket.socket(family, kind | socket.SOCK_CLOEXEC)

    try:
        made = await asyncio.to_thread(make)
    except NetworkError as error:
        raise OSError(str(error)) from error
    made.setblocking(False)
    return made
