"""From a query to its reply: known here, kept, or asked for.

Composes the zone, the rules of answering and the forwarder. Knows no listening sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from mk8s_agent.dns import wire
from mk8s_agent.dns.answering import Elsewhere, Query, answer, complete, read_query, reply
from mk8s_agent.dns.cache import Kept
from mk8s_agent.dns.forwarder import Forwarder, Unanswered, key_of
from mk8s_agent.dns.wire import Malformed, Rcode, Type
from mk8s_agent.dns.zone import Zone

Reply = bytes | None | Coroutine[Any, Any, bytes]
"""What to send, nothing, or what has to be waited for."""
_NEGATIVE = (Rcode.NOERROR, Rcode.NXDOMAIN)


class Resolving:
    """Answers any query. `may_ask` says whose questions about others' names are passed on."""

    def __init__(self, zone: Zone, forwarder: Forwarder, may_ask: Callable[[str], bool]) -> None:
        self.zone = zone
        self._forwarder = forwarder
        self._may_ask = may_ask

    def resolve(self, message: bytes, client: str, most: int) -> Reply:
        """The reply to a message from `client`'s address, of at most so many bytes."""
        query = read_query(message, most)
        if not isinstance(query, Query):
            return query
        found = answer(query, self.zone)
        if isinstance(found, bytes):
            return found
        if self._forwarder.came_back(query.name) or not self._may_ask(client):
            return reply(query, Rcode.REFUSED)
        key = self._key(query, found)
        kept = self._forwarder.cached(key)
        if kept is not None:
            return self._finish(query, found, kept)
        return self._ask(query, found, key)

    async def _ask(self, query: Query, place: Elsewhere, key: bytes) -> bytes:
        asked = query.question if not place.before else wire.question(place.target, query.type)
        try:
            return self._finish(query, place, await self._forwarder.ask(asked, key))
        except Unanswered:
            return reply(query, Rcode.SERVFAIL)

    def _finish(self, query: Query, place: Elsewhere, kept: Kept) -> bytes:
        body = kept.aged(self._forwarder.now())
        rcode = kept.flags & 0xF
        if not place.before:
            return complete(query, body, b"", kept.counts, flags=kept.flags & ~0xF, rcode=rcode)
        if rcode not in _NEGATIVE:
            return reply(query, Rcode.SERVFAIL)
        try:
            answers = [*place.before, *_answers(place.target, query.type, kept.counts, body)]
        except Malformed:
            return reply(query, Rcode.SERVFAIL)
        return reply(query, Rcode(rcode), answers, own=True)

    @staticmethod
    def _key(query: Query, place: Elsewhere) -> bytes:
        dnssec = query.edns is not None and query.edns.dnssec
        return key_of(wire.question(place.target, query.type), query.flags, dnssec=dnssec)


def _answers(name: bytes, type: int, counts: bytes, body: bytes) -> list[bytes]:
    """The records of another answer, written out so that they can stand in any message."""
    message = bytes(wire.HEADER_BYTES) + wire.question(name, type) + body
    start = len(message) - len(body)
    found = []
    for one in wire.read_records(message, start, int.from_bytes(counts[2:4])):
        owner, _ = wire.read_name(message, one.name)
        if one.type == Type.CNAME:
            data, _ = wire.read_name(message, one.data)
        elif one.type == type:
            data = message[one.data : one.end]
        else:
            continue
        found.append(wire.record(owner, one.type, one.ttl, data))
    return found
