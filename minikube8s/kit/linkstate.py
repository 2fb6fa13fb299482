"""Owns the question whether a link of this network namespace is switched on. See netdevice(7)."""

from __future__ import annotations

import fcntl
import socket
import struct

_SIOCGIFFLAGS = 0x8913
_IFF_UP = 1
_REQUEST = struct.Struct("16sH22x")


def is_on(link: str) -> bool | None:
    """Whether the link is switched on; None when there is none of that name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            request = _REQUEST.pack(link.encode(), 0)
            answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request)
        except OSError:
            return None
    return bool(_REQUEST.unpack(answer)[1] & _IFF_UP)
