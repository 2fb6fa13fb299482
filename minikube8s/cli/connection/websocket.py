"""Owns a WebSocket to the API server: the handshake, and messages that begin with a channel.

Standard library only. The framing (`Frames`, `frame`) is pure.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from minikube8s.cli.connection import tracing
from minikube8s.cli.errors import CommandError

if TYPE_CHECKING:
    from minikube8s.cli.connection.wire import Wire

BINARY, CLOSE, PING, PONG = 0x2, 0x8, 0x9, 0xA
_CONTINUATION = 0x0
_TOLD = 6
"""From which `-v` on a handshake is told."""
_FINAL, _MASKED = 0x80, 0x80
_MAX_FRAME = 16 * 1024 * 1024
_CONNECT_SECONDS = 30.0
_BLOCK = 64 * 1024


class Message(NamedTuple):
    """A whole message, or a control frame."""

    opcode: int
    data: bytes


class Frames:
    """Cuts the server's bytes into messages."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._parts = bytearray()
        self._opcode = 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield the messages that `data` completes. Raises ValueError on what is no frame."""
        self._pending += data
        while (found := self._next()) is not None:
            first, payload = found
            opcode = first & 0x0F
            if opcode >= CLOSE:
                yield Message(opcode, payload)
                continue
            if opcode != _CONTINUATION:
                self._opcode = opcode
            self._parts += payload
            if len(self._parts) > _MAX_FRAME:
                raise ValueError(f"a message of more than {_MAX_FRAME} bytes is too long")
            if first & _FINAL:
                yield Message(self._opcode, bytes(self._parts))
                self._parts.clear()

    def _next(self) -> tuple[int, bytes] | None:
        """The first byte and the payload of the next frame, when it is whole."""
        pending = self._pending
        if len(pending) < 2:
            return None
        length, start = pending[1] & 0x7F, 2
        if pending[1] & _MASKED:
            raise ValueError("a server does not mask its frames")
        if length >= 126:
            width = 2 if length == 126 else 8
            start += width
            length = int.from_bytes(pending[2:start], "big")
            if len(pending) < start:
                return None
        if length > _MAX_FRAME:
            raise ValueError(f"a frame of {length} bytes is too long")
        if len(pending) < start + length:
            return None
        first, payload = pending[0], bytes(pending[start : start + length])
        del pending[: start + length]
        return first, payload


def frame(opcode: int, data: bytes, mask: bytes) -> bytes:
    """A client's frame that holds the whole of `data`; `mask` is 4 bytes."""
    if len(data) < 126:
        head = struct.pack("!BB", _FINAL | opcode, _MASKED | len(data))
    elif len(data) < 1 << 16:
        head = struct.pack("!BBH", _FINAL | opcode, _MASKED | 126, len(data))
    else:
        head = struct.pack("!BBQ", _FINAL | opcode, _MASKED | 127, len(data))
    return head + mask + _masked(data, mask)


def _masked(data: bytes, mask: bytes) -> bytes:
    """The bytes with the mask laid over them, in one step however many they are."""
    whole = (mask * (len(data) // 4 + 1))[: len(data)]
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(whole, "big")
    return mixed.to_bytes(len(data), "big")


class WebSocket:
    """An open WebSocket. One task may receive; sending is in order.

    ``protocol`` is the one that the server chose.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: str
    ) -> None:
        self.protocol = protocol
        self._reader = reader
        self._writer = writer
        self._frames = Frames()
        self._messages: list[Message] = []

    @staticmethod
    async def connect(wire: Wire, target: str, protocol: str) -> WebSocket | tuple[int, bytes]:
        """An open WebSocket, or the status and body of the server's refusal.

        ``protocol`` may be several, the best one first, with commas between.
        Raises CommandError when nobody answers.
        """
        key = base64.b64encode(os.urandom(16)).decode()
        place = f"[{wire.host}]" if ":" in wire.host else wire.host
        lines = [f"GET {target} HTTP/1.1", f"Host: {place}:{wire.port}", "Connection: Upgrade"]
        lines += ["Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]
        lines += [f"Sec-WebSocket-Protocol: {protocol}", "User-Agent: mk8s"]
        lines += [f"{name}: {value}" for name, value in wire.identity()]
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                reader, writer = await opened(wire)
                writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                status = int(head.split(None, 2)[1])
                if wire.access.verbosity >= _TOLD:
                    place = f"{wire.scheme}://{wire.host}:{wire.port}{target}"
                    tracing.tell(f"GET {place} {head.splitlines()[0]}")
                if status == 101:
                    return WebSocket(reader, writer, _header(head, "sec-websocket-protocol"))
                body = await _body(reader, head)
        except (OSError, asyncio.IncompleteReadError, ValueError, IndexError) as error:
            raise CommandError(wire.failure(error), prefix="") from None
        writer.close()
        return status, body

    async def receive(self) -> bytes | None:
        """The next message; None when the server has closed."""
        while True:
            while self._messages:
                message = self._messages.pop(0)
                if message.opcode == PING:
                    self._writer.write(frame(PONG, message.data, os.urandom(4)))
                elif message.opcode == CLOSE:
                    self._writer.write(frame(CLOSE, message.data, os.urandom(4)))
                    return None
                elif message.opcode != PONG:
                    return message.data
            data = await self._reader.read(_BLOCK)
            if not data:
                return None
            self._messages += self._frames.feed(data)

    async def send(self, channel: int, data: bytes) -> None:
        """Send a message on a channel; waits while the server does not read."""
        self._writer.write(frame(BINARY, bytes((channel,)) + data, os.urandom(4)))
        await self._writer.drain()

    def close(self) -> None:
        """Say goodbye and hang up."""
        if not self._writer.is_closing():
            self._writer.write(frame(CLOSE, struct.pack("!H", 1000), os.urandom(4)))
            self._writer.close()


async def opened(wire: Wire) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the server, through its proxy where there is one."""
    plain = await asyncio.to_thread(wire.dial, _CONNECT_SECONDS)
    plain.setblocking(False)
    name = wire.server_name if wire.context else None
    return await asyncio.open_connection(sock=plain, ssl=wire.context, server_hostname=name)


async def _body(reader: asyncio.StreamReader, head: str) -> bytes:
    length = _header(head, "content-length")
    return await reader.readexactly(int(length)) if length else b""


def _header(head: str, wanted: str) -> str:
    for line in head.splitlines():
        name, _, value = line.partition(":")
        if name.lower() == wanted:
            return value.strip()
    return ""
