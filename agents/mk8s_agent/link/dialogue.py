"""The agent's end of a stream in both directions, for the handlers that serve one.

Owns the frames of such a stream and the bound on what was received and not yet used. A handler sees
values, not gRPC.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import grpc

from minikube8s.api.streams import Piece
from minikube8s.rpc import agent_pb2

CHUNK = 64 * 1024
"""Bytes of one Data frame at most."""
WAITING_FRAMES = 4
"""So many received frames may wait for the handler; then the master's writes wait."""

_CHANNELS = {"stdout": agent_pb2.CHANNEL_STDOUT, "stderr": agent_pb2.CHANNEL_STDERR}


class Bytes(NamedTuple):
    """The client sent input."""

    data: bytes


class End(NamedTuple):
    """The client sends no more input; it still reads."""


class Size(NamedTuple):
    """The client's terminal has so many columns and lines."""

    width: int
    height: int


Input = Bytes | End | Size


class Dialogue:
    """One task may receive and one may send at a time."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self._inputs: asyncio.Queue[Input] = asyncio.Queue(WAITING_FRAMES)
        # A call whose read is cancelled is cancelled: so one task reads, to the end of the call.
        self._reading: asyncio.Task[None] | None = None
        self._over = False

    async def begin(self) -> None:
        """Tell the client that its request succeeded; from then on bytes flow."""
        self._reading = asyncio.create_task(self._read(), name="link/dialogue")
        await self._call.write(agent_pb2.Frame(started=agent_pb2.Started()))

    async def receive(self) -> Input:
        """What the client sent next. Waits for ever when it has left: then the task is ended."""
        return await self._inputs.get()

    async def send(self, piece: Piece) -> None:
        """Send output; waits while the client does not read."""
        channel = _CHANNELS[piece.stream]
        for start in range(0, len(piece.data), CHUNK):
            content = piece.data[start : start + CHUNK]
            data = agent_pb2.Data(channel=channel, content=content)
            await self._call.write(agent_pb2.Frame(data=data))

    def ignore_input(self) -> None:
        """The work is done: what the client still sends is read and dropped."""
        self._over = True
        while not self._inputs.empty():
            self._inputs.get_nowait()

    async def wait_closed(self) -> None:
        """Wait until the master has ended the call: then it has received everything."""
        if self._reading is None:
            await self._call.read()
        else:
            await asyncio.wait([self._reading])

    async def _read(self) -> None:
        try:
            while (frame := await self._call.read()) is not grpc.aio.EOF:
                given = _input(frame)
                if given is not None and not self._over:
                    await self._inputs.put(given)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return  # the call has ended, and with it the task that serves it


Handler = Callable[[dict[str, Any], Dialogue], Awaitable[dict[str, Any]]]
"""Given the options, holds the dialogue and returns the v1.Status that ends it. A StreamError
raised before `begin` refuses the request, a later one ends the stream. Cancelled when the client
leaves."""


def _input(frame: agent_pb2.Frame) -> Input | None:
    match frame.WhichOneof("frame"):
        case "data":
            return Bytes(frame.data.content)
        case "close":
            return End()
        case "resize":
            return Size(frame.resize.width, frame.resize.height)
        case _:
            return None
