"""A store that outlives its master: the process may die before any write, or lose a race."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from minikube8s.store.interface import Blob, Change, Record
from minikube8s.store.memory import MemoryStore
from tests.support.scenarios.naming import Names

_UNCOUNTED = ("events/", "leases.coordination.k8s.io/")
"""What is written all the time, so that nobody counts it."""


class MortalStore(MemoryStore):
    """The memory store; `dead` is set when the process has ended, from then on nothing is written.

    `writes` counts what was written, without Events and Leases. An ambush is what another client
    does between somebody's look at an object and the write that follows from it.
    """

    def __init__(self, names: Names) -> None:
        super().__init__()
        self.dead = asyncio.Event()
        self.writes: list[str] = []
        self.ambushes: dict[str, Callable[[], Awaitable[object]]] = {}
        self._names = names
        self._left: int | None = None

    def die_before(self, write: int) -> None:
        """Have the process end before write number `write` from now, 1 being the next."""
        self._left = write - 1

    def live(self) -> None:
        """Let the process live on, if it lives."""
        self._left = None

    def die(self) -> None:
        """End the process now."""
        self._left = None
        self.dead.set()

    async def put(self, key: str, blob: Blob, expected: int | None) -> Record:
        """Write, as long as the process lives."""
        new = expected == 0
        await self._reach(key)
        record = await super().put(key, blob, expected)
        if new:
            self._names.learn(msgspec.json.decode(record.value))
        return record

    async def delete(self, key: str, blob: Blob, expected: int | None) -> Change:
        """Delete, as long as the process lives."""
        await self._reach(key)
        return await super().delete(key, blob, expected)

    async def _reach(self, key: str) -> None:
        ambush = self.ambushes.pop(key, None)
        if ambush is not None:
            await ambush()
        if not key.startswith(_UNCOUNTED):
            if self._left == 0:
                self.die()
            elif self._left is not None:
                self._left -= 1
        if self.dead.is_set():
            await asyncio.get_running_loop().create_future()
        if not key.startswith(_UNCOUNTED):
            self.writes.append(key)
