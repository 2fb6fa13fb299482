"""How far pulls have come: of the engine's lines, from the agent, to who asks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mk8s_agent.pods.actions import EnsureImage
from mk8s_agent.pods.images import Images
from mk8s_agent.runtime.docker import DockerRuntime
from mk8s_agent.runtime.fake import FakeRuntime
from mk8s_agent.runtime.pulling import Layers
from mk8s_agent.runtime.vocabulary import Login

from minikube8s.api.views import Container
from tests.support.virtualtime import VirtualClock, run


def line(layer: str, status: str, current: int = 0, total: int = 0) -> dict[str, object]:
    detail = {"current": current, "total": total} if total else {}
    return {"id": layer, "status": status, "progressDetail": detail}


def told(*lines: dict[str, object]) -> tuple[int, int, int, int]:
    layers = Layers()
    for one in lines:
        layers.take(one)
    now = layers.told()
    return now["downloadedBytes"], now["totalBytes"], now["layersDone"], now["layers"]


BEGUN = (
    {"status": "Pulling from library/nginx", "id": "1.11"},
    line("a", "Already exists"),
    line("b", "Pulling fs layer"),
    line("c", "Waiting"),
)


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ((), (0, 0, 0, 0)),
        (BEGUN, (0, 0, 1, 3)),
        ((*BEGUN, line("b", "Downloading", 5, 20)), (5, 20, 1, 3)),
        ((line("b", "Downloading", 9, 20), line("b", "Downloading", 5, 20)), (9, 20, 0, 1)),
        ((line("b", "Downloading", 5, 20), line("b", "Download complete")), (20, 20, 1, 1)),
        ((line("b", "Downloading", 5, 20), line("b", "Extracting", 3, 90)), (20, 20, 1, 1)),
        (({"status": "Digest: sha256:1"}, {"stream": "x"}, {"id": 3, "status": "?"}), (0, 0, 0, 0)),
    ],
)
def test_a_pull_is_as_far_as_its_layers(lines, wanted):
    assert told(*lines) == wanted


STATUSES = ["Pulling fs layer", "Waiting", "Downloading", "Download complete", "Extracting"]


@given(
    st.lists(
        st.builds(
            line, st.sampled_from("abc"), st.sampled_from(STATUSES), st.integers(0, 50), st.just(50)
        )
    )
)
def test_a_pull_never_goes_back_and_never_beyond_its_size(lines):
    layers, had = Layers(), 0
    for one in lines:
        layers.take(one)
        now = layers.told()
        assert had <= now["downloadedBytes"] <= now["totalBytes"]
        assert now["layersDone"] <= now["layers"]
        had = now["downloadedBytes"]


async def test_the_engine_tells_a_pull_while_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    progress = b'{"id":"b","status":"Downloading","progressDetail":{"current":3,"total":8}}\n'
    go_on = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.write(progress if b"/images/create" in asked else b'{"ApiVersion": "1.41"}')
        await writer.drain()
        if b"/images/create" in asked:
            await go_on.wait()
        writer.close()

    taken = asyncio.Event()

    class Noticed(Layers):
        def take(self, line: Mapping[str, object]) -> None:
            super().take(line)
            taken.set()

    layers = Noticed()
    async with await asyncio.start_unix_server(talk, path), asyncio.timeout(5):
        pull = asyncio.create_task(DockerRuntime(f"unix://{path}").pull("nginx:1", None, layers))
        await taken.wait()
        assert (layers.told()["downloadedBytes"], layers.told()["totalBytes"]) == (3, 8)
        go_on.set()
        await pull


class SlowRegistry(FakeRuntime):
    """An engine whose pulls stop half way until they may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    async def pull(
        self, reference: str, login: Login | None = None, layers: Layers | None = None
    ) -> None:
        assert layers is not None
        layers.take(line("b", "Downloading", 4, 8))
        await self.go_on.wait()
        await super().pull(reference, login, layers)


def test_an_agent_knows_its_pulls_until_they_end_well_or_not() -> None:
    async def scene() -> None:
        engine = SlowRegistry()
        engine.add_image("app:1", 100)
        engine.registry = dict(engine.images)
        engine.images.clear()
        images = Images(engine, VirtualClock())

        async def ensure(image: str) -> None:
            action = EnsureImage(container=Container(name="c", image=image), attempt=0)
            await images.ensure(action, None, [], lambda *_: None)

        tasks = [asyncio.create_task(ensure(one)) for one in ("app:1", "app:1", "absent:1")]
        await asyncio.sleep(1)
        assert [(one["image"], one["downloadedBytes"]) for one in images.pulling()] == [
            ("app:1", 4),
            ("absent:1", 4),
        ]
        engine.go_on.set()
        await asyncio.gather(*tasks)
        assert images.pulling() == []

    run(scene())
