"""Streams to containers: asking a node's agent for one, and reading what it sends.

Owns the requests that wait for their Tunnel, and the deadlines. Back-pressure is HTTP/2's: a frame
is read from the network when its reader asks for it.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import grpc
import msgspec

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.nodes.ending import Ending
from minikube8s.nodes.outbox import Outbox
from minikube8s.rpc import agent_pb2


class Tunnel:
    """An open stream. One task may receive and one may send at a time."""

    def __init__(self, node: str, context: Any, cancel: Callable[[], None]) -> None:
        """`cancel` tells the agent to drop its work for a stream that has not come to its end."""
        self.node = node
        self._context = context
        self._cancel = cancel
        self._closed = asyncio.Event()
        self._ended = False

    async def receive(self) -> agent_pb2.Frame | None:
        """The next frame; None once closed here.

        Raises ApiError 503 when the agent ended the stream or was lost: a stream that comes to its
        end brings a Status first, after which nobody receives any more.
        """
        reading = asyncio.ensure_future(self._context.read())
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait((reading, closing), return_when=asyncio.FIRST_COMPLETED)
            if self._closed.is_set():
                return None
            frame = grpc.aio.EOF if reading.cancelled() else reading.result()
        except (grpc.aio.BaseError, asyncio.InvalidStateError) as error:
            raise _lost(self.node) from error
        finally:
            reading.cancel()
            closing.cancel()
        if frame is grpc.aio.EOF:
            raise _lost(self.node)
        self._ended = frame.HasField("status")
        return cast(agent_pb2.Frame, frame)

    async def send(self, frame: agent_pb2.Frame) -> None:
        """Send a frame; waits while the agent does not read. Raises ApiError 503 at its end."""
        if self._closed.is_set():
            raise _lost(self.node)
        try:
            await self._context.write(frame)
        except (grpc.aio.BaseError, asyncio.InvalidStateError) as error:
            raise _lost(self.node) from error

    def close(self) -> None:
        """End the stream; the agent's work for it is cancelled.

        The end of the call itself reaches an agent only after all bytes before it were read, and
        a process may never read its input: so an early end is told by the session too.
        """
        if not self._closed.is_set():
            self._closed.set()
            if not self._ended:
                self._cancel()

    async def wait_closed(self) -> None:
        """Wait for `close`."""
        await self._closed.wait()


class LogStream(AsyncIterator[bytes]):
    """The bytes of a log, as they come. Close it: the agent follows the log until then."""

    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel

    async def __anext__(self) -> bytes:
        frame = await self._tunnel.receive()
        if frame is not None and frame.HasField("data"):
            content: bytes = frame.data.content
            return content
        await self.aclose()
        if frame is not None and frame.HasField("status"):
            failure = _failure(frame.status)
            if failure is not None:
                raise failure
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the stream; harmless when it has ended."""
        self._tunnel.close()


class Streams:
    """Opens streams to nodes whose agents are connected."""

    def __init__(self, outbox_of: Callable[[str], Outbox | None], deadline: float) -> None:
        self._outbox_of = outbox_of
        self._deadline = deadline
        self._waiting: dict[tuple[str, str], asyncio.Future[Tunnel]] = {}

    async def open(self, node: str, kind: str, options: dict[str, Any]) -> Tunnel:
        """Have the node's agent serve `kind`; returns when it has begun.

        Raises ApiError: 503 when the agent is not connected, 504 when it does not answer in time,
        or what the agent answers.
        """
        outbox = self._outbox_of(node)
        if outbox is None:
            raise _lost(node)
        key = node, secrets.token_hex(16)
        request = agent_pb2.OpenTunnel(
            id=key[1], kind=kind, options_json=msgspec.json.encode(options)
        )
        arrived: asyncio.Future[Tunnel] = asyncio.get_running_loop().create_future()
        self._waiting[key] = arrived
        tunnel: Tunnel | None = None
        try:
            async with asyncio.timeout(self._deadline):
                outbox.request(agent_pb2.Down(open_tunnel=request))
                tunnel = await arrived
                await _started(tunnel)
        except BaseException as error:
            if tunnel is not None:
                tunnel.close()
            if isinstance(error, TimeoutError):
                raise errors.timeout(
                    f'the agent of node "{node}" did not open a stream for {kind} within '
                    f"{self._deadline:g} s; its log on the node may say why"
                ) from error
            raise
        finally:
            del self._waiting[key]
        return tunnel

    async def serve(self, node: str, context: Any) -> Ending | None:
        """Serve a Tunnel call of `node`'s agent until the stream's reader closes it."""
        try:
            async with asyncio.timeout(self._deadline):
                first = await context.read()
        except TimeoutError:
            return Ending(grpc.StatusCode.DEADLINE_EXCEEDED, "no Attach came in time")
        if first is grpc.aio.EOF or first.WhichOneof("frame") != "attach":
            return Ending(grpc.StatusCode.INVALID_ARGUMENT, "a tunnel begins with Attach")
        arrived = self._waiting.get((node, first.attach.id))
        if arrived is None or arrived.done():
            # Nobody waits: the client gave up, the id is another node's, or was used before.
            return Ending(grpc.StatusCode.NOT_FOUND, "nobody waits for this stream")
        tunnel = Tunnel(node, context, lambda: self._cancel(node, first.attach.id))
        arrived.set_result(tunnel)
        await tunnel.wait_closed()
        return None

    def _cancel(self, node: str, id: str) -> None:
        outbox = self._outbox_of(node)
        if outbox is not None:
            outbox.request(agent_pb2.Down(close_tunnel=agent_pb2.CloseTunnel(id=id)))


async def _started(tunnel: Tunnel) -> None:
    frame = await tunnel.receive()
    if frame is not None and frame.HasField("started"):
        return
    failure = _failure(frame.status) if frame is not None and frame.HasField("status") else None
    raise failure or errors.internal(f'the agent of node "{tunnel.node}" did not begin the stream')


def _lost(node: str) -> ApiError:
    return errors.unavailable(
        f'the agent of node "{node}" is not connected to the master: its containers may run on, '
        "but cannot be reached until it is back"
    )


def _failure(status: agent_pb2.Status) -> ApiError | None:
    """The error that a v1.Status tells of; None for success."""
    try:
        body = msgspec.json.decode(status.status_json, type=dict[str, Any])
    except msgspec.DecodeError:
        body = {}
    if body.get("status") == "Success":
        return None
    return ApiError(
        int(body.get("code") or 500),
        str(body.get("reason") or "InternalError"),
        str(body.get("message") or "the node's agent failed without saying why"),
        body.get("details"),
    )
