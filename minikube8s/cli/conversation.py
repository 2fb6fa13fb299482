"""A conversation with a process in a pod: input, output, its terminal's size, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Sequence
from typing import Any

from minikube8s.api.streams import exit_code
from minikube8s.cli import terminal
from minikube8s.cli.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.websocket import WebSocket

_PROTOCOL = "v5.channel.k8s.io"
_STDIN, _STDOUT, _STDERR, _ERROR, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255


def converse(
    client: Client, path: str, query: Sequence[tuple[str, str]], *, stdin: bool, tty: bool
) -> int:
    """Talk with the process at `path` until it ends. Raises CommandError with its exit code."""
    wanted = {"stdout": True, "stdin": stdin, "tty": tty, "stderr": not tty}
    flags = [(name, "true" if value else "false") for name, value in wanted.items()]
    with terminal.raw(wanted=tty and stdin):
        status = asyncio.run(_talk(client, path, [*query, *flags], stdin=stdin, tty=tty))
    code = exit_code(status)
    if code is None:
        raise ApiFailure(status)
    if code:
        raise CommandError(f"command terminated with exit code {code}", code, prefix="")
    return 0


async def _talk(
    client: Client, path: str, query: list[tuple[str, str]], *, stdin: bool, tty: bool
) -> dict[str, Any]:
    """Carry input and output; returns the Status that ends it."""
    socket = await client.websocket(path, query, _PROTOCOL)
    tasks = []
    if tty:

        async def tell_size() -> None:
            width, height = terminal.size()
            await socket.send(_RESIZE, json.dumps({"Width": width, "Height": height}).encode())

        await tell_size()
        terminal.on_resize(lambda: tasks.append(asyncio.create_task(tell_size())))
    if stdin:
        tasks.append(asyncio.create_task(_feed(socket)))
    try:
        return await _show(socket)
    finally:
        for task in tasks:
            task.cancel()
        socket.close()


async def _show(socket: WebSocket) -> dict[str, Any]:
    while (message := await socket.receive()) is not None:
        channel, data = message[0], message[1:]
        if channel == _ERROR:
            status: dict[str, Any] = json.loads(data)
            return status
        if channel in {_STDOUT, _STDERR}:
            while data:
                data = data[os.write(channel, data) :]
    raise CommandError("The connection was lost before the process ended.")


async def _feed(socket: WebSocket) -> None:
    with contextlib.suppress(ConnectionError):
        async for data in terminal.keys():
            await socket.send(_STDIN, data)
        await socket.send(_CLOSE, bytes((_STDIN,)))
