"""DNS messages as bytes: names, questions, records.

Owns the format (RFC 1035, RFC 6891) and checks every length: what comes from a network may be
anything. Knows no zones and no sockets.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple


class Type(IntEnum):
    """Types of records and of questions that mean something here."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    HINFO = 13
    TXT = 16
    AAAA = 28
    SRV = 33
    OPT = 41
    IXFR = 251
    AXFR = 252
    ANY = 255


class Rcode(IntEnum):
    """What became of a question."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16


IN = 1
HEADER_BYTES = 12
QR, AA, TC, RD, RA, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0010
PLAIN_BYTES = 512
"""What a client takes by UDP that says nothing of it."""
UDP_BYTES = 1232
"""What is sent by UDP at most: it fits every path unfragmented."""
OWN_NAME = b"\xc0\x0c"
"""Points to the question's name, which follows the header."""

_MOST_NAME_BYTES = 255
_MOST_LABEL_BYTES = 63
_MOST_POINTERS = 127
"""In one name: it has no more labels. Chains of them would take seconds to follow."""
_POINTER = 0xC0
_DO = 0x8000
_COUNTS = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")
_QUESTION = struct.Struct("!HH")
_SRV = struct.Struct("!HHH")
_SOA_NUMBERS = struct.Struct("!IIIII")


class Malformed(ValueError):
    """These bytes are no message, or no name."""


class Header(NamedTuple):
    """A message's first twelve bytes."""

    id: int
    flags: int
    questions: int
    answers: int
    authority: int
    additional: int

    @property
    def opcode(self) -> int:
        """0 is an ordinary query."""
        return self.flags >> 11 & 15


class Record(NamedTuple):
    """One record where it stands in a message; `name` and `data` are offsets into that."""

    name: int
    type: int
    cls: int
    ttl: int
    data: int
    length: int

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.data + self.length


class Edns(NamedTuple):
    """What a client says of itself; `size` is how much it takes by UDP."""

    size: int
    version: int = 0
    dnssec: bool = False


def read_header(message: bytes) -> Header:
    """Raises Malformed."""
    if len(message) < HEADER_BYTES:
        raise Malformed("shorter than a header")
    return Header(*_COUNTS.unpack_from(message))


def header(id: int, flags: int, *counts: int) -> bytes:
    """The first twelve bytes of a message."""
    return _COUNTS.pack(id, flags, *counts)


def encode_name(name: str) -> bytes:
    """`web.default.` as labels; in lower case. Raises Malformed."""
    encoded = bytearray()
    for label in name.lower().rstrip(".").split(".") if name.strip(".") else ():
        part = label.encode("ascii", "replace")
        if not 0 < len(part) <= _MOST_LABEL_BYTES:
            raise Malformed(f"{name!r} is no DNS name")
        encoded += bytes((len(part),)) + part
    encoded.append(0)
    if len(encoded) > _MOST_NAME_BYTES:
        raise Malformed(f"{name!r} is longer than a DNS name")
    return bytes(encoded)


def labels(name: bytes) -> list[bytes]:
    """The labels of an uncompressed name."""
    found = []
    at = 0
    while name[at]:
        found.append(name[at + 1 : at + 1 + name[at]])
        at += 1 + name[at]
    return found


def text(name: bytes) -> str:
    """An uncompressed name for people."""
    return ".".join(one.decode("ascii", "backslashreplace") for one in labels(name)) + "."


def question_end(message: bytes) -> int:
    """Where the one question of a message ends. Raises Malformed.

    A question's name is never compressed: there is nothing before it.
    """
    at = HEADER_BYTES
    size = len(message)
    while at < size and message[at]:
        if message[at] > _MOST_LABEL_BYTES:
            raise Malformed("a label of a question is too long")
        at += 1 + message[at]
    if at - HEADER_BYTES >= _MOST_NAME_BYTES or at + 5 > size:
        raise Malformed("the question is cut off, or its name too long")
    return at + 5


def read_name(message: bytes, at: int) -> tuple[bytes, int]:
    """The uncompressed name that begins at `at`, and where it ends. Raises Malformed."""
    name = bytearray()
    end = pointers = 0
    size = len(message)
    while True:
        if at >= size:
            raise Malformed("a name is cut off")
        length = message[at]
        if length >= _POINTER:
            if at + 2 > size:
                raise Malformed("a name is cut off")
            target = (length & ~_POINTER) << 8 | message[at + 1]
            pointers += 1
            if target >= at or pointers > _MOST_POINTERS:
                raise Malformed("a name points ahead, or nowhere")
            end = end or at + 2
            at = target
            continue
        if length > _MOST_LABEL_BYTES or at + 1 + length > size:
            raise Malformed("a label is too long")
        name += message[at : at + 1 + length]
        if len(name) > _MOST_NAME_BYTES:
            raise Malformed("a name is too long")
        at += 1 + length
        if not length:
            return bytes(name), end or at


def read_records(message: bytes, at: int, count: int) -> list[Record]:
    """So many records from `at` on. Raises Malformed."""
    found: list[Record] = []
    for _ in range(count):
        start = at
        _, at = read_name(message, at)
        if at + _RECORD.size > len(message):
            raise Malformed("a record is cut off")
        type, cls, ttl, length = _RECORD.unpack_from(message, at)
        at += _RECORD.size
        if at + length > len(message):
            raise Malformed("a record is cut off")
        found.append(Record(start, type, cls, ttl, at, length))
        at += length
    return found


def edns_of(records: Sequence[Record]) -> Edns | None:
    """What a client's additional records say of it. Raises Malformed."""
    found = [one for one in records if one.type == Type.OPT]
    if len(found) > 1:
        raise Malformed("there are two OPT records")
    if not found:
        return None
    size, ttl = found[0].cls, found[0].ttl
    return Edns(max(size, PLAIN_BYTES), ttl >> 16 & 0xFF, bool(ttl & _DO))


def opt(rcode: int = 0, *, dnssec: bool = False) -> bytes:
    """The OPT record of a message of ours."""
    ttl = rcode >> 4 << 24 | (_DO if dnssec else 0)
    return b"\0" + _RECORD.pack(Type.OPT, UDP_BYTES, ttl, 0)


def question(name: bytes, type: int) -> bytes:
    """A question of the class IN."""
    return name + _QUESTION.pack(type, IN)


def record(name: bytes, type: int, ttl: int, data: bytes) -> bytes:
    """One record of the class IN; `name` may be a pointer."""
    return name + _RECORD.pack(type, IN, ttl, len(data)) + data


def encode_data(type: Type, value: str) -> bytes:
    """A record's data from how a zone file writes it. Raises Malformed, ValueError."""
    match type:
        case Type.A:
            return IPv4Address(value).packed
        case Type.AAAA:
            return IPv6Address(value).packed
        case Type.CNAME | Type.PTR | Type.NS:
            return encode_name(value)
        case Type.SRV:
            *numbers, target = value.split()
            return _SRV.pack(*map(int, numbers)) + encode_name(target)
        case Type.SOA:
            master, person, *numbers = value.split()
            return encode_name(master) + encode_name(person) + _SOA_NUMBERS.pack(*map(int, numbers))
        case _:
            return b"".join(bytes((len(one),)) + one for one in map(str.encode, value.split()))


def srv_target(data: bytes) -> bytes:
    """The target's name in the data of an SRV record of ours."""
    return data[_SRV.size :]


def minimum(message: bytes, soa: Record) -> int:
    """How long a negative answer with this SOA record may be kept. Raises Malformed."""
    if soa.length < _SOA_NUMBERS.size:
        raise Malformed("an SOA record is cut off")
    return min(soa.ttl, int.from_bytes(message[soa.end - 4 : soa.end]))
