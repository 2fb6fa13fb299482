"""Heartbeats of many nodes are written together."""

import asyncio

import pytest

from minikube8s.nodes.heartbeats import GATHERING, Heartbeats
from tests.support.virtualtime import VirtualClock, run


class Written:
    def __init__(self, agents: int) -> None:
        self.clock = VirtualClock()
        self.times: list[tuple[float, str]] = []
        self.beats = Heartbeats(self.clock, self._write, lambda: agents, interval=10)

    async def _write(self, node: str) -> None:
        if node == "bad":
            raise ValueError(node)
        self.times.append((self.clock.monotonic(), node))


def test_those_that_come_within_the_pause_are_written_at_its_end():
    async def scenario() -> None:
        written = Written(agents=500)
        began = written.clock.monotonic()

        async def later(node: str, seconds: float) -> None:
            await written.clock.sleep(seconds)
            await written.beats.beat(node)

        await asyncio.gather(later("a", 0), later("b", 0.2), later("c", 0.49), later("d", 2))
        ends = [round(at - began, 3) for at, _ in written.times]
        assert ends == [0.5, 0.5, 0.5, 2.5]

    run(scenario())


def test_a_pause_is_never_longer_than_a_tenth_of_the_interval():
    async def scenario() -> None:
        written = Written(agents=round(100 / GATHERING))
        began = written.clock.monotonic()
        await written.beats.beat("a")
        assert written.clock.monotonic() - began == pytest.approx(1.0)

    run(scenario())


def test_one_that_fails_or_gives_up_does_not_concern_the_others():
    async def scenario() -> None:
        written = Written(agents=500)
        tasks = [asyncio.create_task(written.beats.beat(node)) for node in ("gone", "bad", "a")]
        await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.wait(tasks)
        assert isinstance(tasks[1].exception(), ValueError)
        assert [node for _, node in written.times] == ["a"]

    run(scenario())
