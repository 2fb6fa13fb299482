"""Talking with processes in containers: what is asked for, and what is got.

Owns the vocabulary of exec and attach; `docker_sessions` does it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from mk8s_agent.runtime.vocabulary import LogChunk


class ExecSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A command to run in a container that runs, with the container's own user, variables,
    directory, limits and capabilities.
    """

    command: tuple[str, ...]
    stdin: bool = False
    stdout: bool = True
    stderr: bool = True
    tty: bool = False


class AttachSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Which streams of a container's first process to join.

    `replay` begins with what it wrote before.
    """

    stdin: bool = False
    stdout: bool = True
    stderr: bool = True
    replay: bool = False


class Session(Protocol):
    """A process that one talks with. One task may read and one may write at a time.

    Every method raises EngineUnavailable when the engine goes away.
    """

    def output(self) -> AsyncIterator[LogChunk]:
        """What it writes, to its end; a terminal's output is all `stdout`."""
        ...

    async def write(self, data: bytes) -> None:
        """Send input; waits while the process does not read. Dropped when it has ended."""
        ...

    async def write_eof(self) -> None:
        """No more input comes."""
        ...

    async def resize(self, width: int, height: int) -> None:
        """Its terminal has a new size. Without a terminal nothing happens."""
        ...


class ExecSession(Session, Protocol):
    """A command that was started for this session, and ends with it."""

    async def exit_code(self) -> int:
        """Wait for its end. 126 and 127: it could not be started, the output tells why."""
        ...
