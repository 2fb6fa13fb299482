"""Owns the question which IPv4 addresses this network namespace has, and how they are labelled."""

from __future__ import annotations

import array
import fcntl
import socket
import struct
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address

_SIOCGIFCONF = 0x8912  # netdevice(7)
_ENTRY = struct.Struct("16sH2x4s16x")
_ENTRIES = 4096
_LABEL_ROOM = 12
_NODE, _ANNOUNCED = "lo", "lb"


@dataclass(frozen=True, slots=True)
class LocalAddress:
    """One address; ``label`` is its interface's name, or the longer one that it was given."""

    label: str
    address: IPv4Address


def local_addresses() -> list[LocalAddress]:
    """Every IPv4 address of this namespace, of links that are up and down."""
    room = array.array("B", bytes(_ENTRY.size * _ENTRIES))
    place, size = room.buffer_info()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, _SIOCGIFCONF, struct.pack("iP", size, place))
    used = struct.unpack("iP", answer)[0]
    return [
        LocalAddress(name.rstrip(b"\0").decode(), IPv4Address(packed))
        for name, _, packed in _ENTRY.iter_unpack(room.tobytes()[:used])
    ]


def address_label(cluster: str) -> str:
    """The label of a node's own address on ``lo``; at most 15 characters."""
    return _label(_NODE, cluster)


def announced_label(cluster: str) -> str:
    """The label of Services' addresses that a node announces."""
    return _label(_ANNOUNCED, cluster)


def is_added(local: LocalAddress) -> bool:
    """Whether an address is none of the machine's own, but what a cluster gave it."""
    return local.label.startswith((f"{_NODE}:", f"{_ANNOUNCED}:"))


def _label(kind: str, cluster: str) -> str:
    if len(cluster) > _LABEL_ROOM:
        cluster = f"{cluster[:7]}-{sha256(cluster.encode()).hexdigest()[:4]}"
    return f"{kind}:{cluster}"
