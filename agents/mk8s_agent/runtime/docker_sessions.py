"""Exec and attach through Docker's hijacked connections.

Owns Docker's paths for both, and the end of a command whose client has left. The engine, not the
agent, enters the container: only it knows the seccomp and security profiles, the resolved user and
the device rules that the command must run under.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import msgspec

from mk8s_agent.httpanswers import Response
from mk8s_agent.runtime.errors import EngineUnavailable, RuntimeFault
from mk8s_agent.runtime.framing import JsonLines, LogDemultiplexer
from mk8s_agent.runtime.http import Hijacked
from mk8s_agent.runtime.sessions import AttachSpec, ExecSpec
from mk8s_agent.runtime.vocabulary import LogChunk

log = logging.getLogger(__name__)

_BLOCK = 64 * 1024
_LETTING_GO_SECONDS = 10.0
_STARTING_SECONDS = 0.05
_LOOKS_FOR_BEGINNING = 20
"""How often a command is looked for that may or may not have been asked to begin."""
_LAST_WORDS_SECONDS = 1.0
"""How long the output of a container that has ended may take to arrive."""
_BROKEN = (OSError, asyncio.IncompleteReadError)
_ENDINGS: set[asyncio.Task[None]] = set()
"""Commands that are being killed; a task that nobody refers to may be lost."""


class Engine(Protocol):
    """The calls that sessions are made of, see `docker_api.DockerApi`."""

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The decoded answer."""
        ...

    async def post(
        self, path: str, query: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> bytes:
        """The answer's body."""
        ...

    def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[Response]:
        """An answer that is read as it comes."""
        ...

    def hijack(
        self, path: str, query: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> AbstractAsyncContextManager[Hijacked]:
        """A connection that stops being HTTP."""
        ...


class DockerSession:
    """A hijacked connection to a process. `resizing` is the path that takes its terminal's size."""

    def __init__(self, engine: Engine, wire: Hijacked, *, tty: bool, resizing: str) -> None:
        self._engine = engine
        self._wire = wire
        self._tty = tty
        self._resizing = resizing

    async def output(self) -> AsyncIterator[LogChunk]:
        """What the process writes, to its end."""
        frames = LogDemultiplexer()
        while block := await self._read():
            if self._tty:
                yield LogChunk("stdout", block)
                continue
            for chunk in frames.feed(block):
                yield chunk

    async def write(self, data: bytes) -> None:
        """Send input; waits while the process does not read."""
        # A process that has ended reads no more: its end is told by its output, not here.
        with contextlib.suppress(OSError):
            self._wire.writer.write(data)
            await self._wire.writer.drain()

    async def write_eof(self) -> None:
        """No more input comes."""
        with contextlib.suppress(OSError):
            if self._wire.writer.can_write_eof():
                self._wire.writer.write_eof()

    async def resize(self, width: int, height: int) -> None:
        """Give the process' terminal a new size."""
        if not self._tty:
            return
        try:
            await self._engine.post(self._resizing, {"w": str(width), "h": str(height)})
        except EngineUnavailable:
            raise
        except RuntimeFault as fault:
            # It has not quite started, or has just ended.
            log.debug("a terminal was not resized: %s", fault)

    async def _read(self) -> bytes:
        try:
            return await self._wire.reader.read(_BLOCK)
        except _BROKEN as error:
            raise EngineUnavailable(
                f"The container engine broke off the stream ({error}): is it running?"
            ) from error


class DockerAttach(DockerSession):
    """A container's first process.

    The engine does not end the stream of a container that had ended when it was attached to: so the
    container's own end is waited for too. `ending` is a task that ends with the container.
    """

    def __init__(
        self,
        engine: Engine,
        wire: Hijacked,
        *,
        tty: bool,
        resizing: str,
        ending: asyncio.Task[None],
    ) -> None:
        super().__init__(engine, wire, tty=tty, resizing=resizing)
        self._ending = ending

    async def _read(self) -> bytes:
        reading = asyncio.create_task(super()._read())
        try:
            await asyncio.wait((reading, self._ending), return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                await asyncio.wait((reading,), timeout=_LAST_WORDS_SECONDS)
            return reading.result() if reading.done() else b""
        finally:
            reading.cancel()


class DockerExec(DockerSession):
    """A command in a container."""

    def __init__(
        self, engine: Engine, wire: Hijacked, *, tty: bool, exec_id: str, container_id: str
    ) -> None:
        super().__init__(engine, wire, tty=tty, resizing=f"/exec/{exec_id}/resize")
        self._exec_id = exec_id
        self._container_id = container_id

    async def exit_code(self) -> int:
        """Wait for the command's end, which may come after that of its output."""
        seen = await _inspect(self._engine, self._exec_id)
        if not seen["Running"]:
            return int(seen["ExitCode"] or 0)
        filters = {"container": [self._container_id], "event": ["exec_die", "die"]}
        query = {"filters": msgspec.json.encode(filters).decode()}
        async with self._engine.call("GET", "/events", query) as response:
            # Subscribed: an end from now on is told, one before now is seen.
            lines = JsonLines()
            blocks = response.blocks()
            while (seen := await _inspect(self._engine, self._exec_id))["Running"]:
                block = await anext(blocks, None)
                if block is None:
                    raise EngineUnavailable("The container engine stopped while a command ran.")
                lines.feed(block)
        return int(seen["ExitCode"] or 0)


@asynccontextmanager
async def run(engine: Engine, container_id: str, spec: ExecSpec) -> AsyncIterator[DockerExec]:
    """Start a command in a container; leaving the block kills it.

    Raises ContainerNotFound, also when the container does not run, RuntimeFault.
    """
    body = {
        "Cmd": list(spec.command),
        "AttachStdin": spec.stdin,
        "AttachStdout": spec.stdout,
        "AttachStderr": spec.stderr,
        "Tty": spec.tty,
    }
    made = await engine.post(f"/containers/{container_id}/exec", None, msgspec.json.encode(body))
    exec_id = str(msgspec.json.decode(made)["Id"])
    start = msgspec.json.encode({"Detach": False, "Tty": spec.tty})
    async with contextlib.AsyncExitStack() as stack:
        try:
            opening = engine.hijack(f"/exec/{exec_id}/start", None, start)
            wire = await stack.enter_async_context(opening)
        except (EngineUnavailable, asyncio.CancelledError):
            # The engine may have heard it already: then the command begins all the same.
            await _let_go(engine, exec_id)
            raise
        try:
            yield DockerExec(engine, wire, tty=spec.tty, exec_id=exec_id, container_id=container_id)
        finally:
            await _let_go(engine, exec_id)


async def _let_go(engine: Engine, exec_id: str) -> None:
    """End the command, whatever happens to the caller.

    A client's leaving may be told twice; the second time must not cut off the ending.
    """

    async def end() -> None:
        # A container that is gone has taken its commands with it.
        with contextlib.suppress(RuntimeFault, TimeoutError):
            async with asyncio.timeout(_LETTING_GO_SECONDS):
                await _end(engine, exec_id)

    ending = asyncio.create_task(end(), name="runtime/exec end")
    _ENDINGS.add(ending)
    ending.add_done_callback(_ENDINGS.discard)
    await asyncio.shield(ending)


async def _end(engine: Engine, exec_id: str) -> None:
    """Kill the command if it still runs: nobody listens to it any more."""
    seen = await _inspect(engine, exec_id)
    looks = 0
    while not _has_process(seen) and seen["ExitCode"] is None and looks < _LOOKS_FOR_BEGINNING:
        # The engine is starting it, and no event says when its process id is known.
        await asyncio.sleep(_STARTING_SECONDS)
        seen = await _inspect(engine, exec_id)
        looks += not seen["Running"]
    if not seen["Running"]:
        return
    # A pid may be given to another process; a descriptor of a process may not.
    try:
        descriptor = os.pidfd_open(seen["Pid"])
    except ProcessLookupError:
        return
    try:
        again = await _inspect(engine, exec_id)
        if again["Running"] and again["Pid"] == seen["Pid"]:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    finally:
        os.close(descriptor)


def _has_process(seen: Mapping[str, Any]) -> bool:
    return bool(seen["Running"] and seen["Pid"])


async def _inspect(engine: Engine, exec_id: str) -> dict[str, Any]:
    found: dict[str, Any] = await engine.get(f"/exec/{exec_id}/json")
    return found


@asynccontextmanager
async def attach(
    engine: Engine, container_id: str, spec: AttachSpec
) -> AsyncIterator[DockerAttach]:
    """Join a container's first process. Raises ContainerNotFound, RuntimeFault."""
    shape = await engine.get(f"/containers/{container_id}/json")
    query = {
        "stream": "1",
        "logs": str(int(spec.replay)),
        "stdin": str(int(spec.stdin)),
        "stdout": str(int(spec.stdout)),
        "stderr": str(int(spec.stderr)),
    }
    tty = bool(shape["Config"].get("Tty"))
    path = f"/containers/{container_id}"
    async with (
        engine.call("POST", f"{path}/wait") as end,
        engine.hijack(f"{path}/attach", query) as wire,
    ):
        ending = asyncio.create_task(_drained(end), name="runtime/end of container")
        try:
            yield DockerAttach(engine, wire, tty=tty, resizing=f"{path}/resize", ending=ending)
        finally:
            ending.cancel()
            await asyncio.wait([ending])


async def _drained(response: Response) -> None:
    """Read an answer that comes when the container has ended."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
        await response.body()
