"""Asks the host's resolvers what this node does not know itself.

Owns which server is asked when, what counts as its answer, and the bound of what is under way. One
question is asked once, however many wait for it. Sockets come in from outside.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Sequence
from random import Random

from mk8s_agent.dns import wire
from mk8s_agent.dns.cache import Cache, Kept, keep
from mk8s_agent.dns.ports import PORT
from mk8s_agent.dns.sockets import Sockets
from mk8s_agent.dns.wire import Malformed, Rcode, Type

log = logging.getLogger(__name__)

MOST_FLIGHTS = 512
"""So many questions may be under way."""
_PATIENCE = 1.5
"""Seconds that one server gets."""
_ROUNDS = 2
_WHOLE_PATIENCE = 4.5
"""Seconds after which the client is told that nobody answers: before it gives up by itself."""
_SHUNNED = 30.0
"""Seconds that a server which did not answer is asked after the others."""
_WAITING_BYTES = 65_535


class Unanswered(Exception):
    """No server gave an answer; the message says why."""


class Forwarder:
    """One node's questions to others. `servers` are the addresses to ask, in order, as of now.

    `now` is a clock in seconds that never goes back.
    """

    def __init__(
        self,
        servers: Callable[[], Sequence[str]],
        sockets: Sockets,
        random: Random,
        *,
        port: int = PORT,
        told: Callable[[str], None] = log.error,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._servers = servers
        self._sockets = sockets
        self._random = random
        self._port = port
        self._told = told
        self.now = now
        self._cache = Cache()
        self._flights: dict[bytes, asyncio.Task[Kept]] = {}
        self._shunned: dict[str, float] = {}
        self._known: tuple[str, ...] | None = None
        self._probes: dict[bytes, str] = {}
        self._loops: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def cached(self, key: bytes) -> Kept | None:
        """What is known already; see `key_of`."""
        return self._cache.get(key, self.now())

    async def ask(self, question: bytes, key: bytes) -> Kept:
        """Ask, or wait for whoever asks the same already. Raises Unanswered."""
        flight = self._flights.get(key)
        if flight is None:
            if len(self._flights) >= MOST_FLIGHTS:
                raise Unanswered(f"{MOST_FLIGHTS} questions wait for the upstream servers already")
            flight = asyncio.create_task(self._fly(question, key))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(flight)

    def came_back(self, name: bytes) -> bool:
        """Whether a query is one of those by which loops are found; then its server is left out."""
        server = self._probes.pop(name, None)
        if server is None:
            return False
        self._loops.add(server)
        self._told(
            f"the upstream DNS server {server} asks this node itself: it is left out until"
            " /etc/resolv.conf changes; name another server there"
        )
        return True

    async def close(self) -> None:
        """End what is under way."""
        tasks = [*self._flights.values(), *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, key: bytes, flight: asyncio.Task[Kept]) -> None:
        del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # who waited has it; nobody may be left

    async def _fly(self, question: bytes, key: bytes) -> Kept:
        try:
            async with asyncio.timeout(_WHOLE_PATIENCE):
                kept = await self._ask_servers(question, key)
        except (TimeoutError, Unanswered) as error:
            stale = self._cache.stale(key, self.now())
            if stale is not None:
                return stale
            raise Unanswered(str(error) or "the upstream servers do not answer") from error
        self._cache.put(key, kept)
        return kept

    async def _ask_servers(self, question: bytes, key: bytes) -> Kept:
        last: Kept | None = None
        why = ""
        for _ in range(_ROUNDS):
            for server in self._in_order():
                try:
                    async with asyncio.timeout(_PATIENCE):
                        kept = await self._ask_one(server, question, key)
                except (OSError, Malformed) as error:  # TimeoutError is an OSError
                    now = self.now()
                    self._shunned[server] = now + _SHUNNED
                    why = f"{server}: {str(error) or 'no answer in time'}"
                    continue
                self._shunned.pop(server, None)
                if kept.flags & 0xF not in (Rcode.SERVFAIL, Rcode.REFUSED):
                    return kept
                last = last or kept
            if last is not None:
                return last
        raise Unanswered(why or "there is no upstream server")

    def _in_order(self) -> list[str]:
        """The servers to ask; those that did not answer lately come last."""
        servers = tuple(self._servers())
        if servers != self._known:
            self._known = servers
            self._loops.clear()
            self._shunned.clear()
            if not servers:
                self._told(
                    "no upstream DNS server: /etc/resolv.conf names none that can be asked; names"
                    " outside the cluster are not resolved"
                )
            for server in servers:
                self._probe(server)
        now = self.now()
        usable = [one for one in servers if one not in self._loops]
        return sorted(usable, key=lambda one: self._shunned.get(one, 0.0) > now)

    def _probe(self, server: str) -> None:
        """Ask for a name that nobody else asks for: does it come back, the server asks us."""
        name = wire.encode_name(f"{self._random.getrandbits(64)}.{self._random.getrandbits(64)}.")
        self._probes[name] = server
        task = asyncio.create_task(self._finish_probe(server, name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish_probe(self, server: str, name: bytes) -> None:
        question = wire.question(name, Type.HINFO)
        try:
            async with asyncio.timeout(_WHOLE_PATIENCE):
                await self._ask_one(server, question, key_of(question, 0, dnssec=False))
        except (OSError, Malformed):
            return
        finally:
            self._probes.pop(name, None)

    async def _ask_one(self, server: str, question: bytes, key: bytes) -> Kept:
        """One server; one that does not know EDNS is asked without. Raises OSError, Malformed."""
        kept = await self._exchange(server, question, key, wire.opt(dnssec=bool(key[-1] & 1)))
        if kept.flags & 0xF in (Rcode.FORMERR, Rcode.NOTIMP):
            kept = await self._exchange(server, question, key, b"")
        return kept

    async def _exchange(self, server: str, question: bytes, key: bytes, opt: bytes) -> Kept:
        """By UDP and, where that is too short, by TCP."""
        flags = wire.RD | (wire.CD if key[-1] & 2 else 0)
        head = wire.header(self._random.getrandbits(16), flags, 1, 0, 0, int(bool(opt)))
        message = head + question + opt
        with await self._sockets.open(server, socket.SOCK_DGRAM) as channel:
            await self._connect(channel, server)
            answer = await _by_udp(channel, message)
        if int.from_bytes(answer[2:4]) & wire.TC:
            with await self._sockets.open(server, socket.SOCK_STREAM) as channel:
                await self._connect(channel, server)
                answer = await _by_tcp(channel, message)
        return keep(answer, self.now())

    async def _connect(self, channel: socket.socket, server: str) -> None:
        host, _, zone = server.partition("%")
        loop = asyncio.get_running_loop()
        if ":" in host:
            scope = socket.if_nametoindex(zone) if zone else 0
            await loop.sock_connect(channel, (host, self._port, 0, scope))
        else:
            await loop.sock_connect(channel, (host, self._port))


def key_of(question: bytes, flags: int, *, dnssec: bool) -> bytes:
    """What makes two questions the same: name and type, and whether signatures are wanted."""
    checking = bool(flags & wire.CD)
    return question.lower()[:-4] + question[-4:] + bytes((dnssec | checking << 1,))


async def _by_udp(channel: socket.socket, message: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(channel, message)
    while True:
        answer = await loop.sock_recv(channel, _WAITING_BYTES)
        if _belongs(answer, message):
            return answer


async def _by_tcp(channel: socket.socket, message: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(channel, len(message).to_bytes(2) + message)
    length = int.from_bytes(await _exactly(channel, 2))
    answer = await _exactly(channel, length)
    if not _belongs(answer, message):
        raise Malformed("the answer is another question's")
    return answer


async def _exactly(channel: socket.socket, count: int) -> bytes:
    loop = asyncio.get_running_loop()
    found = bytearray()
    while len(found) < count:
        piece = await loop.sock_recv(channel, count - len(found))
        if not piece:
            raise ConnectionError("the connection ended before the answer did")
        found += piece
    return bytes(found)


def _belongs(answer: bytes, query: bytes) -> bool:
    """Whether this answers that: same id, same question; anything else is a guess of somebody."""
    try:
        end = wire.question_end(query)
        head = wire.read_header(answer)
    except Malformed:
        return False
    same = answer[:2] == query[:2] and head.flags & wire.QR and head.questions == 1
    return bool(same) and answer[12:end].lower() == query[12:end].lower()
