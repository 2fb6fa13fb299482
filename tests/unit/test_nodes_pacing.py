"""What all agents hear is told once for many changes, later the more agents there are."""

import asyncio

import pytest

from minikube8s.nodes.pacing import EACH, LONGEST, Pace
from tests.support.virtualtime import VirtualClock, run


@pytest.mark.parametrize(("agents", "pause"), [(1, EACH), (500, 500 * EACH), (100_000, LONGEST)])
def test_changes_within_the_pause_are_told_once(agents, pause):
    async def scenario() -> None:
        clock, told = VirtualClock(), []
        pace = Pace(clock, range(agents), lambda: told.append(clock.monotonic()))
        task = asyncio.create_task(pace.run())
        began = clock.monotonic()
        pace.soon()
        await clock.sleep(pause / 2)
        pace.soon()
        await clock.sleep(10)
        assert [at - began for at in told] == [pytest.approx(pause)]
        pace.soon()
        await clock.sleep(10)
        assert len(told) == 2
        task.cancel()

    run(scenario())
