"""A queue of keys to look at again.

Owns the order and the timing of keys; knows nothing of what a key means. Guarantees:

- a key waits at most once, however often it is added, so the queue is bounded by the number of
  distinct keys;
- a key that a worker holds is handed to no second worker; added meanwhile, it comes back after
  `done`;
- every `add` and every elapsed `add_after` leads to a hand-out that begins after it.

One event loop, no threads.
"""

import asyncio
from collections.abc import Hashable, Iterator
from functools import partial
from typing import Generic, TypeVar

from minikube8s.kit.backoff import Backoff
from minikube8s.kit.delays import Delays
from minikube8s.kit.turns import Turns

K = TypeVar("K", bound=Hashable)

DEFAULT_BACKOFF = Backoff(initial=0.005, maximum=60.0)


class QueueClosed(Exception):
    """The queue was closed while or before somebody waited for a key."""


class WorkQueue(Generic[K]):
    """Keys in order of arrival, deduplicated, one worker a key."""

    def __init__(self, backoff: Backoff = DEFAULT_BACKOFF) -> None:
        self._backoff = backoff
        self._waiting: dict[K, None] = {}
        self._held: dict[K, bool] = {}
        self._delays: Delays[K] = Delays()
        self._failures: dict[K, int] = {}
        self._turns = Turns()
        self._closed = False

    def __iter__(self) -> Iterator[K]:
        """Iterate over the keys that wait to be handed out now."""
        return iter(self._waiting)

    def __len__(self) -> int:
        """Number of keys that wait to be handed out now (delayed ones not counted)."""
        return len(self._waiting)

    def add(self, key: K) -> None:
        """Have `key` handed out as soon as a worker is free."""
        if self._closed:
            return
        if key in self._held:
            self._held[key] = True
            return
        if key not in self._waiting:
            self._waiting[key] = None
            self._turns.wake()

    def add_after(self, key: K, seconds: float) -> None:
        """Have `key` added in `seconds`; of several delays of one key the earliest counts."""
        if self._closed:
            return
        if seconds <= 0:
            self.add(key)
            return
        self._delays.add(key, seconds, partial(self.add, key))

    async def get(self) -> K:
        """Wait for a key and hold it: the caller must call `done` with it.

        Raises QueueClosed once the queue is closed.
        """
        while not self._waiting:
            if self._closed:
                raise QueueClosed
            await self._turns.wait(lambda: self._waiting)
        key = next(iter(self._waiting))
        del self._waiting[key]
        self._held[key] = False
        return key

    def done(self, key: K, rest: float = 0.0) -> None:
        """Let go of a key, after `rest` more seconds; if it was added meanwhile, it waits again."""
        if rest > 0 and not self._closed:
            asyncio.get_running_loop().call_later(rest, self.done, key)
        elif self._held.pop(key, False):
            self.add(key)

    def retry(self, key: K) -> float:
        """Add `key` after its own back-off, which grows until `forget`; returns the seconds."""
        attempt = self._failures.get(key, 0)
        self._failures[key] = attempt + 1
        seconds = self._backoff.delay(attempt)
        self.add_after(key, seconds)
        return seconds

    def forget(self, key: K) -> None:
        """Forget the failures of `key`: its next `retry` starts from the first delay."""
        self._failures.pop(key, None)

    def close(self) -> None:
        """Drop all keys and timers; everybody in `get` gets QueueClosed."""
        self._closed = True
        self._delays.clear()
        self._waiting.clear()
        self._failures.clear()
        self._turns.wake_all()
