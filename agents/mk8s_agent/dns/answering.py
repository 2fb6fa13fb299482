"""What a query is answered with, as far as this node knows it itself. Bytes in, bytes out.

Owns the rules for queries that are not understood, refused or too long. Forwards nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mk8s_agent.dns import wire
from mk8s_agent.dns.wire import Edns, Malformed, Rcode, Type
from mk8s_agent.dns.zone import TTL, Zone

_CHAIN = 8
"""Names that lead to names are followed so far."""
_MOST_ADDITIONAL = 8
"""A query brings an OPT record and perhaps a signature."""
_OPCODE = 0x7800
_CLASS_IN = wire.IN.to_bytes(2)
_REFUSED_TYPES = frozenset({Type.OPT, Type.IXFR, Type.AXFR, 249, 250, 253, 254})
_MINIMAL_ANY = wire.record(
    wire.OWN_NAME, Type.HINFO, TTL, wire.encode_data(Type.HINFO, "RFC8482") + b"\0"
)


class Query(NamedTuple):
    """One question. `name` is in lower case, `question` as the client wrote it."""

    id: int
    flags: int
    name: bytes
    type: int
    question: bytes
    edns: Edns | None
    limit: int
    """How many bytes its answer may have."""


class Elsewhere(NamedTuple):
    """`target` is to be asked for; `before` are the records that lead there."""

    target: bytes
    before: tuple[bytes, ...] = ()


def read_query(message: bytes, most: int) -> Query | bytes | None:
    """The query; bytes: the refusal to send; None: nothing is to be sent.

    `most` bytes fit the transport: by UDP a client may take less, and says so.
    """
    if len(message) < wire.HEADER_BYTES:
        return None
    head = wire.read_header(message)
    if head.flags & wire.QR:
        return None
    bare = Query(head.id, head.flags, b"", 0, b"", None, most)
    if head.opcode:
        return reply(bare, Rcode.NOTIMP)
    try:
        query = _parsed(message, head, most)
    except Malformed:
        return reply(bare, Rcode.FORMERR)
    return _refusal(query) or query


def _parsed(message: bytes, head: wire.Header, most: int) -> Query:
    if head.questions != 1 or head.answers or head.authority:
        raise Malformed("not one question alone")
    if head.additional > _MOST_ADDITIONAL:
        raise Malformed("too many additional records")
    end = wire.question_end(message)
    edns = wire.edns_of(wire.read_records(message, end, head.additional))
    question = message[wire.HEADER_BYTES : end]
    if most <= wire.UDP_BYTES:
        most = min(most, edns.size if edns else wire.PLAIN_BYTES)
    type = int.from_bytes(question[-4:-2])
    return Query(head.id, head.flags, question[:-4].lower(), type, question, edns, most)


def _refusal(query: Query) -> bytes | None:
    if query.edns is not None and query.edns.version:
        return reply(query, Rcode.BADVERS)
    if query.question[-2:] != _CLASS_IN or query.type in _REFUSED_TYPES:
        return reply(query, Rcode.REFUSED)
    if query.type == Type.ANY:
        return reply(query, Rcode.NOERROR, [_MINIMAL_ANY])
    return None


def answer(query: Query, zone: Zone) -> bytes | Elsewhere:
    """The reply, or where to go on: names of others, and what ExternalName Services lead to."""
    packed = zone.answer(query.name, query.type)
    if packed is not None:
        return complete(query, packed.records(), packed.additional, packed.counts, size=packed.size)
    apex = zone.apex_of(query.name)
    if apex is None:
        return Elsewhere(query.name)
    if data := zone.data(query.name, query.type):
        return reply(query, Rcode.NOERROR, _records(wire.OWN_NAME, query.type, data), own=True)
    if alias := zone.data(query.name, Type.CNAME):
        return _follow(query, zone, alias[0])
    rcode = Rcode.NOERROR if zone.exists(query.name) else Rcode.NXDOMAIN
    return reply(query, rcode, authority=[zone.soa(apex)], own=True)


def _follow(query: Query, zone: Zone, target: bytes) -> bytes | Elsewhere:
    found = [wire.record(wire.OWN_NAME, Type.CNAME, TTL, target)]
    if query.type not in (Type.A, Type.AAAA):
        return reply(query, Rcode.NOERROR, found, own=True)
    for _ in range(_CHAIN):
        if zone.apex_of(target) is None:
            return Elsewhere(target, tuple(found))
        if data := zone.data(target, query.type):
            return reply(query, Rcode.NOERROR, found + _records(target, query.type, data), own=True)
        further = zone.data(target, Type.CNAME)
        if not further:
            rcode = Rcode.NOERROR if zone.exists(target) else Rcode.NXDOMAIN
            return reply(query, rcode, found, own=True)
        found.append(wire.record(target, Type.CNAME, TTL, further[0]))
        target = further[0]
    return reply(query, Rcode.SERVFAIL)


def _records(name: bytes, type: int, data: Sequence[bytes]) -> list[bytes]:
    return [wire.record(name, type, TTL, one) for one in data]


def reply(
    query: Query,
    rcode: Rcode,
    answers: Sequence[bytes] = (),
    authority: Sequence[bytes] = (),
    *,
    own: bool = False,
) -> bytes:
    """A whole reply; `own` when it is ours to say what the name has."""
    counts = (int(bool(query.question)), len(answers), len(authority), 0)
    packed = b"".join(one.to_bytes(2) for one in counts)
    body = b"".join((*answers, *authority))
    return complete(query, body, b"", packed, flags=wire.AA if own else 0, rcode=rcode)


def complete(
    query: Query,
    records: bytes,
    additional: bytes,
    counts: bytes,
    *,
    flags: int = wire.AA,
    rcode: int = Rcode.NOERROR,
    size: int = 0,
) -> bytes:
    """Put a reply together; one that is too long for the client says so.

    Then it has as many records as fit where all have the same `size`, for clients that know no TCP,
    and else none. `flags` are bits of the header beyond those that every reply has.
    """
    opt = b"" if query.edns is None else wire.opt(rcode, dnssec=query.edns.dnssec)
    room = query.limit - wire.HEADER_BYTES - len(query.question) - len(opt)
    if len(records) > room:
        flags |= wire.TC
        fitting = room // size if size else 0
        records, additional = records[: fitting * size], b""
        counts = counts[:2] + fitting.to_bytes(2) + bytes(4)
    elif len(records) + len(additional) > room:
        additional, counts = b"", counts[:6] + b"\0\0"
    if opt:
        counts = counts[:6] + (int.from_bytes(counts[6:]) + 1).to_bytes(2)
    echoed = query.flags & (_OPCODE | wire.RD | wire.CD)
    head = wire.QR | wire.RA | echoed | flags | rcode & 0xF
    start = query.id.to_bytes(2) + head.to_bytes(2) + counts
    return b"".join((start, query.question, records, additional, opt))
