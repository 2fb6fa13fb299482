"""DNS servers that tests play: what each does with a question is a function of the test's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import dns.flags
import dns.message
import dns.rrset
from mk8s_agent.dns.sockets import OwnSockets

Answer = Callable[[dns.message.Message, str], dns.message.Message | bytes | None]
"""(question, "udp" or "tcp") -> what is sent; None: nothing."""


def says(*records: str, ttl: int = 60) -> Answer:
    """Always the same answer; each record as `type data`."""

    def answer(query: dns.message.Message, transport: str) -> dns.message.Message:
        del transport
        reply = dns.message.make_response(query)
        name = query.question[0].name
        for one in records:
            kind, _, data = one.partition(" ")
            reply.answer.append(dns.rrset.from_text(name, ttl, "IN", kind, data))
        return reply

    return answer


class FakeServer:
    """A server at one loopback address; `asked` are the names it was asked for."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def datagram_received(
        self, transport: asyncio.DatagramTransport, data: bytes, client: tuple[str, int]
    ) -> None:
        if (reply := self._reply(data, "udp")) is not None:
            transport.sendto(reply, client)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            length = int.from_bytes(await reader.readexactly(2))
            reply = self._reply(await reader.readexactly(length), "tcp")
            if reply is not None:
                writer.write(len(reply).to_bytes(2) + reply)
                await writer.drain()
        writer.close()

    def _reply(self, data: bytes, transport: str) -> bytes | None:
        query = dns.message.from_wire(data)
        if query.question[0].rdtype != 13:  # not the look for loops
            self.asked.append(query.question[0].name.to_text())
        reply = self.answer(query, transport)
        return reply.to_wire(max_size=65535) if isinstance(reply, dns.message.Message) else reply


@contextlib.asynccontextmanager
async def fake_server(address: str, port: int, answer: Answer) -> AsyncIterator[FakeServer]:
    """A server that runs for the length of the block."""
    server = FakeServer(answer)

    class Protocol(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            server.datagram_received(self.transport, data, addr)  # type: ignore[arg-type]

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Protocol, local_addr=(address, port))
    tcp = await asyncio.start_server(server.connected, address, port)
    try:
        yield server
    finally:
        transport.close()
        tcp.close()


def truncated(query: dns.message.Message) -> dns.message.Message:
    """An answer that says: ask by TCP."""
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.TC
    return reply


__all__ = ["FakeServer", "OwnSockets", "fake_server", "says", "truncated"]
