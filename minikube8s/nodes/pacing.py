"""What all agents have to hear, told a little later and then once.

Owns the pause only: with each agent it grows, because telling all of them takes that much longer.
"""

import asyncio
from collections.abc import Callable, Sized

from minikube8s.kit.clock import Clock

EACH = 0.002
"""Seconds that pass for each agent until all are told."""
LONGEST = 2.0


class Pace:
    """Calls `act` after `soon` was called, however often that was meanwhile."""

    def __init__(self, clock: Clock, agents: Sized, act: Callable[[], None]) -> None:
        self._clock = clock
        self._agents = agents
        self._act = act
        self._news = asyncio.Event()

    def soon(self) -> None:
        """Have `act` called."""
        self._news.set()

    async def run(self) -> None:
        """Act for ever."""
        while True:
            await self._news.wait()
            await self._clock.sleep(min(EACH * len(self._agents), LONGEST))
            self._news.clear()
            self._act()
