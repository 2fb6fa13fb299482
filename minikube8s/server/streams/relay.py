"""Between a client of exec or attach and the process on the node.

Owns the order of the end: the process' last byte, then how it ended, then the connection; and the
bound on a conversation in which nobody says anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from minikube8s.api.errors import ApiError
from minikube8s.api.streams import Piece
from minikube8s.server.config import PodDialogue

log = logging.getLogger("server")

IDLE_SECONDS = 4 * 3600.0
"""How long both sides may be silent, as in Kubernetes."""


class Client(Protocol):
    """Who asked for exec or attach. Its methods raise ConnectionError when it has gone."""

    async def feed(self, process: Input) -> None:
        """Hand on what the client sends; return when it has gone."""
        ...

    async def send(self, piece: Piece) -> None:
        """Show the client output; wait while it does not read."""
        ...

    async def finish(self, status: dict[str, Any]) -> None:
        """Tell the client how it ended, and wait until it has gone or was given time to."""
        ...


class Input:
    """The process' side of what a client sends. Once the process is gone, bytes are dropped."""

    def __init__(self, dialogue: PodDialogue, touched: Callable[[], None]) -> None:
        self._dialogue = dialogue
        self._touched = touched
        self._open = True
        self._taking = True

    async def write(self, data: bytes) -> None:
        """Send input; wait while the process does not read."""
        if self._open and data:
            await self._pass_on(self._dialogue.write(data))

    async def write_eof(self) -> None:
        """No more input comes."""
        if self._open:
            self._open = False
            await self._pass_on(self._dialogue.write_eof())

    async def resize(self, width: int, height: int) -> None:
        """The client's terminal has a new size, in characters."""
        if 0 < width < 1 << 16 and 0 < height < 1 << 16:
            await self._pass_on(self._dialogue.resize(width, height))

    async def _pass_on(self, telling: Awaitable[None]) -> None:
        self._touched()
        try:
            await telling
        except ApiError as error:
            # Why it ended is told with the output.
            log.debug("input was dropped: %s", error)
            self._open = False


async def relay(client: Client, dialogue: PodDialogue) -> None:
    """Carry bytes until the process has ended and the client knows, or the client has gone."""
    async with contextlib.aclosing(dialogue):
        try:
            async with asyncio.timeout(IDLE_SECONDS) as idle:
                await _carry(client, dialogue, idle)
        except TimeoutError:
            log.info("a stream to a container was closed: silent for %g s", IDLE_SECONDS)


async def _carry(client: Client, dialogue: PodDialogue, idle: asyncio.Timeout) -> None:
    loop = asyncio.get_running_loop()

    def touch() -> None:
        if not idle.expired():
            idle.reschedule(loop.time() + IDLE_SECONDS)

    feeding = asyncio.create_task(client.feed(Input(dialogue, touch)), name="server/feed")
    telling = asyncio.create_task(_tell(client, dialogue, touch), name="server/tell")
    tasks = {feeding, telling}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ConnectionError):
            raise error


async def _tell(client: Client, dialogue: PodDialogue, touch: Callable[[], None]) -> None:
    try:
        while (piece := await dialogue.receive()) is not None:
            await client.send(piece)
            touch()
        status = dialogue.status
    except ApiError as error:
        status = error.status()
    await client.finish(status)
