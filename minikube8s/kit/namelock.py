"""Owns that a name belongs to one process at a time within a network namespace.

The name is that of an abstract socket: the kernel frees it when its process ends, however it ends,
and nothing is left on disk. See unix(7).
"""

from __future__ import annotations

import socket
from pathlib import Path

_SOCKETS = Path("/proc/net/unix")


class NameTaken(Exception):
    """Another process has the name."""


def agent_name(cluster: str) -> str:
    """The name that the agent of a cluster's node holds while it works."""
    return f"mk8s/{cluster}/agent"


def other_agents(cluster: str) -> set[str]:
    """The names that agents of other clusters hold in this namespace."""
    words = (line.split()[-1] for line in _SOCKETS.read_text().splitlines())
    agents = {word[1:] for word in words if word.startswith("@mk8s/") and word.endswith("/agent")}
    return agents - {agent_name(cluster)}


def take(name: str) -> socket.socket:
    """Hold ``name`` until the returned socket is closed. Raises NameTaken."""
    holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        holder.bind(f"\0{name}")
    except OSError:
        holder.close()
        raise NameTaken(name) from None
    return holder


def is_taken(name: str) -> bool:
    """Whether some process holds ``name``."""
    try:
        take(name).close()
    except NameTaken:
        return True
    return False
