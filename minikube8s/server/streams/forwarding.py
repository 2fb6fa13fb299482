"""Connections to ports of a pod, for clients of port-forward.

Owns the two ways to name them: a pair of SPDY streams a connection, told by their headers
(`portforward.k8s.io`), and a pair of WebSocket channels a port (`v4.channel.k8s.io`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from minikube8s.api.errors import ApiError
from minikube8s.server.config import PodDialogue
from minikube8s.server.streams import options
from minikube8s.server.streams.channels import V4, V4_BASE64, Channels
from minikube8s.server.streams.connection import Connection, Stream
from minikube8s.server.streams.pipe import Pipe
from minikube8s.server.streams.spdy.errors import Reset

log = logging.getLogger("server")

PROTOCOLS = ("portforward.k8s.io",)
TUNNELLED = "SPDY/3.1+portforward.k8s.io"
CHANNELS = (V4, V4_BASE64)
PAIR_SECONDS = 30.0
"""How long half a pair may wait for the other, as in Kubernetes."""
MAX_CONNECTIONS = 128
"""Connections that one client may have open at a time."""
READ_AHEAD = 256 * 1024

Open = Callable[[int], Awaitable[PodDialogue]]
"""Opens a connection to a port of the pod. Raises ApiError."""


class SpdyForwarder:
    """Serves one SPDY client of port-forward until it leaves."""

    def __init__(self, connection: Connection, open_port: Open) -> None:
        self._connection = connection
        self._open = open_port
        self._halves: dict[str, tuple[str, Stream, asyncio.TimerHandle]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Forward until the client has gone; then all its connections are closed."""
        try:
            with contextlib.suppress(ConnectionError):
                while True:
                    await self._pair(await self._connection.accept())
        finally:
            for _, _, timer in self._halves.values():
                timer.cancel()
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def _pair(self, stream: Stream) -> None:
        """Begin when both streams of a connection are there: that of errors and that of data."""
        kind = stream.headers.get("streamtype", "")
        # Clients older than request ids open the data stream right after that of errors.
        request = stream.headers.get("requestid") or str(
            stream.id if kind == "error" else stream.id - 2
        )
        waiting = self._halves.pop(request, None)
        if kind not in {"error", "data"} or (waiting is not None and waiting[0] == kind):
            await stream.reset(Reset.PROTOCOL_ERROR)
        elif waiting is None and len(self._halves) < MAX_CONNECTIONS:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(PAIR_SECONDS, self._give_up, request)
            self._halves[request] = kind, stream, timer
        elif waiting is None or len(self._tasks) >= MAX_CONNECTIONS:
            await stream.reset(Reset.REFUSED_STREAM)
        else:
            waiting[2].cancel()
            data, error = (stream, waiting[1]) if kind == "data" else (waiting[1], stream)
            self._spawn(self._forward(data, error))

    def _give_up(self, request: str) -> None:
        _, stream, _ = self._halves.pop(request)
        self._spawn(stream.reset(Reset.CANCEL))

    def _spawn(self, work: Awaitable[None]) -> None:
        async def run() -> None:
            with contextlib.suppress(ConnectionError):
                await work

        task = asyncio.create_task(run(), name="server/forward")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forward(self, data: Stream, error: Stream) -> None:
        text = data.headers.get("port", "")
        try:
            try:
                dialogue = await self._open(options.port(text))
            except ApiError as refused:
                log.info("port-forward: %s", refused.message)
                await error.write(refused.message.encode())
                return
            async with contextlib.aclosing(dialogue):
                failure = await _carry(dialogue, data.read, data.write)
                if failure:
                    await error.write(failure.encode())
        finally:
            data.discard()
            error.discard()
            with contextlib.suppress(ConnectionError):
                await error.end()
                await data.end()


class ChannelForwarder:
    """Serves one WebSocket client: channel 2n carries the bytes of its n-th port, 2n+1 errors."""

    def __init__(self, channels: Channels, ports: list[int], open_port: Open) -> None:
        self._channels = channels
        self._ports = ports
        self._open = open_port
        self._inputs = [Pipe(READ_AHEAD) for _ in ports]

    async def run(self) -> None:
        """Forward until the client has gone or all connections have ended."""
        feeding = asyncio.create_task(self._feed(), name="server/channels")
        working = asyncio.gather(*(self._forward(n) for n in range(len(self._ports))))
        try:
            await asyncio.wait((feeding, working), return_when=asyncio.FIRST_COMPLETED)
        finally:
            feeding.cancel()
            working.cancel()
            await asyncio.wait((feeding, working))
            # asked for always: asyncio logs what nobody asks for, and who hung up is no failure
            failure = None if working.cancelled() else working.exception()
        if failure is not None and not isinstance(failure, asyncio.CancelledError):
            raise failure
        await self._channels.close()

    async def _feed(self) -> None:
        while (message := await self._channels.receive()) is not None:
            channel, data = message
            if channel % 2 == 0 and channel // 2 < len(self._inputs) and data:
                await self._inputs[channel // 2].put(data)

    async def _forward(self, number: int) -> None:
        port, incoming = self._ports[number], self._inputs[number]
        name = port.to_bytes(2, "little")

        async def write(data: bytes) -> None:
            await self._channels.send(2 * number, data)

        with contextlib.suppress(ConnectionError):
            # By its first message each channel says which port it is.
            await write(name)
            await self._channels.send(2 * number + 1, name)
            try:
                dialogue = await self._open(port)
            except ApiError as refused:
                await self._channels.send(2 * number + 1, refused.message.encode())
                return
            async with contextlib.aclosing(dialogue):
                failure = await _carry(dialogue, incoming.take, write)
                if failure:
                    await self._channels.send(2 * number + 1, failure.encode())
        incoming.discard()


async def _carry(
    dialogue: PodDialogue,
    read: Callable[[], Awaitable[bytes]],
    write: Callable[[bytes], Awaitable[None]],
) -> str:
    """Carry bytes both ways until the pod's side has ended; return why, empty for well."""
    feeding = asyncio.create_task(_feed(dialogue, read), name="server/forward input")
    try:
        while (piece := await dialogue.receive()) is not None:
            await write(piece.data)
    except ApiError as error:
        return error.message
    finally:
        feeding.cancel()
        await asyncio.wait([feeding])
    if dialogue.status.get("status") == "Success":
        return ""
    return str(dialogue.status.get("message", ""))


async def _feed(dialogue: PodDialogue, read: Callable[[], Awaitable[bytes]]) -> None:
    # That the other side has gone is told where its bytes are received.
    with contextlib.suppress(ApiError, ConnectionError):
        while data := await read():
            await dialogue.write(data)
        await dialogue.write_eof()
