"""Where the sockets come from by which other servers are asked."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

from mk8s_agent.network.sockets import socket_at


class Sockets(Protocol):
    """Opens the sockets by which servers are asked."""

    async def open(self, server: str, kind: socket.SocketKind) -> socket.socket:
        """A non-blocking socket for a server's address, not connected yet. Raises OSError."""
        ...


class OwnSockets:
    """Sockets of the agent's own network namespace."""

    async def open(self, server: str, kind: socket.SocketKind) -> socket.socket:
        """See Sockets."""
        made = socket.socket(_family(server), kind | socket.SOCK_CLOEXEC)
        made.setblocking(False)
        return made


class LabSockets:
    """Of a node that is a part of a machine: a server on loopback is on the machine's."""

    def __init__(self, machine: Path) -> None:
        self._machine = machine
        self._own = OwnSockets()

    async def open(self, server: str, kind: socket.SocketKind) -> socket.socket:
        """See Sockets."""
        if ip_address(server.partition("%")[0]).is_loopback:
            return await socket_at(self._machine, _family(server), kind)
        return await self._own.open(server, kind)


def sockets_of(machine: Path | None) -> Sockets:
    """What a node asks with; `machine` is the machine's network namespace where it has another."""
    return OwnSockets() if machine is None else LabSockets(machine)


def _family(server: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in server else socket.AF_INET
