"""The work queue: deduplicated, one worker a key, delays on virtual time."""

import asyncio

import pytest

from minikube8s.kit.backoff import Backoff
from minikube8s.kit.workqueue import QueueClosed, WorkQueue
from tests.support import virtualtime


def test_a_key_added_twice_is_handed_out_once_in_order_of_arrival() -> None:
    async def main() -> None:
        queue: WorkQueue[str] = WorkQueue()
        for key in ("a", "b", "a"):
            queue.add(key)
        assert len(queue) == 2
        assert [await queue.get(), await queue.get()] == ["a", "b"]
        assert len(queue) == 0

    virtualtime.run(main())


def test_a_held_key_comes_back_only_after_done() -> None:
    async def main() -> None:
        queue: WorkQueue[str] = WorkQueue()
        queue.add("a")
        assert await queue.get() == "a"
        queue.add("a")
        queue.add("b")
        assert await queue.get() == "b"
        assert len(queue) == 0
        queue.done("a")
        assert await queue.get() == "a"
        queue.done("a")
        assert len(queue) == 0

    virtualtime.run(main())


def test_a_key_that_rests_comes_back_when_its_rest_is_over() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        queue: WorkQueue[str] = WorkQueue()
        queue.add("a")
        queue.done(await queue.get(), 5)
        queue.add("a")
        queue.add("b")
        assert [await queue.get(), loop.time()] == ["b", 0]
        assert [await queue.get(), loop.time()] == ["a", 5]

    virtualtime.run(main())


def test_waiting_workers_get_one_key_each() -> None:
    async def main() -> None:
        queue: WorkQueue[str] = WorkQueue()
        getters = [asyncio.ensure_future(queue.get()) for _ in range(2)]
        await asyncio.sleep(0)
        queue.add("a")
        queue.add("b")
        assert sorted(await asyncio.gather(*getters)) == ["a", "b"]

    virtualtime.run(main())


def test_a_cancelled_waiter_passes_its_wake_up_on() -> None:
    async def main() -> None:
        queue: WorkQueue[str] = WorkQueue()
        first, second = (asyncio.ensure_future(queue.get()) for _ in range(2))
        await asyncio.sleep(0)
        queue.add("a")
        first.cancel()
        assert await asyncio.wait_for(second, 1) == "a"

    virtualtime.run(main())


def test_of_several_delays_the_earliest_counts() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        queue: WorkQueue[str] = WorkQueue()
        for seconds in (10, 3, 7):
            queue.add_after("a", seconds)
        assert await queue.get() == "a"
        assert loop.time() == pytest.approx(3)
        queue.done("a")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queue.get(), 60)

    virtualtime.run(main())


def test_retries_wait_longer_until_forgotten() -> None:
    async def main() -> None:
        queue: WorkQueue[str] = WorkQueue(Backoff(initial=1, maximum=5))
        assert [queue.retry("a") for _ in range(4)] == [1, 2, 4, 5]
        queue.forget("a")
        assert queue.retry("a") == 1

    virtualtime.run(main())


def test_closing_wakes_every_waiter_and_drops_what_comes_later() -> None:
    async def main() -> None:
        queue: WorkQueue[str] = WorkQueue()
        queue.add_after("late", 5)
        getters = [asyncio.ensure_future(queue.get()) for _ in range(3)]
        await asyncio.sleep(0)
        queue.close()
        results = await asyncio.gather(*getters, return_exceptions=True)
        assert all(isinstance(result, QueueClosed) for result in results)
        queue.add("a")
        assert len(queue) == 0
        with pytest.raises(QueueClosed):
            await queue.get()

    virtualtime.run(main())
