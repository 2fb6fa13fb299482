"""The UDP side: one socket, drained as far as it goes.

Owns the short way from a query to its packed answer: what most queries look like is recognised from
their bytes, and one dictionary look answers them. Everything else goes the ordinary way.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Coroutine
from typing import Any

from mk8s_agent.dns import wire
from mk8s_agent.dns.resolving import Resolving

log = logging.getLogger(__name__)

MOST_WAITING = 1_000
"""So many clients may wait for other servers' answers; more are told to come again."""
_DRAIN = 64
"""Queries answered before the rest of the agent has its turn."""
_QUERY_BYTES = 4096
_RECEIVE_BUFFER = 1 << 20
_OPT_BYTES = 11

_Address = tuple[Any, ...]


def _shapes() -> dict[bytes, tuple[bytes, bool]]:
    """Flags and counts of ordinary queries, with the reply's flags, and whether EDNS follows."""
    found = {}
    for flags in (a | b | c for a in (0, wire.RD) for b in (0, 0x20) for c in (0, wire.CD)):
        head = wire.QR | wire.AA | wire.RA | flags & (wire.RD | wire.CD)
        for edns in (False, True):
            query = wire.header(0, flags, 1, 0, 0, int(edns))[2:]
            found[query] = (head.to_bytes(2), edns)
    return found


_SHAPES = _shapes()
_EDNS = {  # an OPT record's bytes but for the size, and the one that answers it
    False: (b"\0\0\0\0\0\0", wire.opt()),
    True: (b"\0\0\x80\0\0\0", wire.opt(dnssec=True)),
}


class UdpServer:
    """Answers on a bound socket until it is closed."""

    def __init__(self, channel: socket.socket, resolving: Resolving) -> None:
        self._socket = channel
        self._resolving = resolving
        self._packed = resolving.zone.packed
        self._waiting: set[asyncio.Task[None]] = set()
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        channel.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(channel, self._readable)

    async def close(self) -> None:
        """Give the port back; who still waits gets no answer."""
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    def _readable(self) -> None:
        receive, send, quick = self._socket.recvfrom, self._socket.sendto, self._quick
        for _ in range(_DRAIN):
            try:
                query, client = receive(_QUERY_BYTES)
            except BlockingIOError:
                return
            except OSError:
                continue  # what became of an earlier answer
            reply = quick(query)
            if reply is None:
                self._resolve(query, client)
                continue
            try:
                send(reply, client)
            except OSError:
                continue  # the client asks again

    def _quick(self, query: bytes) -> bytes | None:
        """The answer to an ordinary query about what is packed; None: look closer."""
        shape = _SHAPES.get(query[2:12])
        if shape is None:
            return None
        flags, edns = shape
        if not edns:
            question, opt, limit = query[12:], b"", wire.PLAIN_BYTES
        else:
            if query[-_OPT_BYTES:-8] != b"\0\0\x29":
                return None
            tail, opt = _EDNS[query[-4] >= 0x80]
            if query[-6:] != tail:
                return None
            question = query[12:-_OPT_BYTES]
            limit = min(max(int.from_bytes(query[-8:-6]), wire.PLAIN_BYTES), wire.UDP_BYTES)
        packed = self._packed.get(question.lower())
        if packed is None:
            return None
        counts = packed.counts_edns if edns else packed.counts
        reply = b"".join(
            (query[:2], flags, counts, question, packed.records(), packed.additional, opt)
        )
        return reply if len(reply) <= limit else None

    def _resolve(self, query: bytes, client: _Address) -> None:
        reply = self._resolving.resolve(query, client[0], wire.UDP_BYTES)
        if isinstance(reply, bytes):
            self._send(reply, client)
        elif reply is not None:
            if len(self._waiting) >= MOST_WAITING:
                reply.close()
                self._send(_come_again(query), client)
                return
            task = self._loop.create_task(self._answer_later(reply, client))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)

    async def _answer_later(self, reply: Coroutine[Any, Any, bytes], client: _Address) -> None:
        self._send(await reply, client)

    def _send(self, reply: bytes, client: _Address) -> None:
        try:
            self._socket.sendto(reply, client)
        except OSError as error:
            log.debug("an answer to %s was lost: %s", client[0], error)


def _come_again(query: bytes) -> bytes:
    flags = wire.QR | wire.RA | wire.Rcode.SERVFAIL | int.from_bytes(query[2:4]) & wire.RD
    return query[:2] + flags.to_bytes(2) + b"\0\1" + bytes(6) + query[12 : wire.question_end(query)]
