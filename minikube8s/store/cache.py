"""The watch cache: all live objects in memory, above any store.

Owns what readers see: reads, lists and watches are answered here without touching the store, and
a write returns only when the cache shows it (read your writes). It must not know what a write
means, nor HTTP.

The cache changes only in `_apply`, which runs without awaiting: a list and the watch that
follows it, taken in one step of the event loop, have no gap and no overlap between them.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable, Iterator
from itertools import groupby

from minikube8s.api.errors import expired
from minikube8s.kit.tasks import Supervisor
from minikube8s.store.bucket import Bucket, Entries
from minikube8s.store.entry import Entry, Warmth
from minikube8s.store.indexes import Indexes
from minikube8s.store.interface import (
    FIRST_REVISION,
    Blob,
    Change,
    Compacted,
    Mismatch,
    Record,
    Store,
    StoreError,
)
from minikube8s.store.watching import Event, Watch

log = logging.getLogger(__name__)

Observer = Callable[[Event], None]

VISIBLE_DEADLINE = 10.0
"""Seconds that a durable write may take to show up in the cache; normally well under a
millisecond. More means that the store's watch is broken."""
AT_A_TIME = 128
"""So many changes are shown before the watchers get a turn."""
START_DEADLINE = 60.0
"""Seconds that the first load may take."""


class Cache:
    """All live objects of a store. Keys look like `pods/default/x` or `nodes/x`.

    A prefix is "" (everything), `pods/` (a kind), `pods/default/` (a namespace), or a whole key.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._revision = FIRST_REVISION
        self._floor = FIRST_REVISION
        self._buckets: dict[str, Bucket] = {}
        self._warmth = Warmth()
        self._watches: dict[str, set[Watch]] = {}
        self._observers: dict[str, list[Observer]] = {}
        self._awaited: dict[int, asyncio.Future[None]] = {}
        self._tasks = Supervisor("cache")
        self.indexes = Indexes(self)
        """Questions by owners, labels and selectors."""

    @property
    def revision(self) -> int:
        """The revision up to which the cache shows the store."""
        return self._revision

    async def start(self) -> None:
        """Load the store and follow it; raises StoreError when it cannot be read.

        The recent changes that the store remembers are replayed, so that watches of clients
        survive a restart.
        """
        target = await self._load(await self._store.oldest())
        self._tasks.spawn("follow", self._follow)
        await self._visible(target, START_DEADLINE)

    async def close(self) -> None:
        """Stop following and end all watches. The store stays open: it is its opener's."""
        await self._tasks.close()
        for watch in [w for watches in self._watches.values() for w in watches]:
            watch.close()

    async def reach_store(self) -> None:
        """Return when the store has answered. Raises StoreError."""
        await self._store.revision()

    def get(self, key: str) -> Entry | None:
        """Return the live entry of `key`."""
        bucket = self._buckets.get(_bucket_name(key))
        return bucket.get(key) if bucket else None

    def list(self, prefix: str) -> Entries:
        """Return the live entries under `prefix`, sorted by key."""
        return [entry for bucket in self._under(prefix) for entry in bucket.list(prefix)]

    def count(self, prefix: str) -> int:
        """Return how many live entries are under `prefix`."""
        return sum(bucket.count(prefix) for bucket in self._under(prefix))

    def watchers(self, prefix: str) -> int:
        """Return how many watches of the kind `prefix`, or of a part of it, there are."""
        watched = self._watches.items()
        return sum(len(watches) for name, watches in watched if name.startswith(prefix))

    def watch(self, prefix: str, after: int | None = None) -> Watch:
        """Return the events under `prefix` after revision `after` (None: from now on).

        Raises ApiError 410 when `after` is older than what is remembered, or in the future (the
        state was thrown away and started anew): list again in both cases.
        """
        replay: list[Event] = []
        if after is not None and after != self._revision:
            buckets = list(self._under(prefix))
            floor = max((bucket.ring.floor for bucket in buckets), default=self._floor)
            if after < floor or after > self._revision:
                raise expired(f"too old resource version: {after} ({max(floor, self._revision)})")
            merged = heapq.merge(
                *(bucket.ring.after(after) for bucket in buckets), key=lambda e: e.revision
            )
            replay = [event for event in merged if prefix in _prefixes(event.entry.key)]
        watch = Watch(prefix, replay, lambda: self._revision, self._forget)
        self._watches.setdefault(prefix, set()).add(watch)
        return watch

    def observe(self, prefix: str, observer: Observer) -> None:
        """Call `observer` with every event of the kind `prefix` (or "": all), as it is applied.

        For indexes that must never lag behind the cache: it runs before any watcher sees the
        event and must be quick. What is live already comes first, as ADDED.
        """
        for entry in self.list(prefix):
            _tell(observer, Event("ADDED", entry, None, entry.revision))
        self._observers.setdefault(prefix, []).append(observer)

    async def put(self, key: str, blob: Blob, expected: int | None) -> Entry:
        """Write through to the store; returns when the write is durable and visible here.

        Raises Mismatch, once what it speaks of is visible here, and StoreError, as Store.put.
        """
        try:
            record = await self._store.put(key, blob, expected)
        except Mismatch as mismatch:
            await self._catch_up(key, mismatch)
            raise
        await self._visible(record.revision, VISIBLE_DEADLINE)
        current = self.get(key)
        if current is not None and current.revision == record.revision:
            return current
        return Entry(key, record.value, record.revision, self._warmth)

    async def delete(self, key: str, blob: Blob, expected: int | None) -> Entry:
        """Delete in the store; returns the last state when the key is gone here too.

        Raises Mismatch, once what it speaks of is visible here, and StoreError, as Store.delete.
        """
        try:
            change = await self._store.delete(key, blob, expected)
        except Mismatch as mismatch:
            await self._catch_up(key, mismatch)
            raise
        await self._visible(change.revision, VISIBLE_DEADLINE)
        return Entry(key, change.value, change.revision, self._warmth)

    async def _catch_up(self, key: str, mismatch: Mismatch) -> None:
        """Wait until the cache shows the state that refused a write: trying again makes sense."""
        live = self.get(key)
        shown = live.revision if live else 0
        if shown != (mismatch.current.revision if mismatch.current else 0):
            await self._visible(await self._store.revision(), VISIBLE_DEADLINE)

    async def _load(self, revision: int) -> int:
        """Show the store as it was at `revision`; return the revision it is at.

        What was shown before stays, with all that is known of it, until this takes its place.
        """
        target = await self._store.revision()
        records, shown = await self._store.range("", revision=revision)
        self._drop()
        self._revision = self._floor = shown
        for name, group in groupby(records, key=lambda record: _bucket_name(record.key)):
            entries = [self._entry(record) for record in group]
            bucket = self._buckets.setdefault(name, Bucket(self._floor))
            bucket.load(entries)
            self._warmth.store(sum(len(entry.value) for entry in entries))
            for entry in entries:
                self._notify(name, Event("ADDED", entry, None, entry.revision))
        return target

    def _drop(self) -> None:
        """Show nothing any more; who watches has to begin anew."""
        for watch in [w for watches in self._watches.values() for w in watches]:
            watch.expire("the cache lost its place in the store's history; list and watch again")
        for name, bucket in self._buckets.items():
            for entry in bucket.list(""):
                self._notify(name, Event("DELETED", entry, entry, entry.revision))
                self._warmth.store(-len(entry.value))
        self._buckets = {}

    async def _follow(self) -> None:
        while True:
            try:
                applied = 0
                async for change in self._store.watch(self._revision):
                    self._apply(change)
                    applied += 1
                    if not applied % AT_A_TIME:
                        # many may have been committed at once, and watchers have bounds
                        await asyncio.sleep(0)
            except Compacted:
                # Only possible when this task was starved for tens of thousands of changes.
                await self._reload()

    async def _reload(self) -> None:
        await self._load(await self._store.revision())
        for revision in [r for r in self._awaited if r <= self._revision]:
            self._awaited.pop(revision).set_result(None)

    def _apply(self, change: Change) -> None:
        name = _bucket_name(change.key)
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = Bucket(self._floor)
        entry = Entry(change.key, change.value, change.revision, self._warmth)
        event = bucket.remove(entry) if change.deleted else bucket.put(entry)
        before = len(event.previous.value) if event.previous is not None else 0
        self._warmth.store(-before if change.deleted else len(change.value) - before)
        self._revision = change.revision
        self._notify(name, event)
        for prefix in _prefixes(change.key):
            for watch in tuple(self._watches.get(prefix, ())):
                watch.push(event)
        awaited = self._awaited.pop(change.revision, None)
        if awaited is not None and not awaited.done():
            awaited.set_result(None)

    def _notify(self, bucket_name: str, event: Event) -> None:
        for prefix in (bucket_name, ""):
            for observer in self._observers.get(prefix, ()):
                _tell(observer, event)

    async def _visible(self, revision: int, deadline: float) -> None:
        if self._revision >= revision:
            return
        future = self._awaited.setdefault(revision, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(deadline):
                await asyncio.shield(future)
        except TimeoutError as error:
            raise StoreError(
                f"revision {revision} is stored but did not become visible within {deadline:g} s;"
                " the master's log tells why its cache does not follow the store"
            ) from error
        finally:
            self._awaited.pop(revision, None)

    def _entry(self, record: Record) -> Entry:
        return Entry(record.key, record.value, record.revision, self._warmth)

    def _under(self, prefix: str) -> Iterator[Bucket]:
        if prefix:
            bucket = self._buckets.get(_bucket_name(prefix))
            return iter((bucket,) if bucket else ())
        return (self._buckets[name] for name in sorted(self._buckets))

    def _forget(self, watch: Watch) -> None:
        watches = self._watches.get(watch.prefix)
        if watches is not None:
            watches.discard(watch)
            if not watches:
                del self._watches[watch.prefix]


def _tell(observer: Observer, event: Event) -> None:
    try:
        observer(event)
    except Exception:
        # One object that an index cannot read must not stop all others.
        log.exception("an index could not take in %s", event.entry)


def _bucket_name(key: str) -> str:
    return key[: key.find("/") + 1]


def _prefixes(key: str) -> Iterator[str]:
    """Yield every prefix that a watch which sees `key` can have."""
    yield ""
    at = key.find("/")
    while at >= 0:
        yield key[: at + 1]
        at = key.find("/", at + 1)
    yield key
