"""The protobuf wire form: varints, fixed numbers, length-delimited bytes. Knows no messages."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_VARINT, _FIXED64, _LENGTH_DELIMITED, _FIXED32 = 0, 1, 2, 5
_WORD = 2**64


class Malformed(ValueError):
    """Bytes that are no protobuf message."""


def varint(number: int) -> bytes:
    """An integer in groups of seven bits, lowest first; a negative one as its 64-bit complement."""
    number %= _WORD
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, value: bytes) -> bytes:
    """A string, bytes or an embedded message."""
    return varint(number << 3 | _LENGTH_DELIMITED) + varint(len(value)) + value


def integer(number: int, value: int) -> bytes:
    """An int32, int64 or bool."""
    return varint(number << 3 | _VARINT) + varint(value)


def double(number: int, value: float) -> bytes:
    """A double."""
    return varint(number << 3 | _FIXED64) + struct.pack("<d", value)


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Every field of a message: its number, and an integer or the bytes that it holds.

    Fixed-width numbers come as their bytes. Raises Malformed.
    """
    position, end = 0, len(data)
    while position < end:
        key, position = read_varint(data, position)
        kind = key & 7
        if kind == _VARINT:
            value, position = read_varint(data, position)
            yield key >> 3, value
            continue
        if kind == _LENGTH_DELIMITED:
            size, position = read_varint(data, position)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise Malformed(f"wire type {kind} is not used by Kubernetes")
        if size > end - position:
            raise Malformed("a field is longer than its message")
        yield key >> 3, data[position : position + size]
        position += size


def read_varint(data: memoryview, position: int) -> tuple[int, int]:
    """The integer at a position, and the position behind it. Raises Malformed."""
    number = shift = 0
    while position < len(data) and shift < 70:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number % _WORD, position
        shift += 7
    raise Malformed("an integer does not end")


def signed(number: int) -> int:
    """A varint's value as the signed 64-bit integer that it stands for."""
    return number - _WORD if number >= _WORD // 2 else number


def as_double(data: memoryview) -> float:
    """The value of a double field. Raises Malformed."""
    if len(data) != 8:
        raise Malformed("a double has eight bytes")
    value: float = struct.unpack("<d", data)[0]
    return value
