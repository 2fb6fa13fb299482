"""Listens at local ports and carries each connection to the pod over a WebSocket of its own.

So a connection that fails takes no other one with it, and the pod's next container serves the next.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import click

from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.connection.websocket import WebSocket
from minikube8s.cli.errors import CommandError
from minikube8s.cli.forwarding.ports import Pair
from minikube8s.cli.output.escapes import harmless

Choose = Callable[[], str]
"""The path of a pod's port-forward, chosen anew. Raises CommandError, ApiFailure."""

_PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_NAME_BYTES = 2
_BLOCK = 32 * 1024
LINGER_SECONDS = 60.0
"""How long a pod may be silent once nothing more comes from here: it does not learn of that."""


class Forwarder:
    """Leads ports to one pod; to another one when that is gone and ``choose`` finds one."""

    def __init__(self, client: Client, path: str, choose: Choose) -> None:
        self._client = client
        self._path = path
        self._choose = choose
        self._lost: asyncio.Future[CommandError] | None = None

    async def serve(self, pairs: Sequence[Pair], addresses: Sequence[tuple[str, bool]]) -> None:
        """Listen until the pod is gone for good. Raises CommandError."""
        self._lost = asyncio.get_running_loop().create_future()
        with contextlib.ExitStack() as stack:
            listening = 0
            for pair in pairs:
                listening += await self._listen(stack, pair, addresses)
            if not listening:
                shown = " ".join(f"{{{pair.local} {pair.remote}}}" for pair in pairs)
                raise CommandError(f"unable to listen on any of the requested ports: [{shown}]")
            raise await self._lost

    async def _listen(
        self,
        stack: contextlib.ExitStack,
        pair: Pair,
        addresses: Sequence[tuple[str, bool]],
    ) -> int:
        """Listen for one pair at every address; returns at how many. Says where it cannot."""
        failures = []
        local, count = pair.local, 0
        for address, optional in addresses:
            try:
                server = await asyncio.start_server(self._handler(pair.remote), address, local)
            except OSError as error:
                failures.append((f"{address}: {error.strerror or error}", optional))
                continue
            # not entered: its end would wait for that of open connections
            stack.callback(server.close)
            local = server.sockets[0].getsockname()[1]
            shown = f"[{address}]" if ":" in address else address
            click.echo(f"Forwarding from {shown}:{local} -> {pair.remote}")
            count += 1
        serious = [why for why, optional in failures if not (optional and count)]
        if serious:
            click.echo(f"Unable to listen on port {pair.local}: {'; '.join(serious)}", err=True)
        return count

    def _handler(
        self, remote: int
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], asyncio.Future[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            local = writer.get_extra_info("sockname")[1]
            click.echo(f"Handling connection for {local}")
            try:
                await self._forward(remote, reader, writer)
            except (CommandError, OSError, ValueError) as error:
                why = harmless(str(error).removeprefix("error: "))
                told = f"error: an error occurred forwarding {local} -> {remote}: {why}"
                click.echo(told, err=True)
            except asyncio.CancelledError:
                # the program ends; asyncio's streams would show a traceback
                return
            finally:
                writer.close()

        return serve  # type: ignore[return-value]

    async def _forward(
        self, remote: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Carry one connection. Raises CommandError, OSError, ValueError (of no frame)."""
        socket = await self._connect(remote)
        loop = asyncio.get_running_loop()
        feeding = asyncio.create_task(_feed(socket, reader))
        skip = {_DATA: _NAME_BYTES, _ERROR: _NAME_BYTES}
        try:
            async with asyncio.timeout(None) as patience:

                def hurry(_: object = None) -> None:
                    # not where the connection is over already
                    with contextlib.suppress(RuntimeError):
                        patience.reschedule(loop.time() + LINGER_SECONDS)

                feeding.add_done_callback(hurry)
                while (message := await socket.receive()) is not None:
                    channel, data = message[0], message[1 + skip.get(message[0], 0) :]
                    skip.pop(channel, None)
                    if channel == _ERROR and data:
                        raise CommandError(data.decode(errors="replace"))
                    writer.write(data)
                    await writer.drain()
                    if feeding.done():
                        hurry()
        except TimeoutError:
            if not patience.expired():
                raise
        finally:
            feeding.cancel()
            socket.close()

    async def _connect(self, remote: int) -> WebSocket:
        query = [("ports", str(remote))]
        # another connection may find another pod meanwhile
        tried = self._path
        try:
            return await self._client.websocket(tried, query, _PROTOCOL)
        except ApiFailure:
            self._path = await self._chosen()
            if self._path == tried:
                raise
        return await self._client.websocket(self._path, query, _PROTOCOL)

    async def _chosen(self) -> str:
        try:
            return await asyncio.to_thread(self._choose)
        except CommandError as error:
            if self._lost is not None and not self._lost.done():
                why = str(error).removeprefix("error: ")
                self._lost.set_result(CommandError(f"lost connection to pod: {why}"))
            raise


async def _feed(socket: WebSocket, reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_BLOCK):
            await socket.send(_DATA, data)
