"""SPDY streams for tasks: `spdy.Session` on a wire.

Owns the one task that reads the wire, and the order of what is written. A stream that nobody reads
makes its connection wait, because clients keep no windows of their own: so does Kubernetes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from types import TracebackType

from minikube8s.server.streams.pipe import Pipe
from minikube8s.server.streams.spdy import session as spdy
from minikube8s.server.streams.spdy.errors import GoAway, IllegalMove, ProtocolFault, Reset
from minikube8s.server.streams.wires import Wire

log = logging.getLogger("server")

CHUNK = 32 * 1024
"""Bytes of one DATA frame."""
READ_AHEAD = 256 * 1024
"""Bytes of one stream that may wait for their reader."""
NEW_STREAMS = 64
"""Streams that may wait to be accepted; the next one is refused."""


class Stream:
    """One stream of a connection. One task may read and one may write at a time."""

    def __init__(self, connection: Connection, stream_id: int, headers: Mapping[str, str]) -> None:
        self.headers = headers
        self.id = stream_id
        self._connection = connection
        self._incoming = Pipe(READ_AHEAD)

    async def read(self) -> bytes:
        """Return the next bytes, b"" at the end and when the client gave the stream up."""
        data = await self._incoming.take()
        if data:
            await self._connection.used(self.id, len(data))
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes; wait while the client does not read. Raises ConnectionError at the end."""
        await self._connection.send(self.id, data)

    async def end(self) -> None:
        """Send no more. Harmless when the stream is closed."""
        await self._connection.end(self.id)

    async def reset(self, status: Reset) -> None:
        """Give the stream up. Harmless when it is closed."""
        self._incoming.discard()
        await self._connection.reset(self.id, status)

    def discard(self) -> None:
        """Drop what the client still sends."""
        self._incoming.discard()

    async def take(self, data: bytes) -> bool:
        """Give the stream's reader bytes; False when it takes no more. For the connection."""
        return await self._incoming.put(data)

    def finish(self) -> None:
        """Nothing more comes from the client. For the connection."""
        self._incoming.end()


class Connection:
    """A SPDY connection with a client. Entering begins to read it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._session = spdy.Session()
        self._streams: dict[int, Stream] = {}
        self._new: asyncio.Queue[Stream | None] = asyncio.Queue(NEW_STREAMS + 1)
        self._writing = asyncio.Lock()
        self._credit = asyncio.Event()
        self._closed = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Connection:
        self._reading = asyncio.create_task(self._read(), name="server/spdy")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    async def accept(self) -> Stream:
        """Return the next stream that the client opens. Raises ConnectionError when it has gone."""
        stream = await self._new.get()
        if stream is None:
            raise ConnectionResetError("the client has gone")
        return stream

    async def wait_closed(self) -> None:
        """Wait until the client has gone."""
        await self._closed.wait()

    async def send(self, stream_id: int, data: bytes) -> None:
        """Send bytes on a stream. Raises ConnectionError when it, or the client, has gone."""
        at = 0
        while at < len(data):
            room = self._session.room(stream_id)
            if room == 0 and self._is_sending(stream_id):
                self._credit.clear()
                await self._credit.wait()
                continue
            end = at + min(CHUNK, CHUNK if room is None else room)
            try:
                self._session.send(stream_id, data[at:end])
            except IllegalMove as error:
                raise ConnectionResetError(str(error)) from error
            at = end
            await self._flush()

    async def end(self, stream_id: int) -> None:
        """End our side of a stream."""
        if self._is_sending(stream_id):
            self._session.end(stream_id)
            self._forget(stream_id)
            await self._flush()

    async def reset(self, stream_id: int, status: Reset) -> None:
        """Give a stream up."""
        if self._session.state(stream_id) is not spdy.State.CLOSED:
            self._session.reset(stream_id, status)
            self._forget(stream_id)
            await self._flush()

    async def used(self, stream_id: int, count: int) -> None:
        """Give the client credit for bytes that were read."""
        self._session.consumed(stream_id, count)
        await self._flush()

    def _is_sending(self, stream_id: int) -> bool:
        return not self._closed.is_set() and self._session.state(stream_id) in {
            spdy.State.OPEN,
            spdy.State.PEER_DONE,
        }

    async def _flush(self) -> None:
        """Write what the session has to say. Raises ConnectionError."""
        async with self._writing:
            data = self._session.take_output()
            if data:
                await self._wire.write(data)

    async def _read(self) -> None:
        try:
            while data := await self._wire.read():
                for event in self._session.receive(data):
                    await self._handle(event)
                await self._flush()
        except ProtocolFault as fault:
            log.info("a client broke SPDY: %s", fault)
            self._session.go_away(GoAway.PROTOCOL_ERROR)
            await self._say_goodbye()
        except ConnectionError as error:
            log.debug("a SPDY client has gone: %s", error)
        finally:
            self._close()

    async def _say_goodbye(self) -> None:
        try:
            await self._flush()
        except ConnectionError as error:
            log.debug("the client did not wait to be told: %s", error)

    async def _handle(self, event: spdy.Event) -> None:
        match event:
            case spdy.Opened(stream_id, headers):
                await self._opened(stream_id, headers)
            case spdy.Received(stream_id, data):
                stream = self._streams.get(stream_id)
                if stream is None or not await stream.take(data):
                    self._session.consumed(stream_id, len(data))
            case spdy.Ended(stream_id):
                if (stream := self._streams.get(stream_id)) is not None:
                    stream.finish()
                self._forget(stream_id)
            case spdy.WasReset(stream_id, _):
                if (stream := self._streams.pop(stream_id, None)) is not None:
                    stream.finish()
                self._credit.set()
            case spdy.Credit():
                self._credit.set()

    async def _opened(self, stream_id: int, headers: Mapping[str, str]) -> None:
        if self._new.qsize() >= NEW_STREAMS:
            self._session.reset(stream_id, Reset.REFUSED_STREAM)
            return
        self._session.reply(stream_id)
        stream = self._streams[stream_id] = Stream(self, stream_id, headers)
        self._new.put_nowait(stream)

    def _forget(self, stream_id: int) -> None:
        """Let go of a stream that is closed on both sides."""
        if self._session.state(stream_id) is spdy.State.CLOSED:
            self._streams.pop(stream_id, None)

    def _close(self) -> None:
        self._closed.set()
        self._credit.set()
        for stream in self._streams.values():
            stream.finish()
        self._new.put_nowait(None)
