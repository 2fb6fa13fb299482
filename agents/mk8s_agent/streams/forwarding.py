"""One connection: to a port on a pod's own localhost, to an address, or to the engine.

Owns half-closes: each side may end its sending and go on reading. A client that leaves closes the
connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from typing import Any

from minikube8s.api.streams import Piece, success
from mk8s_agent.link.dialogue import Bytes, Dialogue, End
from mk8s_agent.link.errors import StreamError
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.sockets import connect_localhost
from mk8s_agent.streams.finding import Finder

CONNECT_SECONDS = 8.0
"""Shorter than the master waits for the stream, so that the reason reaches the user."""
_BLOCK = 64 * 1024


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Forwarding:
    """Serves connections on one node; `engine` opens one to its container engine."""

    def __init__(self, finder: Finder, engine: Callable[[], Awaitable[Connection]]) -> None:
        self._finder = finder
        self._engine = engine

    async def forward(self, options: dict[str, Any], dialogue: Dialogue) -> dict[str, Any]:
        """Connect to `port` of the pod and carry bytes both ways. Raises StreamError."""
        return await _serve(*await self._connect(options), dialogue)

    async def connect(self, options: dict[str, Any], dialogue: Dialogue) -> dict[str, Any]:
        """Connect to `port` of `address` as the node itself would. Raises StreamError."""
        address, port = str(options["address"]), int(options["port"])
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(address, port, limit=_BLOCK)
        except TimeoutError:
            why = "i/o timeout"
        except OSError as error:
            why = f"connect: {_reason(error)}"
        else:
            return await _serve(reader, writer, dialogue)
        shown = f"[{address}]" if ":" in address else address
        raise StreamError("ServiceUnavailable", f"dial tcp {shown}:{port}: {why}", 503)

    async def engine(self, _: dict[str, Any], dialogue: Dialogue) -> dict[str, Any]:
        """Connect to the node's container engine: the master says which of its paths are asked.

        Raises StreamError.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await self._engine()
        except OSError as error:
            # a TimeoutError, too
            why = f"the node's container engine does not answer ({_reason(error)})"
            raise StreamError("ServiceUnavailable", why, 503) from error
        return await _serve(reader, writer, dialogue)

    async def _connect(self, options: dict[str, Any]) -> Connection:
        pod, port = options["pod"], int(options["port"])
        pid: int | None = None
        if not self._finder.uses_host_network(options):
            pid = (await self._finder.sandbox(options)).pid
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                sock = await connect_localhost(pid, port)
                return await asyncio.open_connection(sock=sock, limit=_BLOCK)
        except TimeoutError:
            why = f"nobody answered within {CONNECT_SECONDS:g} s"
        except OSError as error:
            why = _reason(error)
        except NetworkError as error:
            why = str(error)
        raise StreamError(
            "InternalError",
            f"error forwarding port {port} to pod {pod}: failed to connect to localhost:{port} "
            f"inside the pod's network namespace: {why}",
            500,
        )


def _reason(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else str(error)


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dialogue: Dialogue
) -> dict[str, Any]:
    try:
        await dialogue.begin()
        await _carry(reader, writer, dialogue)
    finally:
        writer.close()
    return success()


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dialogue: Dialogue
) -> None:
    feeding = asyncio.create_task(_feed(writer, dialogue), name="streams/forward")
    try:
        # A connection that the pod resets has ended like any other.
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(_BLOCK):
                await dialogue.send(Piece("stdout", data))
    finally:
        feeding.cancel()
        await asyncio.wait([feeding])


async def _feed(writer: asyncio.StreamWriter, dialogue: Dialogue) -> None:
    with contextlib.suppress(ConnectionError):
        while True:
            match await dialogue.receive():
                case Bytes(data):
                    writer.write(data)
                    await writer.drain()
                case End():
                    writer.write_eof()
