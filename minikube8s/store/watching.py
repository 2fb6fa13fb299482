"""What a watcher sees: events, the bounded memory of recent ones, and the watch itself.

Owns buffers and their bounds. A watcher that does not keep up is cut off with 410 Expired, after
which clients list and watch again; nobody ever waits for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from minikube8s.api.errors import expired
from minikube8s.store.entry import Entry

RING_EVENTS = 1000
"""How many recent events a kind keeps for watches that resume."""
RING_BYTES = 1024 * 1024
"""How many bytes of states these events may hold; one event is kept whatever its size."""
BUFFER = 1000
"""How many events a watcher may lag behind."""


class Event(NamedTuple):
    """One change. `previous` is the state before it (None: the object was created)."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    entry: Entry
    previous: Entry | None
    revision: int


class Ring:
    """The recent events of one kind. Complete after revision `floor`."""

    __slots__ = ("_bytes", "_events", "floor")

    def __init__(self, floor: int) -> None:
        self.floor = floor
        self._bytes = 0
        self._events: deque[Event] = deque()

    def append(self, event: Event) -> None:
        """Remember `event`, forgetting the oldest ones beyond the bounds."""
        self._events.append(event)
        self._bytes += len(event.entry.value)
        while len(self._events) > 1 and (
            len(self._events) > RING_EVENTS or self._bytes > RING_BYTES
        ):
            forgotten = self._events.popleft()
            self._bytes -= len(forgotten.entry.value)
            self.floor = forgotten.revision

    def after(self, revision: int) -> list[Event]:
        """Return the events after `revision`, oldest first."""
        found: list[Event] = []
        for event in reversed(self._events):
            if event.revision <= revision:
                break
            found.append(event)
        found.reverse()
        return found


class Watch:
    """An asynchronous iteration of events; ends after `close`, raises ApiError 410 when cut off."""

    def __init__(
        self,
        prefix: str,
        replay: Iterable[Event],
        latest: Callable[[], int],
        forget: Callable[[Watch], None],
    ) -> None:
        self.prefix = prefix
        self._pending: deque[Event] = deque(replay)
        # What is replayed was asked for; only what comes on top counts as lag.
        self._bound = len(self._pending) + BUFFER
        self._latest = latest
        self._forget = forget
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._expired = ""
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def revision(self) -> int:
        """Every event up to this revision has been handed out: what a bookmark may carry."""
        return self._pending[0].revision - 1 if self._pending else self._latest()

    def push(self, event: Event) -> None:
        """Buffer `event`, or cut the watch off when it lags too far behind."""
        if len(self._pending) >= self._bound:
            self.expire("the watch did not keep up with the changes; list and watch again")
            return
        self._pending.append(event)
        self._wake.set()

    def expire(self, why: str) -> None:
        """Cut the watch off: its reader gets ApiError 410 with `why`."""
        self._expired = why
        self._disarm()
        self._pending.clear()
        self._forget(self)
        self._wake.set()

    def close(self) -> None:
        """End the iteration, also for a reader that waits just now; harmless when called twice."""
        self._closed = True
        self._disarm()
        self._pending.clear()
        self._forget(self)
        self._wake.set()

    async def batch(self, timeout: float | None = None) -> list[Event]:
        """Return all events at hand, waiting up to `timeout` seconds (None: for ever) for one.

        Empty after the timeout or `close`. Raises ApiError 410 when cut off.
        """
        if not self._ready():
            await self._wait(None if timeout is None else self._loop.time() + timeout)
        events = list(self._pending)
        self._pending.clear()
        return events

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> Event:
        if not self._ready():
            await self._wait(None)
        if not self._pending:
            raise StopAsyncIteration
        return self._pending.popleft()

    async def __aenter__(self) -> Watch:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def _ready(self) -> bool:
        if self._expired:
            raise expired(self._expired)
        return bool(self._pending) or self._closed

    async def _wait(self, deadline: float | None) -> None:
        while not self._ready():
            if deadline is not None:
                if self._loop.time() >= deadline:
                    return
                self._arm(deadline)
            self._wake.clear()
            await self._wake.wait()

    def _arm(self, deadline: float) -> None:
        """See to it that the reader looks up at `deadline`, or sooner and again.

        A timer for each event and watch would cost more than the event: one that is set already
        and rings sooner does.
        """
        timer = self._timer
        if timer is None or not self._loop.time() < timer.when() <= deadline:
            self._disarm()
            self._timer = self._loop.call_at(deadline, self._wake.set)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
