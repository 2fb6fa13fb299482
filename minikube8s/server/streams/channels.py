"""exec and attach over a WebSocket: messages that begin with the number of their channel.

Owns the protocols `v5.channel.k8s.io` and `v4.channel.k8s.io` and the latter's form in text,
`v4.base64.channel.k8s.io`.
"""

from __future__ import annotations

import base64
import binascii
from enum import IntEnum
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from minikube8s.api.streams import Piece
from minikube8s.server.streams.relay import Input
from minikube8s.server.streams.terminal import Sizes

V5 = "v5.channel.k8s.io"
V4 = "v4.channel.k8s.io"
V4_BASE64 = "v4.base64.channel.k8s.io"
PROTOCOLS = (V5, V4, V4_BASE64)
MAX_MESSAGE = 4 * 1024 * 1024
CHUNK = 64 * 1024
"""Bytes of one message that we send."""


class Channel(IntEnum):
    """What the first byte of a message says."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    ERROR = 3
    RESIZE = 4
    CLOSE = 255
    """From v5 on: the channel whose number follows ends."""


_OUTPUTS = {"stdout": Channel.STDOUT, "stderr": Channel.STDERR}


class Channels:
    """A WebSocket's messages as pairs of channel and bytes."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._text = socket.ws_protocol == V4_BASE64

    async def receive(self) -> tuple[int, bytes] | None:
        """Return the next message; None when the client has gone or talks nonsense."""
        while True:
            message = await self._socket.receive()
            if message.type not in {WSMsgType.BINARY, WSMsgType.TEXT}:
                return None
            data = message.data
            if not data:
                continue
            if not self._text:
                # The Python client sends what it has as text in frames of text.
                raw = data.encode() if isinstance(data, str) else data
                return raw[0], raw[1:]
            found = _from_text(data)
            if found is None:
                return None
            return found

    async def send(self, channel: int, data: bytes) -> None:
        """Send a message. Raises ConnectionError when the client has gone."""
        if self._socket.closed:
            raise ConnectionResetError("the client has gone")
        if self._text:
            await self._socket.send_str(f"{channel}{base64.b64encode(data).decode()}")
        else:
            await self._socket.send_bytes(bytes((channel,)) + data)

    async def close(self) -> None:
        """Say goodbye and wait for the client's own, for some seconds."""
        await self._socket.close()


class ChannelClient:
    """A client of exec or attach, see `relay.Client`."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._channels = Channels(socket)
        self._may_close = socket.ws_protocol == V5
        self._sizes = Sizes()

    async def greet(self, options: dict[str, Any]) -> None:
        """Send an empty message, by which clients of Kubernetes see that the stream stands."""
        first = Channel.ERROR
        if options["stdout"]:
            first = Channel.STDOUT
        elif options["stderr"]:
            first = Channel.STDERR
        await self._channels.send(first, b"")

    async def feed(self, process: Input) -> None:
        """Hand on input and sizes until the client has gone."""
        while (message := await self._channels.receive()) is not None:
            channel, data = message
            if channel == Channel.STDIN:
                await process.write(data)
            elif channel == Channel.RESIZE:
                for size in self._sizes.feed(data):
                    await process.resize(*size)
            elif channel == Channel.CLOSE and self._may_close and data == bytes((Channel.STDIN,)):
                await process.write_eof()

    async def send(self, piece: Piece) -> None:
        """Send output."""
        channel = _OUTPUTS[piece.stream]
        for start in range(0, len(piece.data), CHUNK):
            await self._channels.send(channel, piece.data[start : start + CHUNK])

    async def finish(self, status: dict[str, Any]) -> None:
        """Send the Status and close."""
        await self._channels.send(Channel.ERROR, msgspec.json.encode(status))
        await self._channels.close()


def _from_text(data: Any) -> tuple[int, bytes] | None:
    text = data.decode("latin-1") if isinstance(data, bytes) else str(data)
    if not (text[0].isascii() and text[0].isdigit()):
        return None
    try:
        return int(text[0]), base64.b64decode(text[1:], validate=True)
    except binascii.Error:
        return None
