"""Commands in containers: none outlives who asked for it, whatever the engine is doing."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mk8s_agent.httpanswers import Response
from mk8s_agent.runtime import docker_sessions
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.http import Hijacked
from mk8s_agent.runtime.sessions import ExecSpec

NOT_BEGUN = {"Running": False, "Pid": 0, "ExitCode": None}
STARTING = {"Running": True, "Pid": 0, "ExitCode": None}


class Engine:
    """Tells of a command what `seen` says, the last of it again and again; opens no connection."""

    def __init__(self, *seen: dict[str, Any] | Exception) -> None:
        self.seen = list(seen)
        self.asked = asyncio.Event()
        self.answers = asyncio.Event()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        said = self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]
        if isinstance(said, Exception):
            raise said
        return said

    async def post(
        self, path: str, query: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> bytes:
        return b'{"Id":"x"}'

    @asynccontextmanager
    async def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None
    ) -> AsyncIterator[Response]:
        raise AssertionError("nobody waits for an end here")
        yield

    @asynccontextmanager
    async def hijack(
        self, path: str, query: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> AsyncIterator[Hijacked]:
        self.asked.set()
        await self.answers.wait()
        yield Hijacked(asyncio.StreamReader(), None)  # type: ignore[arg-type] - nobody writes


async def run(engine: Engine) -> None:
    async with docker_sessions.run(engine, "container", ExecSpec(command=("sleep", "60"))):
        await asyncio.sleep(60)


@pytest.fixture
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("answers", [True, False], ids=["connected", "about to connect"])
async def test_a_command_that_begins_after_its_client_has_left_is_killed(
    answers: bool, sleeping: subprocess.Popen[bytes]
) -> None:
    engine = Engine(NOT_BEGUN, STARTING, {"Running": True, "Pid": sleeping.pid, "ExitCode": None})
    if answers:
        engine.answers.set()
    client = asyncio.create_task(run(engine))
    await engine.asked.wait()
    await asyncio.sleep(0)
    client.cancel()
    with pytest.raises(asyncio.CancelledError):
        await client
    assert await asyncio.to_thread(sleeping.wait, 5) == -9


async def test_who_leaves_a_container_that_is_gone_is_not_held_up() -> None:
    engine = Engine(RuntimeFault("No such exec instance: x"))
    engine.answers.set()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await run(engine)
