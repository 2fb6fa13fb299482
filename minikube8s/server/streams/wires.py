"""What carries the bytes of a SPDY connection: an upgraded HTTP connection, or a WebSocket.

Owns the hand-over of an HTTP connection's bytes, which leans on a method of aiohttp that its
documentation does not name (`set_parser`); a test covers it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from aiohttp import WSMsgType, web

READ_AHEAD = 256 * 1024
"""Bytes that may wait to be read; then the client's writes wait."""


class Wire(Protocol):
    """A stream of bytes in both directions. Both methods raise ConnectionError."""

    async def read(self) -> bytes:
        """Return what came next, b"" at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """Send bytes; wait while the client does not read."""
        ...


class Upgraded(web.StreamResponse):
    """The answer 101; what follows on the connection is not HTTP."""

    _length_check = False

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(status=101, headers=headers)
        self.headers["Connection"] = "Upgrade"
        self.force_close()

    async def write_eof(self, data: bytes = b"") -> None:
        """Write nothing: the connection is not HTTP any more."""


class RawWire:
    """An HTTP connection after its upgrade. aiohttp gives it the bytes that come (`feed_*`)."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self._pending = bytearray()
        self._ended = False
        self._paused = False
        self._news = asyncio.Event()

    async def take_over(self, answer: Upgraded) -> None:
        """Answer 101 and get the bytes of the connection from then on."""
        await answer.prepare(self._request)
        protocol: Any = self._request.protocol
        protocol.set_parser(self)
        protocol.keep_alive(False)

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take bytes from aiohttp."""
        self._pending += data
        if len(self._pending) > READ_AHEAD and not self._paused:
            self._set_paused(True)
        self._news.set()
        return False, b""

    def feed_eof(self) -> None:
        """The client has gone."""
        self._ended = True
        self._news.set()

    async def read(self) -> bytes:
        """Return what came next, b"" at the end."""
        while not self._pending and not self._ended:
            self._news.clear()
            await self._news.wait()
        data = bytes(self._pending)
        self._pending.clear()
        if self._paused:
            self._set_paused(False)
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes; wait while the client does not read. Raises ConnectionError."""
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has gone")
        transport.write(data)
        await self._request.writer.drain()

    def _set_paused(self, paused: bool) -> None:
        transport = self._request.transport
        if transport is not None and not transport.is_closing():
            self._paused = paused
            if paused:
                transport.pause_reading()
            else:
                transport.resume_reading()


class WebSocketWire:
    """A WebSocket whose messages, joined, are the stream of bytes."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        """Return the next message that is not empty, b"" at the end."""
        while True:
            message = await self._socket.receive()
            if message.type is not WSMsgType.BINARY:
                return b""
            if message.data:
                data: bytes = message.data
                return data

    async def write(self, data: bytes) -> None:
        """Send bytes as one message. Raises ConnectionError when the client has gone."""
        if self._socket.closed:
            raise ConnectionResetError("the client has gone")
        await self._socket.send_bytes(data)
