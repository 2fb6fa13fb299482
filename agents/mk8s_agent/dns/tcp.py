"""The TCP side: several queries on a connection, one after the other.

Owns how many connections there are and how long a silent one is kept.
"""

from __future__ import annotations

import asyncio
import socket

from mk8s_agent.dns.resolving import Resolving

MOST_CONNECTIONS = 128
"""A further client is hung up on; it comes again."""
IDLE = 10.0
"""Seconds in which a client has to send a query and to take its answer."""
_LONGEST = 65_535


class TcpServer:
    """Answers on a bound socket until it is closed."""

    def __init__(self, resolving: Resolving) -> None:
        self._resolving = resolving
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, channel: socket.socket) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._accept, sock=channel)

    async def close(self) -> None:
        """Give the port back and hang up."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
            writer.close()
            async with asyncio.timeout(IDLE):
                await writer.wait_closed()
        except (TimeoutError, OSError):
            return
        finally:
            writer.transport.abort()
            self._connections.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the client has no further query."""
        client = writer.get_extra_info("peername")[0]
        while True:
            try:
                async with asyncio.timeout(IDLE):
                    length = int.from_bytes(await reader.readexactly(2))
                    message = await reader.readexactly(length)
            except asyncio.IncompleteReadError:
                return
            reply = self._resolving.resolve(message, client, _LONGEST)
            if reply is None:
                return
            answer = reply if isinstance(reply, bytes) else await reply
            writer.write(len(answer).to_bytes(2) + answer)
            async with asyncio.timeout(IDLE):
                await writer.drain()
