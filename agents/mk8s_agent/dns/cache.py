"""Answers of other servers, kept for as long as they said.

Owns the bounds: the oldest use goes first. Knows the time only as it is told.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from mk8s_agent.dns import wire
from mk8s_agent.dns.wire import Malformed, Rcode, Record, Type

LONGEST = 3600
LONGEST_NEGATIVE = 30
"""Seconds; a server may say longer ones."""
STALE = 3600
"""So long after its time an answer still serves while no server answers."""
STALE_TTL = 5
_ENTRY_BYTES = 400
"""What an entry takes beside its message, about."""
_RESULT_BITS = 0x002F


class Kept(NamedTuple):
    """A server's answer, without the question and without what is between two hops only.

    `flags` are the result's bits of the header. `ttls` are where in `body` times to live stand.
    """

    flags: int
    counts: bytes
    body: bytes
    ttls: tuple[int, ...]
    seconds: int
    since: float

    def aged(self, now: float) -> bytes:
        """The body with what is left of the times to live."""
        age = int(now - self.since)
        if age <= 0 or not self.ttls:
            return self.body
        late = now >= self.since + self.seconds
        body = bytearray(self.body)
        for at in self.ttls:
            left = STALE_TTL if late else max(int.from_bytes(body[at : at + 4]) - age, 0)
            body[at : at + 4] = left.to_bytes(4)
        return bytes(body)


def keep(message: bytes, now: float) -> Kept:
    """Read a server's answer. Raises Malformed."""
    head = wire.read_header(message)
    start = wire.question_end(message)
    count = head.answers + head.authority + head.additional
    records = wire.read_records(message, start, count)
    first_opt = next((n for n, one in enumerate(records) if one.type == Type.OPT), count)
    if first_opt < head.answers + head.authority:
        raise Malformed("an OPT record among the answers")
    kept = records[:first_opt]
    end = kept[-1].end if kept else start
    counts = (1, head.answers, head.authority, first_opt - head.answers - head.authority)
    return Kept(
        flags=head.flags & _RESULT_BITS,
        counts=b"".join(one.to_bytes(2) for one in counts),
        body=message[start:end],
        ttls=tuple(one.data - 6 - start for one in kept),
        seconds=_seconds(message, head, kept),
        since=now,
    )


def _seconds(message: bytes, head: wire.Header, records: list[Record]) -> int:
    """How long the answer may be kept; 0: not at all."""
    rcode = head.flags & 0xF
    if rcode not in (Rcode.NOERROR, Rcode.NXDOMAIN):
        return 0
    ttls = [one.ttl for one in records[: head.answers]]
    asked = int.from_bytes(message[wire.question_end(message) - 4 :][:2])
    if rcode == Rcode.NOERROR and any(one.type == asked for one in records[: head.answers]):
        return min(*ttls, LONGEST)
    soas = [one for one in records[head.answers :] if one.type == Type.SOA]
    return min([*ttls, wire.minimum(message, soas[0]), LONGEST_NEGATIVE]) if soas else 0


class Cache:
    """At most so many answers and bytes."""

    def __init__(self, most: int = 10_000, most_bytes: int = 4 << 20) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._size = 0
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """What all of it takes, about."""
        return self._size

    def get(self, key: bytes, now: float) -> Kept | None:
        """An answer whose time has not passed."""
        found = self._kept.get(key)
        if found is None or now >= found.since + found.seconds:
            return None
        self._kept.move_to_end(key)
        return found

    def stale(self, key: bytes, now: float) -> Kept | None:
        """An answer whose time has passed not too long ago, for want of a better one."""
        found = self._kept.get(key)
        return found if found and now < found.since + found.seconds + STALE else None

    def put(self, key: bytes, kept: Kept) -> None:
        """Keep an answer, if it may be kept."""
        if not kept.seconds:
            return
        self._drop(key)
        self._kept[key] = kept
        self._size += _size(key, kept)
        while len(self._kept) > self._most or self._size > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: bytes) -> None:
        former = self._kept.pop(key, None)
        if former is not None:
            self._size -= _size(key, former)


def _size(key: bytes, kept: Kept) -> int:
    return _ENTRY_BYTES + len(key) + len(kept.body) + 36 * len(kept.ttls)
