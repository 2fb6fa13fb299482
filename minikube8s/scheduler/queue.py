"""The pods to look for a node for: the highest priority first, of equal ones who waits longest.

Owns order and timing; knows nothing of pods but their keys and priorities. A key waits at most once
and is handed to one worker at a time: added meanwhile, it comes back after `done`. Who was refused
or failed comes back behind those of its priority that waited before, so none of them starves.
"""

from __future__ import annotations

import heapq
from functools import partial
from itertools import count

from minikube8s.kit.backoff import Backoff
from minikube8s.kit.delays import Delays
from minikube8s.kit.turns import Turns
from minikube8s.kit.workqueue import QueueClosed
from minikube8s.scheduler.pods import PodKey

RETRY = Backoff(initial=0.01, maximum=10.0)


class PodQueue:
    """Keys by priority. One event loop, no threads."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, PodKey]] = []
        self._waiting: dict[PodKey, int] = {}
        """What waits, and the number of its entry in the heap that counts."""
        self._held: dict[PodKey, int | None] = {}
        """What workers hold, and the priority with which it was added again."""
        self._delays: Delays[PodKey] = Delays()
        self._failures: dict[PodKey, int] = {}
        self._turns = Turns()
        self._numbers = count()
        self._closed = False

    def __len__(self) -> int:
        """Number of keys that wait to be handed out now."""
        return len(self._waiting)

    @property
    def delayed(self) -> int:
        """Number of keys that hold back for a while."""
        return len(self._delays)

    def add(self, key: PodKey, priority: int) -> None:
        """Have `key` handed out when its turn comes."""
        if self._closed:
            return
        if key in self._held:
            self._held[key] = priority
        elif key not in self._waiting:
            number = next(self._numbers)
            self._waiting[key] = number
            heapq.heappush(self._heap, (-priority, number, key))
            self._turns.wake()

    def add_after(self, key: PodKey, priority: int, seconds: float) -> None:
        """Have `key` added in `seconds`; of several delays of one key the earliest counts."""
        if self._closed:
            return
        if seconds <= 0:
            self.add(key, priority)
            return
        self._delays.add(key, seconds, partial(self.add, key, priority))

    async def get(self) -> PodKey:
        """Wait for a key and hold it: the caller must call `done` with it. Raises QueueClosed."""
        while not self._waiting:
            if self._closed:
                raise QueueClosed
            await self._turns.wait(lambda: self._waiting)
        while True:
            _, number, key = heapq.heappop(self._heap)
            if self._waiting.get(key) == number:
                del self._waiting[key]
                self._held[key] = None
                return key

    def done(self, key: PodKey) -> None:
        """Let go of a key; if it was added meanwhile, it waits again."""
        priority = self._held.pop(key, None)
        if priority is not None:
            self.add(key, priority)

    def retry(self, key: PodKey, priority: int) -> float:
        """Add `key` after its own back-off, which grows until `settle`; return the seconds."""
        attempt = self._failures.get(key, 0)
        self._failures[key] = attempt + 1
        seconds = RETRY.delay(attempt)
        self.add_after(key, priority, seconds)
        return seconds

    def settle(self, key: PodKey) -> None:
        """Forget the failures of `key`."""
        self._failures.pop(key, None)

    def remove(self, key: PodKey) -> None:
        """Have `key` not handed out any more: its pod is gone."""
        self.settle(key)
        self._waiting.pop(key, None)
        self._delays.drop(key)
        if len(self._heap) > 2 * len(self._waiting) + 64:
            self._heap = [one for one in self._heap if self._waiting.get(one[2]) == one[1]]
            heapq.heapify(self._heap)

    def close(self) -> None:
        """Drop all keys and timers; everybody in `get` gets QueueClosed."""
        self._closed = True
        self._delays.clear()
        self._waiting.clear()
        self._failures.clear()
        self._turns.wake_all()
