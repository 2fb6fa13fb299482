"""Taking the port of DNS, and looking whether it can be had."""

from __future__ import annotations

import errno
import socket

PORT = 53
_BACKLOG = 128
_NOBODYS = "127.0.0.253"
"""A loopback address that nobody listens at, but for programs that listen everywhere."""


def bound(address: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A UDP and a listening TCP socket of an address. Raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made: list[socket.socket] = []
    try:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            one = socket.socket(family, kind | socket.SOCK_CLOEXEC)
            made.append(one)
            if kind is socket.SOCK_STREAM:
                # Connections of an earlier agent hold nobody up.
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((address, port))
        made[1].listen(_BACKLOG)
    except OSError:
        for one in made:
            one.close()
        raise
    return made[0], made[1]


def taken_everywhere(port: int = PORT) -> bool:
    """Whether a program has the port on all addresses of this machine: then no node can have it."""
    try:
        sockets = bound(_NOBODYS, port)
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    for one in sockets:
        one.close()
    return False
