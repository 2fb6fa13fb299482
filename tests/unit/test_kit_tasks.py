"""Supervised tasks: faults are reported and restarted, closing ends all."""

import asyncio
import logging

import pytest

from minikube8s.kit import tasks
from minikube8s.kit.tasks import Supervisor
from tests.support import virtualtime


def test_an_eternal_task_that_raises_or_ends_is_logged_and_started_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    runs: list[float] = []

    async def work() -> None:
        runs.append(asyncio.get_running_loop().time())
        if len(runs) == 1:
            raise RuntimeError("boom")
        if len(runs) == 3:
            await asyncio.Event().wait()

    async def main() -> None:
        supervisor = Supervisor("test")
        supervisor.spawn("work", work)
        await asyncio.sleep(5)
        await supervisor.close()

    virtualtime.run(main())
    assert runs == pytest.approx([0, 0.05, 0.15])
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        "task test/work failed; it will be started again",
        "task test/work ended, though it should not; it will be started again",
    ]
    assert caplog.records[0].exc_info is not None


def test_a_task_without_restart_may_end(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        supervisor = Supervisor("test")
        task = supervisor.spawn("once", lambda: asyncio.sleep(0), restart=False)
        await task
        await supervisor.close()

    virtualtime.run(main())
    assert not caplog.records


def test_a_task_that_was_healthy_for_long_restarts_without_a_grown_delay() -> None:
    starts: list[float] = []

    async def work() -> None:
        starts.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0 if len(starts) < 4 else 2 * tasks.HEALTHY_AFTER)

    async def main() -> None:
        supervisor = Supervisor("test")
        supervisor.spawn("work", work)
        await asyncio.sleep(3 * tasks.HEALTHY_AFTER)
        await supervisor.close()

    logging.getLogger("minikube8s.kit.tasks").setLevel(logging.CRITICAL)
    try:
        virtualtime.run(main())
    finally:
        logging.getLogger("minikube8s.kit.tasks").setLevel(logging.NOTSET)
    assert starts[4] - starts[3] - 2 * tasks.HEALTHY_AFTER == pytest.approx(0.05)


def test_close_cancels_every_task_and_waits_for_its_clean_up() -> None:
    cleaned: list[int] = []

    async def work(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)
            cleaned.append(number)

    async def main() -> None:
        supervisor = Supervisor("test")
        for number in range(3):
            supervisor.spawn(f"work{number}", lambda number=number: work(number))
        await asyncio.sleep(0)
        await supervisor.close()
        with pytest.raises(RuntimeError, match="closed"):
            supervisor.spawn("late", lambda: work(9))

    virtualtime.run(main())
    assert sorted(cleaned) == [0, 1, 2]
