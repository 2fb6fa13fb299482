"""A conversation with a process in a pod: input, output, its terminal's size, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from minikube8s.api.streams import exit_code
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.connection.websocket import WebSocket
from minikube8s.cli.containers import terminal
from minikube8s.cli.errors import CommandError

_V5, _V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
_STDIN, _STDOUT, _STDERR, _ERROR, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255


Sink = Callable[[bytes], None]
"""Takes what the process printed; returns when it has all of it."""


def _to(descriptor: int) -> Sink:
    def write(data: bytes) -> None:
        while data:
            data = data[os.write(descriptor, data) :]

    return write


class Files(NamedTuple):
    """Where input comes from, a file descriptor, and where output goes."""

    stdin: int = 0
    stdout: Sink = _to(1)
    stderr: Sink = _to(2)


STANDARD = Files()


class CommandEnded(CommandError):
    """The command in the container ended with ``code``, which is not 0."""

    def __init__(self, code: int) -> None:
        super().__init__(f"command terminated with exit code {code}", code, prefix="")


def converse(
    client: Client,
    path: str,
    query: Sequence[tuple[str, str]],
    *,
    stdin: bool,
    tty: bool,
    redraw: bool = False,
    files: Files = STANDARD,
) -> None:
    """Talk with the process at `path` until it ends. Raises CommandEnded, ApiFailure, CommandError.

    ``redraw`` has a terminal resized once for nothing, so that a program that runs draws itself.
    """
    wanted = {"stdout": True, "stdin": stdin, "tty": tty, "stderr": not tty}
    flags = [(name, "true" if value else "false") for name, value in wanted.items()]
    talk = _Talk(files, stdin=stdin, tty=tty, redraw=redraw)
    with terminal.raw(wanted=tty and stdin):
        status = asyncio.run(talk.run(client, path, [*query, *flags]))
    code = exit_code(status)
    if code is None:
        raise ApiFailure(status)
    if code:
        raise CommandEnded(code)


@contextlib.contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except (ValueError, IndexError) as error:
        raise CommandError(f"the server's answer is not understood: {error}") from None


class _Talk:
    def __init__(self, files: Files, *, stdin: bool, tty: bool, redraw: bool) -> None:
        self._files = files
        self._stdin = stdin
        self._tty = tty
        self._redraw = redraw
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self, client: Client, path: str, query: list[tuple[str, str]]) -> dict[str, Any]:
        """Carry input and output; returns the Status that ends it."""
        socket = await client.websocket(path, query, f"{_V5}, {_V4}")
        if self._tty:
            await self._tell_size(socket, more=int(self._redraw))
            if self._redraw:
                await self._tell_size(socket)
            terminal.on_resize(lambda: self._spawn(socket))
        if self._stdin:
            self._tasks.append(asyncio.create_task(self._feed(socket)))
        try:
            return await self._show(socket)
        finally:
            for task in self._tasks:
                task.cancel()
            socket.close()

    def _spawn(self, socket: WebSocket) -> None:
        self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks.append(asyncio.create_task(self._tell_size(socket)))

    async def _tell_size(self, socket: WebSocket, more: int = 0) -> None:
        width, height = terminal.size()
        size = {"Width": width + more, "Height": height + more}
        with contextlib.suppress(ConnectionError):
            await socket.send(_RESIZE, json.dumps(size).encode())

    async def _show(self, socket: WebSocket) -> dict[str, Any]:
        places = {_STDOUT: self._files.stdout, _STDERR: self._files.stderr}
        with contextlib.suppress(ConnectionResetError), _understood():
            while (message := await socket.receive()) is not None:
                channel, data = message[0], message[1:]
                if channel == _ERROR:
                    status: dict[str, Any] = json.loads(data)
                    return status
                if data and channel in places:
                    places[channel](data)
        raise CommandError("The connection was lost before the process ended.")

    async def _feed(self, socket: WebSocket) -> None:
        with contextlib.suppress(ConnectionError):
            async for data in terminal.keys(self._files.stdin):
                await socket.send(_STDIN, data)
            if socket.protocol != _V4:
                await socket.send(_CLOSE, bytes((_STDIN,)))
