"""A node's end of exec, attach and port-forward without a node."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from minikube8s.api import errors
from minikube8s.api.streams import Piece, exited

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
