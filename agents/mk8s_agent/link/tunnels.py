"""Streams that the master asks for: each a Tunnel call, fed by a handler.

Owns the calls, their number and their end. What a stream carries is the handler's; back-pressure
is HTTP/2's: a handler is asked for more only when the last bytes went out.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import grpc
import msgspec

from minikube8s.api.streams import success
from minikube8s.rpc import agent_pb2, agent_pb2_grpc
from mk8s_agent.link import dialogue
from mk8s_agent.link.dialogue import CHUNK, Dialogue
from mk8s_agent.link.errors import StreamError

log = logging.getLogger(__name__)

MAX_TUNNELS = 256

Handler = Callable[[dict[str, Any]], Awaitable[AsyncIterator[bytes]]]
"""Given the options, returns the bytes to send. A StreamError raised before it returns refuses the
request; one raised by the iterator ends a stream that has begun."""


class Tunnels:
    """The streams of one session; they end with it."""

    def __init__(
        self,
        stub: agent_pb2_grpc.AgentsStub,
        handlers: Mapping[str, Handler],
        dialogues: Mapping[str, dialogue.Handler],
    ) -> None:
        self._stub = stub
        self._handlers = handlers
        self._dialogues = dialogues
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def open(self, request: agent_pb2.OpenTunnel) -> None:
        """Serve the request in a task of its own."""
        task = asyncio.create_task(self._serve(request), name=f"link/tunnel {request.kind}")
        self._tasks[request.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(request.id, None))

    def cancel(self, id: str) -> None:
        """End a stream whose client has gone; harmless when it has ended."""
        if (task := self._tasks.get(id)) is not None:
            task.cancel()

    async def close(self) -> None:
        """End all streams and wait for their handlers to let go."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _serve(self, request: agent_pb2.OpenTunnel) -> None:
        call = self._stub.Tunnel()
        work = asyncio.current_task()
        assert work is not None
        # The master ends the call when its client has gone; the handler must not go on alone.
        call.add_done_callback(lambda _: work.cancel())
        talk = Dialogue(call)
        try:
            await call.write(agent_pb2.Frame(attach=agent_pb2.Attach(id=request.id)))
            try:
                await call.write(_status(await self._work(call, talk, request)))
            except StreamError as error:
                await call.write(_failure(error))
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                raise
            except Exception as error:
                log.exception("serving %s failed", request.kind)
                why = f"the node's agent failed to serve {request.kind}: {error}"
                await call.write(_failure(StreamError("InternalError", why, 500)))
            talk.ignore_input()
            await call.done_writing()
            await talk.wait_closed()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            log.debug("the %s stream ended early", request.kind)
        finally:
            talk.ignore_input()
            call.cancel()

    async def _work(
        self, call: Any, talk: Dialogue, request: agent_pb2.OpenTunnel
    ) -> dict[str, Any]:
        """Serve the stream and return the v1.Status that ends it. Raises StreamError."""
        handler = self._handlers.get(request.kind)
        holder = self._dialogues.get(request.kind)
        if handler is None and holder is None:
            raise StreamError("NotImplemented", f"this agent cannot serve {request.kind}", 501)
        if len(self._tasks) > MAX_TUNNELS:
            why = f"the node serves {MAX_TUNNELS} streams already; close some"
            raise StreamError("TooManyRequests", why, 429)
        options = msgspec.json.decode(request.options_json)
        if handler is not None:
            await self._feed(call, await handler(options))
        elif holder is not None:
            return await holder(options, talk)
        return success()

    async def _feed(self, call: Any, chunks: AsyncIterator[bytes]) -> None:
        try:
            await call.write(agent_pb2.Frame(started=agent_pb2.Started()))
            async for chunk in chunks:
                await _send(call, chunk)
        finally:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()


async def _send(call: Any, chunk: bytes) -> None:
    for start in range(0, len(chunk), CHUNK):
        content = chunk[start : start + CHUNK]
        data = agent_pb2.Data(channel=agent_pb2.CHANNEL_STDOUT, content=content)
        await call.write(agent_pb2.Frame(data=data))


def _failure(error: StreamError) -> agent_pb2.Frame:
    return _status(
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": error.message,
            "reason": error.reason,
            "code": error.code,
        }
    )


def _status(status: dict[str, Any]) -> agent_pb2.Frame:
    return agent_pb2.Frame(status=agent_pb2.Status(status_json=msgspec.json.encode(status)))
