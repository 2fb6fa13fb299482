"""What a node's agent says of its node, and when it looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from mk8s_agent.node import signals, stalls
from mk8s_agent.node.keeper import NodeKeeper
from mk8s_agent.node.settings import KubeletSettings
from mk8s_agent.node.status import NodeState
from mk8s_agent.node.thresholds import Crossed, Reading
from mk8s_agent.runtime.fake import FakeRuntime

from tests.support.agentnode import NotedReports
from tests.support.virtualtime import VirtualClock, run
from tests.unit.test_agent_node import MACHINE

GIB = 1 << 30


class Watch:
    """A keeper at work, on a machine whose memory the test decides (GiB)."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free = 2
        self.clock = VirtualClock()
        self.runtime = FakeRuntime(self.clock.now)
        self.reports = NotedReports()
        self.looks: list[float] = []
        self.evict = False
        settings = KubeletSettings(eviction_hard={"memory.available": "1Gi"})
        state = NodeState(MACHINE, settings)
        self.keeper = NodeKeeper(state, self.runtime, self.reports, self.clock, directory)
        monkeypatch.setattr(signals, "measure", self._measure)
        self.tasks = [
            asyncio.create_task(self.keeper.run(self, self)),
            asyncio.create_task(self.keeper.follow_images()),
        ]

    def _measure(self, *_: Any) -> dict[str, Reading]:
        self.looks.append(self.clock.monotonic())
        return {"memory.available": Reading(self.free * GIB, 4 * GIB)}

    async def collect(self, reading: Reading | None) -> None:
        """No images here."""

    async def make(self, crossed: Sequence[Crossed], look: Callable[[], Sequence[Crossed]]) -> bool:
        if crossed and self.evict:
            await self.clock.sleep(3)
            self.free = 2
            return True
        return False

    @property
    def told(self) -> list[dict[str, Any]]:
        return self.reports.node_statuses

    def pressure(self) -> str:
        conditions = self.told[-1]["conditions"]
        return next(one["status"] for one in conditions if one["type"] == "MemoryPressure")

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.fixture
def watching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    def play(scenario: Any) -> None:
        async def scene() -> None:
            watch = Watch(tmp_path, monkeypatch)
            await scenario(watch)
            await watch.stop()

        run(scene())

    return play


def test_it_looks_every_ten_seconds_and_tells_of_pressure_and_of_its_end(watching: Any) -> None:
    async def scenario(node: Watch) -> None:
        await node.clock.sleep(15)
        assert node.looks == [0, 10] and node.pressure() == "False"
        assert node.told[-1] == node.told[-2], "nothing is news, so nothing is sent"
        node.free = 0
        await node.clock.sleep(10)
        assert node.pressure() == "True"
        assert "NodeHasInsufficientMemory" in node.reports.reasons()
        node.free = 2
        await node.clock.sleep(290)
        assert node.pressure() == "True", "it does not flap"
        await node.clock.sleep(20)
        assert node.pressure() == "False"
        assert node.reports.reasons()[-1] == "NodeHasSufficientMemory"

    watching(scenario)


def test_after_an_eviction_and_when_somebody_wakes_it_it_looks_at_once(watching: Any) -> None:
    async def scenario(node: Watch) -> None:
        node.evict, node.free = True, 0
        await node.clock.sleep(4)
        assert node.looks == [0, 3]
        node.keeper.met_engine(await node.runtime.info())
        await node.clock.sleep(2)
        assert node.looks == [0, 3, 5], "but once a moment only"
        assert node.told[-1]["nodeInfo"]["containerRuntimeVersion"] == "docker://fake"

    watching(scenario)


def test_images_are_told_when_they_change(watching: Any) -> None:
    async def scenario(node: Watch) -> None:
        await node.clock.sleep(1)
        assert node.told[-1]["images"] == []
        node.runtime.add_image("app:1", 70)
        await node.clock.sleep(1)
        assert node.told[-1]["images"] == [{"names": ["app:1"], "sizeBytes": 70}]
        node.runtime.stop_engine()
        await node.clock.sleep(30)
        node.runtime.start_engine()
        node.runtime.add_image("app:2", 80)
        await node.clock.sleep(70)
        assert len(node.told[-1]["images"]) == 2

    watching(scenario)


def test_a_node_that_is_about_to_be_shut_down_says_so(watching: Any) -> None:
    async def scenario(node: Watch) -> None:
        await node.clock.sleep(1)
        node.keeper.end()
        ready = next(one for one in node.told[-1]["conditions"] if one["type"] == "Ready")
        assert (ready["status"], ready["message"]) == ("False", "node is shutting down")
        assert {"Shutdown", "NodeNotReady"} <= set(node.reports.reasons())

    watching(scenario)


async def test_a_kernel_that_does_not_tell_of_stalls_is_done_without(tmp_path: Path) -> None:
    told = asyncio.Event()
    for file in (tmp_path / "absent", stalls.PRESSURE):
        with stalls.told_to(told, file):
            await asyncio.sleep(0)
    assert not told.is_set()
