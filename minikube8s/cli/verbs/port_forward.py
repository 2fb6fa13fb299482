"""`mk8s port-forward`: ports of this machine that lead into a pod."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import click

from minikube8s.cli import pods
from minikube8s.cli.client import Client
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session
from minikube8s.cli.websocket import WebSocket

_PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_NAME_BYTES = 2
_BLOCK = 32 * 1024


@verb("port-forward")
@click.argument("pod", metavar="POD | pod/POD")
@click.argument("ports", nargs=-1, required=True, metavar="[LOCAL:]REMOTE...")
@click.option("--address", default="127.0.0.1", help="Where to listen.")
@click.pass_obj
def command(session: Session, /, pod: str, ports: tuple[str, ...], **given: Any) -> None:
    """Lead local ports to ports of a pod until interrupted: `mk8s port-forward web-0 8080:80`."""
    client = session.client
    path = pods.path(pods.chosen(session, [pod], 60))
    client.close()
    pairs = [_pair(text) for text in ports]
    asyncio.run(_serve(client, f"{path}/portforward", given["address"], pairs))


def _pair(text: str) -> tuple[int, int]:
    """Local and remote port of `8080:80`, `80` or `:80` (any free local port)."""
    local, colon, remote = text.rpartition(":")
    numbers = (local or "0", remote) if colon else (remote, remote)
    if not all(one.isascii() and one.isdigit() and int(one) < 1 << 16 for one in numbers):
        raise CommandError(f"{text!r} is no pair of ports: write LOCAL:REMOTE, like 8080:80")
    return int(numbers[0]), int(numbers[1])


async def _serve(client: Client, path: str, address: str, pairs: list[tuple[int, int]]) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for local, remote in pairs:
            server = await _listen(client, path, address, local, remote)
            await stack.enter_async_context(server)
            port = server.sockets[0].getsockname()[1]
            click.echo(f"Forwarding from {address}:{port} -> {remote}")
        await asyncio.Event().wait()


async def _listen(
    client: Client, path: str, address: str, local: int, remote: int
) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        click.echo(f"Handling connection for {writer.get_extra_info('sockname')[1]}")
        try:
            await _forward(client, path, remote, reader, writer)
        except (CommandError, ConnectionError) as error:
            click.echo(str(error), err=True)
        finally:
            writer.close()

    try:
        return await asyncio.start_server(serve, address, local)
    except OSError as error:
        why = error.strerror or str(error)
        raise CommandError(f"cannot listen on {address}:{local}: {why}") from None


async def _forward(
    client: Client,
    path: str,
    remote: int,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Carry one connection. Raises CommandError, ConnectionError."""
    socket = await client.websocket(path, [("ports", str(remote))], _PROTOCOL)
    feeding = asyncio.create_task(_feed(socket, reader))
    skip = {_DATA: _NAME_BYTES, _ERROR: _NAME_BYTES}
    try:
        while (message := await socket.receive()) is not None:
            channel, data = message[0], message[1 + skip.get(message[0], 0) :]
            skip.pop(channel, None)
            if channel == _ERROR and data:
                raise CommandError(data.decode(errors="replace"))
            writer.write(data)
            await writer.drain()
    finally:
        feeding.cancel()
        socket.close()


async def _feed(socket: WebSocket, reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_BLOCK):
            await socket.send(_DATA, data)
