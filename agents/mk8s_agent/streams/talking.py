"""exec and attach: a client on one side, a process on the other.

Owns which of the two sides ends what: the process' end ends the stream, the client's end of input
is the process' end of input, a client that leaves takes its command with it.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from minikube8s.api.streams import Piece, exited, success
from mk8s_agent.link.dialogue import Bytes, Dialogue, End, Size
from mk8s_agent.link.errors import StreamError
from mk8s_agent.runtime.errors import (
    ContainerNotFound,
    EngineUnavailable,
    NotRunning,
    RuntimeFault,
)
from mk8s_agent.runtime.sessions import AttachSpec, ExecSession, ExecSpec, Session
from mk8s_agent.streams.finding import Finder

REMEMBERED = 256
"""Containers whose first client is remembered."""


class Processes(Protocol):
    """What a container engine does for exec and attach, see `mk8s_agent.runtime.docker`."""

    def exec(self, container_id: str, spec: ExecSpec) -> AbstractAsyncContextManager[ExecSession]:
        """Run a command in a container."""
        ...

    def attach(self, container_id: str, spec: AttachSpec) -> AbstractAsyncContextManager[Session]:
        """Join a container's first process."""
        ...


class Talking:
    """Serves exec and attach on one node."""

    def __init__(self, processes: Processes, finder: Finder) -> None:
        self._processes = processes
        self._finder = finder
        self._attached: dict[str, None] = {}

    async def exec(self, options: dict[str, Any], dialogue: Dialogue) -> dict[str, Any]:
        """Run the command that v1.PodExecOptions name. Raises StreamError."""
        container = await self._finder.container(options)
        spec = ExecSpec(
            command=tuple(options["command"]),
            stdin=bool(options.get("stdin")),
            stdout=bool(options.get("stdout")),
            stderr=bool(options.get("stderr")),
            tty=bool(options.get("tty")),
        )
        try:
            async with self._processes.exec(container.id, spec) as process:
                await dialogue.begin()
                await converse(process, dialogue)
                return exited(await process.exit_code())
        except RuntimeFault as fault:
            raise _told(fault, options) from fault

    async def attach(self, options: dict[str, Any], dialogue: Dialogue) -> dict[str, Any]:
        """Join the process of the container that v1.PodAttachOptions name. Raises StreamError.

        How the process ends is told by the pod's status: the end of this stream is a success.
        """
        container = await self._finder.container(options)
        once = self._finder.takes_input_once(options)
        spec = AttachSpec(
            stdin=bool(options.get("stdin")),
            stdout=bool(options.get("stdout")),
            stderr=bool(options.get("stderr")),
            replay=self._is_for_first_client(container.id, options),
        )
        try:
            async with self._processes.attach(container.id, spec) as process:
                await dialogue.begin()
                await converse(process, dialogue, ends_input=once)
                return success()
        except RuntimeFault as fault:
            raise _told(fault, options) from fault

    def _is_for_first_client(self, container_id: str, options: dict[str, Any]) -> bool:
        """Whether what the container has written is still owed to its one client.

        A container with stdinOnce was made for the client that attaches first (`kubectl run -i`);
        what it says before that client comes must not be lost.
        """
        if not self._finder.takes_input_once(options) or container_id in self._attached:
            return False
        while len(self._attached) >= REMEMBERED:
            del self._attached[next(iter(self._attached))]
        self._attached[container_id] = None
        return True


async def converse(process: Session, dialogue: Dialogue, *, ends_input: bool = True) -> None:
    """Carry bytes both ways until the process' output ends. Raises EngineUnavailable.

    Without `ends_input` the process' input stays open for others when the client's ends: engines
    would take that end for the end of the output as well.
    """
    feeding = asyncio.create_task(_feed(process, dialogue, ends_input), name="streams/input")
    try:
        async for chunk in process.output():
            await dialogue.send(Piece(chunk.stream, chunk.data))
    finally:
        feeding.cancel()
        await asyncio.wait([feeding])
    if not feeding.cancelled() and (error := feeding.exception()) is not None:
        raise error


async def _feed(process: Session, dialogue: Dialogue, ends_input: bool) -> None:
    while True:
        match await dialogue.receive():
            case Bytes(data):
                await process.write(data)
            case End():
                if ends_input:
                    await process.write_eof()
            case Size(width, height):
                await process.resize(width, height)


def _told(fault: RuntimeFault, options: dict[str, Any]) -> StreamError:
    if isinstance(fault, ContainerNotFound | NotRunning):
        return StreamError("NotFound", f'container not found ("{options["container"]}")', 404)
    if isinstance(fault, EngineUnavailable):
        return StreamError("InternalError", str(fault), 500)
    return StreamError("InternalError", f"error executing command in container: {fault}", 500)
