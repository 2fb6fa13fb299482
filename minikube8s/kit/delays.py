"""What has to happen later, at most once a key."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Delays(Generic[K]):
    """One timer a key; of several delays of one key the earliest counts."""

    def __init__(self) -> None:
        self._timers: dict[K, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        """Number of keys whose time has not come."""
        return len(self._timers)

    def add(self, key: K, seconds: float, act: Callable[[], None]) -> None:
        """Have `act` called in `seconds`."""
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= due:
                return
            timer.cancel()
        self._timers[key] = loop.call_at(due, self._elapsed, key, act)

    def drop(self, key: K) -> None:
        """Have nothing happen for the key."""
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    def clear(self) -> None:
        """Have nothing happen at all."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _elapsed(self, key: K, act: Callable[[], None]) -> None:
        del self._timers[key]
        act()
