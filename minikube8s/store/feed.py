"""Hands every committed change to those who subscribed, in order.

Owns the buffers between a store and its watchers. A subscriber that falls behind by more than
the bound is cut off (its iteration raises Compacted): the writer never waits for a reader.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from minikube8s.store.interface import Change, Compacted, StoreError

BOUND = 65_536
"""How many changes a subscriber may lag behind."""


class Subscription:
    """The changes published since `Feed.subscribe`, as an endless iteration."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._pending: deque[Change] = deque()
        self._wake = asyncio.Event()
        self._lost_at: int | None = None
        self._closed = False

    def push(self, changes: Sequence[Change]) -> None:
        """Append `changes`, or cut the subscription off when that exceeds the bound."""
        if self._lost_at is None and len(self._pending) + len(changes) > self._bound:
            self._lost_at = changes[-1].revision
            self._pending.clear()
        elif self._lost_at is None:
            self._pending.extend(changes)
        self._wake.set()

    def end(self) -> None:
        """Make the iteration fail: the store was closed."""
        self._closed = True
        self._wake.set()

    async def next(self) -> Change:
        """Return the next change; raises Compacted when cut off, StoreError when closed."""
        while not self._pending:
            if self._lost_at is not None:
                raise Compacted(self._lost_at)
            if self._closed:
                raise StoreError("the store has been closed")
            self._wake.clear()
            await self._wake.wait()
        return self._pending.popleft()


class Feed:
    """The subscribers of one store. Lives on one event loop."""

    def __init__(self, bound: int = BOUND) -> None:
        self._bound = bound
        self._subscriptions: set[Subscription] = set()

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Collect changes from now until the block ends."""
        subscription = Subscription(self._bound)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def publish(self, changes: Sequence[Change]) -> None:
        """Hand `changes` (sorted by revision) to every subscriber."""
        for subscription in self._subscriptions:
            subscription.push(changes)

    def end(self) -> None:
        """End every subscription: the store is closing."""
        for subscription in self._subscriptions:
            subscription.end()
