"""`mk8s exec`: a command in a container."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from typing import Any

import click

from minikube8s.api.resources import PODS
from minikube8s.api.streams import exit_code
from minikube8s.cli import options, targets, terminal
from minikube8s.cli.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.websocket import WebSocket

_PROTOCOL = "v5.channel.k8s.io"
_STDIN, _STDOUT, _STDERR, _ERROR, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255


@click.command("exec")
@click.argument("pod", metavar="POD | pod/POD")
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@click.option("-c", "--container", default="", help="The container, where a pod has several.")
@click.option("-i", "--stdin", is_flag=True, help="Pass standard input on.")
@click.option("-t", "--tty", is_flag=True, help="Give the command a terminal.")
@options.namespace
@click.pass_obj
def command(
    context: dict[str, str | None], /, pod: str, words: tuple[str, ...], **given: Any
) -> int:
    """Run a command in a container: `mk8s exec -it web-0 -- sh`."""
    client = Client.of_context(context)
    query = [("command", word) for word in words]
    query += [("stdout", "true"), ("stdin", _flag(given["stdin"])), ("tty", _flag(given["tty"]))]
    query += [("stderr", _flag(not given["tty"]))]
    if given["container"]:
        query.append(("container", given["container"]))
    path = f"{targets.path(PODS, given['namespace'], _name(pod))}/exec"
    with terminal.raw(wanted=given["tty"] and given["stdin"]):
        status = asyncio.run(_talk(client, path, query, given))
    code = exit_code(status)
    if code is None:
        raise ApiFailure(status)
    if code:
        raise CommandError(f"command terminated with exit code {code}", code, prefix="")
    return 0


async def _talk(
    client: Client, path: str, query: list[tuple[str, str]], given: dict[str, Any]
) -> dict[str, Any]:
    """Carry input and output; returns the Status that ends it."""
    socket = await client.websocket(path, query, _PROTOCOL)
    tasks = []
    if given["tty"]:

        async def tell_size() -> None:
            width, height = terminal.size()
            await socket.send(_RESIZE, json.dumps({"Width": width, "Height": height}).encode())

        await tell_size()
        terminal.on_resize(lambda: tasks.append(asyncio.create_task(tell_size())))
    if given["stdin"]:
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
    raise CommandError("The connection was lost before the command ended; it was killed.")


async def _feed(socket: WebSocket) -> None:
    with contextlib.suppress(ConnectionError):
        async for data in terminal.keys():
            await socket.send(_STDIN, data)
        await socket.send(_CLOSE, bytes((_STDIN,)))


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _name(word: str) -> str:
    kind, slash, name = word.partition("/")
    if slash and targets.resource(kind) is not PODS:
        raise CommandError(f"commands run in pods: {kind} has none itself")
    return name if slash else word
