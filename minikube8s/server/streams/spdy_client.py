"""exec and attach over SPDY: a stream a channel, told apart by their header `streamtype`."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from minikube8s.api.streams import Piece
from minikube8s.server.streams.connection import Connection, Stream
from minikube8s.server.streams.relay import Input
from minikube8s.server.streams.spdy.errors import Reset
from minikube8s.server.streams.terminal import Sizes

PROTOCOLS = ("v4.channel.k8s.io",)
STREAMS_SECONDS = 30.0
"""How long a client may take to open its streams, as in Kubernetes."""
GOODBYE_SECONDS = 10.0
"""How long a client may take to hang up after the end."""


class SpdyClient:
    """A client of exec or attach, see `relay.Client`."""

    def __init__(self, connection: Connection, streams: dict[str, Stream]) -> None:
        self._connection = connection
        self._streams = streams

    @staticmethod
    async def of(connection: Connection, options: dict[str, Any]) -> SpdyClient:
        """Wait for the streams that the options ask for. Raises ConnectionError, TimeoutError."""
        wanted = {"error"} | {name for name in ("stdin", "stdout", "stderr") if options[name]}
        if options["tty"]:
            wanted.add("resize")
        streams: dict[str, Stream] = {}
        async with asyncio.timeout(STREAMS_SECONDS):
            while streams.keys() != wanted:
                stream = await connection.accept()
                name = stream.headers.get("streamtype", "")
                if name in wanted and name not in streams:
                    streams[name] = stream
                else:
                    await stream.reset(Reset.REFUSED_STREAM)
        return SpdyClient(connection, streams)

    async def feed(self, process: Input) -> None:
        """Hand on input and sizes until the client has gone."""
        async with asyncio.TaskGroup() as group:
            pumps = []
            if stdin := self._streams.get("stdin"):
                pumps.append(group.create_task(self._feed_input(stdin, process)))
            if resize := self._streams.get("resize"):
                pumps.append(group.create_task(self._feed_sizes(resize, process)))
            await self._connection.wait_closed()
            for pump in pumps:
                pump.cancel()

    async def send(self, piece: Piece) -> None:
        """Send output."""
        stream = self._streams.get(piece.stream)
        if stream is not None:
            await stream.write(piece.data)

    async def finish(self, status: dict[str, Any]) -> None:
        """Send the Status, end all streams, and wait for the client to hang up."""
        for name in ("stdin", "resize"):
            if stream := self._streams.get(name):
                stream.discard()
        await self._streams["error"].write(msgspec.json.encode(status))
        for stream in self._streams.values():
            await stream.end()
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._connection.wait_closed()
        except TimeoutError:
            return  # the connection is closed now, whatever the client does

    async def _feed_input(self, stream: Stream, process: Input) -> None:
        while data := await stream.read():
            await process.write(data)
        await process.write_eof()

    async def _feed_sizes(self, stream: Stream, process: Input) -> None:
        sizes = Sizes()
        while data := await stream.read():
            for size in sizes.feed(data):
                await process.resize(*size)
