"""A node's end of exec, attach and port-forward without a node."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from minikube8s.api import errors
from minikube8s.api.streams import Piece, exited, success

Object = dict[str, Any]


class EchoDialogue:
    """What `cat` does; at the end of its input it exits with 3. Sizes come out on stderr."""

    def __init__(self, says: bytes = b"") -> None:
        self.status: Object = {}
        self.closed = threading.Event()
        self._pieces: asyncio.Queue[Piece | None] = asyncio.Queue(4)
        if says:
            self._pieces.put_nowait(Piece("stdout", says))
            self._pieces.put_nowait(None)

    async def receive(self) -> Piece | None:
        piece = await self._pieces.get()
        if piece is None:
            self.status = exited(3)
        return piece

    async def write(self, data: bytes) -> None:
        await self._pieces.put(Piece("stdout", data))

    async def write_eof(self) -> None:
        await self._pieces.put(None)

    async def resize(self, width: int, height: int) -> None:
        await self._pieces.put(Piece("stderr", f"{width}x{height}".encode()))

    async def aclose(self) -> None:
        self.closed.set()


class EchoStreams:
    """Gives an API server's pod streams exec, attach and port-forward that echo.

    What they are to say by themselves before they end is in `says`.
    """

    def __init__(self, pod_streams: Any) -> None:
        self.says = b""
        self.asked: list[tuple[Any, ...]] = []
        self.dialogues: list[EchoDialogue] = []
        for name in ("open_exec", "open_attach", "open_port_forward"):
            setattr(pod_streams, name, getattr(self, name))

    async def open_exec(self, *asked: Any) -> EchoDialogue:
        return self._open(asked)

    async def open_attach(self, *asked: Any) -> EchoDialogue:
        return self._open(asked)

    async def open_port_forward(self, *asked: Any) -> EchoDialogue:
        if asked[-1] == 81:
            raise errors.internal("error forwarding port 81: connection refused")
        return self._open(asked)

    def _open(self, asked: tuple[Any, ...]) -> EchoDialogue:
        self.asked.append(asked)
        self.dialogues.append(EchoDialogue(self.says))
        return self.dialogues[-1]


class SocketDialogue:
    """A connection, as a node's agent makes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.status: Object = {}
        self._reader, self._writer = reader, writer

    async def receive(self) -> Piece | None:
        try:
            data = await self._reader.read(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.status = success()
            return None
        return Piece("stdout", data)

    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError as error:
            raise errors.unavailable(str(error)) from error

    async def write_eof(self) -> None:
        self._writer.write_eof()

    async def resize(self, width: int, height: int) -> None:
        raise AssertionError("a connection has no size")

    async def aclose(self) -> None:
        self._writer.close()


class SocketStreams:
    """Gives an API server's pod streams connections: whatever the address, to this machine."""

    def __init__(self, pod_streams: Any) -> None:
        self.asked: list[tuple[str, str, int]] = []
        pod_streams.open_connection = self.open_connection

    async def open_connection(self, node: str, address: str, port: int) -> SocketDialogue:
        self.asked.append((node, address, port))
        try:
            connection = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            why = f"dial tcp {address}:{port}: connect: connection refused"
            raise errors.unavailable(why) from error
        return SocketDialogue(*connection)
