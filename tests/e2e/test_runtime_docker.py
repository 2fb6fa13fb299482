"""Docker keeps the contract of the runtime, and what only a real engine can show."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from mk8s_agent.runtime import pause
from mk8s_agent.runtime.docker import DockerRuntime
from mk8s_agent.runtime.errors import EngineUnavailable
from mk8s_agent.runtime.vocabulary import LogOptions, Security

from minikube8s.cluster.standins.build import archive
from tests.support.engine import PrivateEngine
from tests.support.runtimesuite import *  # noqa: F403 - the tests themselves
from tests.support.runtimesuite import Bench

IMAGE = "mk8s-suite/busybox:1"


@pytest.fixture(scope="module")
def busybox(engine: PrivateEngine) -> Iterator[str]:
    """An image of the distribution's static busybox."""
    engine.run("import", str(archive("busybox:latest")), IMAGE)
    yield IMAGE
    engine.run("rmi", "-f", IMAGE, check=False)


@pytest.fixture
async def bench(engine: PrivateEngine, busybox: str) -> AsyncIterator[Bench]:
    runtime = DockerRuntime(engine.host)
    labels = {"mk8s-suite": uuid.uuid4().hex}

    async def wrote(container_id: str) -> None:
        """A real container writes by itself."""

    async def another_image() -> str:
        engine.run("tag", busybox, "mk8s-suite/other:1")
        return "mk8s-suite/other:1"

    yield Bench(runtime, busybox, labels, wrote, another_image)
    for container in await runtime.containers(labels):
        await runtime.remove(container.id)


async def _pause(bench: Bench, **fields: object) -> str:
    info = await bench.runtime.info()
    await pause.ensure(bench.runtime, pause.IMAGE, info.architecture)
    made = await bench.runtime.create(bench.spec(image=pause.IMAGE, command=None, **fields))
    await bench.runtime.start(made)
    return made


async def test_pause_leaves_the_hosts_network_and_keeps_no_privilege(bench: Bench) -> None:
    made = await _pause(
        bench,
        args=(pause.NETNS,),
        network="host",
        hostname="my-pod",
        security=Security(capabilities_drop=("ALL",), capabilities_add=("SYS_ADMIN",)),
    )
    pid = (await bench.runtime.inspect(made)).pid
    status = await _settled(pid)
    assert _network_of(str(pid)) != _network_of("self")
    for held in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[held], 16) == 0, held
    app = await bench.running(network=f"container:{made}", command=("hostname",))
    await bench.ended(app.id)
    said = [chunk.data async for chunk in bench.runtime.logs(app.id, LogOptions())]
    assert said == [b"my-pod\n"]


async def test_a_refused_namespace_ends_pause_with_its_status(bench: Bench) -> None:
    made = await _pause(
        bench,
        args=(pause.NETNS,),
        network="host",
        security=Security(capabilities_drop=("ALL",)),
    )
    assert (await bench.ended(made)).exit_code == pause.REFUSED_EXIT


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT"])
async def test_pause_ends_at_once_when_told(bench: Bench, signal: str) -> None:
    made = await _pause(bench)
    await bench.runtime.kill(made, signal)
    async with asyncio.timeout(30):
        assert (await bench.ended(made)).exit_code == 0


async def test_loading_the_pause_image_twice_gives_the_same_image(bench: Bench) -> None:
    info = await bench.runtime.info()
    archive = pause.archive(pause.IMAGE, info.architecture)
    await bench.runtime.load(archive)
    before = await bench.runtime.image(pause.IMAGE)
    await bench.runtime.load(archive)
    assert (await bench.runtime.image(pause.IMAGE)).id == before.id


async def test_logs_are_rotated_by_the_engine(bench: Bench, engine: PrivateEngine) -> None:
    running = await bench.running()
    shown = engine.run("inspect", "-f", "{{json .HostConfig.LogConfig}}", running.id)
    assert '"max-size":"10m"' in shown and '"max-file":"2"' in shown


async def test_an_engine_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    runtime = DockerRuntime(f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(EngineUnavailable, match="is it running"):
        await runtime.info()


async def test_a_terminals_output_is_one_stream(bench: Bench) -> None:
    running = await bench.running(tty=True, command=("sh", "-c", "echo a; echo b >&2"))
    ended = await bench.ended(running.id)
    chunks = [chunk async for chunk in bench.runtime.logs(ended.id, LogOptions())]
    assert b"".join(chunk.data for chunk in chunks).split() == [b"a", b"b"]


async def _settled(pid: int) -> dict[str, str]:
    async with asyncio.timeout(30):
        while True:
            status = _status_of(pid)
            if status["NoNewPrivs"] == "1":
                return status
            await asyncio.sleep(0.005)


def _status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _network_of(process: str) -> Path:
    return Path(f"/proc/{process}/ns/net").readlink()
