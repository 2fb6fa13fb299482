"""The protobuf wire form: varints, fixed numbers, length-delimited bytes. Knows no messages."""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5
_WORD = 2**64
_LONGEST_VARINT = 10

_SHORT = tuple(bytes([number]) for number in range(0x80))
"""The varints of one byte, which most are."""


class Malformed(ValueError):
    """Bytes that are no protobuf message."""


def varint(number: int) -> bytes:
    """An integer in groups of seven bits, lowest first; a negative one as its 64-bit complement."""
    if 0 <= number < 0x80:
        return _SHORT[number]
    number %= _WORD
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def tag(number: int, kind: int) -> bytes:
    """What stands before a field's value: its number and how the value is written."""
    return varint(number << 3 | kind)


def field(number: int, value: bytes) -> bytes:
    """A string, bytes or an embedded message."""
    return tag(number, LENGTH_DELIMITED) + varint(len(value)) + value


def integer(number: int, value: int) -> bytes:
    """An int32, int64 or bool."""
    return tag(number, VARINT) + varint(value)


def double(number: int, value: float) -> bytes:
    """A double."""
    return tag(number, FIXED64) + struct.pack("<d", value)


def fields(data: bytes | memoryview) -> Iterator[tuple[int, int | bytes]]:
    """Every field of a message: its number, and an integer or the bytes that it holds.

    Fixed-width numbers come as their bytes. Raises Malformed.
    """
    data = bytes(data)
    position, end = 0, len(data)
    while position < end:
        key, position = read_varint(data, position, end)
        if key & 7 == VARINT:
            value, position = read_varint(data, position, end)
            yield key >> 3, value
        else:
            start, position = extent(data, position, end, key & 7)
            yield key >> 3, data[start:position]


def extent(data: bytes, position: int, end: int, kind: int) -> tuple[int, int]:
    """Where the bytes of a field that is no varint begin and end. Raises Malformed."""
    if kind == LENGTH_DELIMITED:
        size, position = read_varint(data, position, end)
    elif kind == FIXED64:
        size = 8
    elif kind == FIXED32:
        size = 4
    else:
        raise Malformed(f"wire type {kind} is not used by Kubernetes")
    if size > end - position:
        raise Malformed("a field is longer than its message")
    return position, position + size


def read_varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    """The integer at a position, and the position behind it. Raises Malformed."""
    if position < end and data[position] < 0x80:
        return data[position], position + 1
    number = shift = 0
    for at in range(position, min(end, position + _LONGEST_VARINT)):
        byte = data[at]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number % _WORD, at + 1
        shift += 7
    raise Malformed("an integer does not end")


def signed(number: int) -> int:
    """A varint's value as the signed 64-bit integer that it stands for."""
    return number - _WORD if number >= _WORD // 2 else number


def as_double(data: bytes) -> float:
    """The value of a double field. Raises Malformed."""
    if len(data) != 8:
        raise Malformed("a double has eight bytes")
    value: float = struct.unpack("<d", data)[0]
    return value
