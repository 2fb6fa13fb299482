"""TCP to a container's pod: which port is meant, and the words for a connection that fails."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl

from minikube8s.api.views import Container, TCPSocketAction
from mk8s_agent.probes.values import Finding, ProbeError

_PROBE_BUFFER = 4096


class Unreachable(Exception):
    """No connection; `str()` is what Go says of it."""


def port_of(port: int | str, container: Container) -> int:
    """A port's number; a name is that of one of the container's ports. Raises ProbeError."""
    number: int | None = None
    if isinstance(port, str):
        number = next((one.container_port for one in container.ports if one.name == port), None)
        if number is None and not (port.isascii() and port.isdigit() and len(port) <= 5):
            raise ProbeError(f'strconv.Atoi: parsing "{port}": invalid syntax')
    number = int(port) if number is None else number
    if not 0 < number < 65536:
        raise ProbeError(f"invalid port number: {number}")
    return number


def joined(host: str, port: int) -> str:
    """`host:port`, with an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def connect(
    host: str, port: int, limit: int, tls: ssl.SSLContext | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that reads `limit` bytes ahead. Raises Unreachable, ssl.SSLError."""
    try:
        return await asyncio.open_connection(host, port, limit=limit, ssl=tls)
    except ssl.SSLError:
        raise
    except (socket.gaierror, UnicodeError) as error:
        raise Unreachable(f"dial tcp: lookup {host}: no such host") from error
    except ConnectionResetError as error:
        raise Unreachable(f"read tcp {joined(host, port)}: connection reset by peer") from error
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise Unreachable(f"dial tcp {joined(host, port)}: connect: {reason}") from error


async def judge_connection(
    action: TCPSocketAction, container: Container, host: str, seconds: int
) -> Finding:
    """Whether somebody accepts a connection within `seconds`. Raises ProbeError."""
    address = action.host or host
    port = port_of(action.port, container)
    try:
        async with asyncio.timeout(seconds):
            _, writer = await connect(address, port, _PROBE_BUFFER)
    except TimeoutError:
        return Finding(False, f"dial tcp {joined(address, port)}: i/o timeout")
    except Unreachable as error:
        return Finding(False, str(error))
    # An ordinary end: the kubelet's lingering close waits for the peer, and nothing may wait here.
    writer.close()
    return Finding(True)
