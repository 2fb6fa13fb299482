"""The protobuf wire form, as far as a writer of nested messages needs it."""

from __future__ import annotations

_VARINT, _LENGTH_DELIMITED = 0, 2


def varint(number: int) -> bytes:
    """A non-negative integer in groups of seven bits, lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, value: bytes) -> bytes:
    """A string, bytes or an embedded message."""
    return varint(number << 3 | _LENGTH_DELIMITED) + varint(len(value)) + value


def flag(number: int, value: bool) -> bytes:
    """A bool."""
    return varint(number << 3 | _VARINT) + (b"\x01" if value else b"\x00")
