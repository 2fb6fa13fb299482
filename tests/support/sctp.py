"""SCTP by hand, for kernels that translate it without speaking it themselves."""

from __future__ import annotations

import socket
import struct

from tests.support.netlab import Space, inside

PROTOCOL = 132
_POLYNOMIAL = 0x82F63B78


def listen(space: Space) -> socket.socket:
    """A socket that sees every SCTP packet for this namespace."""
    with inside(space):
        seeing = socket.socket(socket.AF_INET, socket.SOCK_RAW, PROTOCOL)
    seeing.settimeout(3.0)
    return seeing


def begin(space: Space, address: str, port: int, from_port: int = 40000) -> None:
    """Send the packet that begins an association."""
    chunk = struct.pack("!BBHIIHHI", 1, 0, 20, 7, 65536, 1, 1, 9)
    head = struct.pack("!HHI", from_port, port, 0)
    packet = head + struct.pack("<I", _crc32c(head + b"\0" * 4 + chunk)) + chunk
    with inside(space), socket.socket(socket.AF_INET, socket.SOCK_RAW, PROTOCOL) as sending:
        sending.sendto(packet, (address, 0))


def received(seeing: socket.socket) -> tuple[str, int]:
    """The source's address and the port that the next packet was sent to."""
    data, (address, _) = seeing.recvfrom(256)
    begins = (data[0] & 15) * 4
    return address, int.from_bytes(data[begins + 2 : begins + 4], "big")


def _crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
