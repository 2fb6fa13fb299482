"""A store in memory: for tests and throw-away clusters. Nothing outlives the process.

Owns the reference semantics: the simplest code that passes the contract suite, which the other
stores are compared with.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from minikube8s.store.feed import Feed
from minikube8s.store.interface import (
    FIRST_REVISION,
    Blob,
    Change,
    Compacted,
    Mismatch,
    Record,
    StoreError,
)

HISTORY = 1000
"""How many recent changes are remembered."""


class MemoryStore:
    """All changes since `oldest()` in a list, on top of the live records at that revision."""

    def __init__(self, history: int = HISTORY) -> None:
        self._history = history
        self._revision = FIRST_REVISION
        self._oldest = FIRST_REVISION
        self._base: dict[str, Record] = {}
        self._live: dict[str, Record] = {}
        self._changes: list[Change] = []
        self._feed = Feed()
        self._opened = False

    async def open(self) -> None:
        """Make the store usable; what it held when it was closed is still there."""
        self._opened = True

    async def close(self) -> None:
        """End the watches."""
        self._opened = False
        self._feed.end()

    async def revision(self) -> int:
        """Return the revision of the latest write."""
        return self._revision

    async def oldest(self) -> int:
        """Return the oldest revision that can be watched and read."""
        return self._oldest

    async def get(self, key: str) -> Record | None:
        """Return the live record of `key`."""
        self._check_open()
        return self._live.get(key)

    async def range(
        self, prefix: str, after: str = "", limit: int = 0, revision: int = 0
    ) -> tuple[list[Record], int]:
        """Return the records under `prefix`, and the revision they show."""
        self._check_open()
        records = self._at(revision) if revision else self._live
        keys = sorted(key for key in records if key.startswith(prefix) and key > after)
        found = [records[key] for key in keys[: limit or None]]
        return found, revision or self._revision

    async def put(self, key: str, blob: Blob, expected: int | None) -> Record:
        """Write `key` if it is at revision `expected`."""
        self._check(key, expected)
        change = self._write(key, blob, deleted=False)
        return Record(key, change.value, change.revision)

    async def delete(self, key: str, blob: Blob, expected: int | None) -> Change:
        """Delete `key` if it is at revision `expected`."""
        self._check(key, expected)
        if key not in self._live:
            raise Mismatch(None)
        return self._write(key, blob, deleted=True)

    async def watch(self, after_revision: int) -> AsyncIterator[Change]:
        """Yield every change after `after_revision`."""
        self._check_open()
        if after_revision < self._oldest:
            raise Compacted(self._oldest)
        with self._feed.subscribe() as subscription:
            for change in [c for c in self._changes if c.revision > after_revision]:
                yield change
            while True:
                change = await subscription.next()
                if change.revision > after_revision:
                    yield change

    async def compact(self, revision: int) -> None:
        """Forget the changes up to `revision`."""
        self._check_open()
        revision = min(revision, self._revision)
        if revision > self._oldest:
            self._base = self._at(revision)
            self._changes = [c for c in self._changes if c.revision > revision]
            self._oldest = revision

    def _check_open(self) -> None:
        if not self._opened:
            raise StoreError("the store is not open")

    def _check(self, key: str, expected: int | None) -> None:
        self._check_open()
        current = self._live.get(key)
        if expected is not None and expected != (current.revision if current else 0):
            raise Mismatch(current)

    def _write(self, key: str, blob: Blob, *, deleted: bool) -> Change:
        self._revision += 1
        change = Change(key, blob.at(self._revision), self._revision, deleted)
        self._changes.append(change)
        _apply(self._live, change)
        while len(self._changes) > self._history:
            forgotten = self._changes.pop(0)
            _apply(self._base, forgotten)
            self._oldest = forgotten.revision
        self._feed.publish((change,))
        return change

    def _at(self, revision: int) -> dict[str, Record]:
        if revision < self._oldest:
            raise Compacted(self._oldest)
        records = dict(self._base)
        for change in self._changes:
            if change.revision <= revision:
                _apply(records, change)
        return records


def _apply(records: dict[str, Record], change: Change) -> None:
    if change.deleted:
        records.pop(change.key, None)
    else:
        records[change.key] = Record(change.key, change.value, change.revision)
