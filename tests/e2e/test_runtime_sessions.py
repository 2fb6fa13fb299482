"""exec and attach on a real engine: under which conditions a command runs, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from mk8s_agent.runtime.docker import DockerRuntime
from mk8s_agent.runtime.errors import ContainerNotFound, NotRunning
from mk8s_agent.runtime.sessions import AttachSpec, ExecSpec, Session

from tests.support.engine import PrivateEngine

SECONDS = 30.0


@pytest.fixture(scope="module")
def sleeper(engine: PrivateEngine) -> Iterator[str]:
    """A container with a user, a variable and a directory of its own."""
    words = (
        "--user",
        "65534:65534",
        "--env",
        "COLOR=red",
        "--workdir",
        "/tmp",
        "--cap-drop",
        "ALL",
    )
    made = engine.run("run", "-d", *words, "busybox", "sleep", "100000").split()[-1]
    yield made
    engine.run("rm", "-f", made, check=False)


async def said(session: Session) -> bytes:
    async with asyncio.timeout(SECONDS):
        return b"".join([chunk.data async for chunk in session.output()])


def shell(script: str, **fields: bool) -> ExecSpec:
    return ExecSpec(command=("sh", "-c", script), **fields)


async def test_a_command_runs_as_the_container_does(engine: PrivateEngine, sleeper: str) -> None:
    script = "id -u; echo $COLOR; pwd; grep -E 'CapEff|Seccomp:' /proc/self/status"
    runtime = DockerRuntime(engine.host)
    async with runtime.exec(sleeper, shell(script)) as session:
        lines = (await said(session)).decode().split("\n")
        assert await session.exit_code() == 0
    assert lines[:3] == ["65534", "red", "/tmp"]
    own = engine.run("exec", sleeper, "grep", "-E", "CapEff|Seccomp:", "/proc/1/status")
    assert lines[3:5] == own.split("\n")[:2]


async def test_an_exit_code_that_comes_after_the_last_output_is_waited_for(
    engine: PrivateEngine, sleeper: str
) -> None:
    script = "exec sh -c 'exec >&- 2>&-; sleep 1; exit 9'"
    async with DockerRuntime(engine.host).exec(sleeper, shell(script)) as session:
        await said(session)
        async with asyncio.timeout(SECONDS):
            assert await session.exit_code() == 9


async def test_leaving_kills_the_command(engine: PrivateEngine, sleeper: str) -> None:
    runtime = DockerRuntime(engine.host)
    async with runtime.exec(sleeper, shell("echo $$; trap '' TERM; sleep 54321")) as session:
        output = session.output()
        await anext(output)
        await output.aclose()
        assert "sleep 54321" in engine.run("top", sleeper)
    processes = engine.run("top", sleeper)
    assert "trap" not in processes


async def test_a_container_that_does_not_run_is_told(engine: PrivateEngine) -> None:
    made = engine.run("create", "busybox", "true").split()[-1]
    runtime = DockerRuntime(engine.host)
    try:
        with pytest.raises(NotRunning):
            async with runtime.exec(made, shell("true")):
                pass
        with pytest.raises(ContainerNotFound):
            async with runtime.exec("0" * 64, shell("true")):
                pass
    finally:
        engine.run("rm", "-f", made)


async def test_attaching_to_a_container_that_has_ended_ends(engine: PrivateEngine) -> None:
    made = engine.run("run", "-d", "busybox", "echo", "all of it").split()[-1]
    engine.run("wait", made)
    runtime = DockerRuntime(engine.host)
    try:
        async with runtime.attach(made, AttachSpec()) as session:
            assert await said(session) == b""
        async with runtime.attach(made, AttachSpec(replay=True)) as session:
            assert await said(session) == b"all of it\n"
    finally:
        engine.run("rm", "-f", made)
