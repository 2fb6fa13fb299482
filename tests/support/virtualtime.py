"""An event loop whose time jumps to the next timer instead of waiting for it.

Only for tests that do no real I/O: nothing here waits for sockets, threads or processes.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Deadlock(Exception):
    """Nothing is left that could wake the loop, or it ran past the deadline."""


class _JumpingSelector(selectors.SelectSelector):
    """Takes a wait for a timer as an order to move the clock."""

    def __init__(self, days: float) -> None:
        super().__init__()
        self.elapsed = 0.0
        self.deadline = days * 24 * 3600

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None or self.elapsed > self.deadline:
            raise Deadlock(f"nothing happens any more at {self.elapsed:g} virtual seconds")
        self.elapsed += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, days: float = 1.0) -> None:
        self._jumping = _JumpingSelector(days)
        super().__init__(self._jumping)
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._jumping.elapsed

    def stand_still(self, seconds: float) -> None:
        """Let time pass in which nothing runs."""
        self._jumping.elapsed += seconds


class VirtualClock:
    """The Clock of a VirtualLoop; wall time starts at EPOCH. Sleeps take `slower` times as long."""

    slower = 1.0
    ahead = timedelta()
    """How far somebody has set the wall clock."""

    def now(self) -> datetime:
        return EPOCH + self.ahead + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) * self.slower)


def run(main: Coroutine[Any, Any, T], days: float = 1.0) -> T:
    """Run `main` on virtual time to its end, which has to come within so many days."""
    with asyncio.Runner(loop_factory=partial(VirtualLoop, days)) as runner:
        return runner.run(main)
