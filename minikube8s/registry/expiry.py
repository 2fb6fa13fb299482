"""Removes objects some time after their last change: Events.

Owns one timer, armed for the oldest object. All objects have the same time to live, so the order
of their last changes is the order in which they expire: an ordinary dict keeps it. Only what is
loaded at the start comes in another order, and is sorted once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from minikube8s.api.errors import ApiError
from minikube8s.api.meta import parse_time
from minikube8s.kit.clock import Clock
from minikube8s.kit.tasks import Supervisor
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

SLACK = 10.0
"""What expires within so many seconds goes in one round: fewer awakenings."""
RETRY = 60.0
"""Seconds after which a removal that failed (a full disk) is tried again."""


class _Times(msgspec.Struct, frozen=True, rename="camel"):
    """When an Event was last seen."""

    last_timestamp: str | None = None


class Expiry:
    """Calls `remove(key, revision)` for every observed object `ttl` seconds after its change."""

    def __init__(
        self, clock: Clock, ttl: float, remove: Callable[[str, int], Awaitable[None]]
    ) -> None:
        self._clock = clock
        self._ttl = ttl
        self._remove = remove
        self._due: dict[str, tuple[float, int]] = {}
        self._tasks = Supervisor("expiry")
        self._latest = 0.0
        self._sorted = True
        self._running = False

    def observe(self, event: Event) -> None:
        """Follow an object; an observer of the cache. Needs a running event loop."""
        key = event.entry.key
        self._due.pop(key, None)
        if event.type == "DELETED":
            return
        due = self._clock.monotonic() + self._left(event.entry)
        self._due[key] = (due, event.revision)
        self._sorted = self._sorted and due >= self._latest
        self._latest = max(self._latest, due)
        if not self._running:
            self._running = True
            self._tasks.spawn("expire", self._run, restart=False)

    async def close(self) -> None:
        """Stop the timer."""
        await self._tasks.close()

    def _left(self, entry: Entry) -> float:
        """Return the seconds that an object may still live."""
        changed = entry.view(_Times).last_timestamp
        if not changed:
            return self._ttl
        age = (self._clock.now() - parse_time(changed)).total_seconds()
        return min(max(self._ttl - age, 0.0), self._ttl)

    async def _run(self) -> None:
        """Serve until nothing is left: an idle cluster has no timer."""
        try:
            while self._due:
                if not self._sorted:
                    self._due = dict(sorted(self._due.items(), key=lambda item: item[1]))
                    self._sorted = True
                due, _ = next(iter(self._due.values()))
                await self._clock.sleep(due - self._clock.monotonic())
                await self._expire(self._clock.monotonic() + SLACK)
        finally:
            self._running = False

    async def _expire(self, until: float) -> None:
        while self._due:
            key, (due, revision) = next(iter(self._due.items()))
            if due > until:
                return
            del self._due[key]
            try:
                await self._remove(key, revision)
            except ApiError:
                self._due[key] = (self._clock.monotonic() + RETRY, revision)
                return
