"""The default store: one SQLite file, written by one thread.

Owns the thread and what travels between it and the event loop. The thread takes whatever writes
queued since its last commit and commits them in one transaction; only then are their callers
answered and the changes published, in the order of their revisions. Reads go through the same
thread, in turn: the cache above makes them rare.

Buffers: at most PENDING jobs wait for the thread (further writes raise StoreBusy).
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

from minikube8s.kit.histogram import Histogram
from minikube8s.store.feed import Feed
from minikube8s.store.interface import (
    Blob,
    Change,
    Record,
    StoreBusy,
    StoreError,
)
from minikube8s.store.logtable import HISTORY, HISTORY_BYTES, LogTable, Write

T = TypeVar("T")

PENDING = 4096
"""How many jobs may wait for the thread."""
CLOSE_DEADLINE = 30.0
"""Seconds that the thread gets to commit what it accepted and to close the file."""

_COMMIT_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

log = logging.getLogger(__name__)

_Job = tuple["Write | Callable[[], Any]", "asyncio.Future[Any]"]
_Outcome = tuple["asyncio.Future[Any]", object]


class Figures(NamedTuple):
    """What a store did since it was opened, and where it stands."""

    commits: Histogram
    """Seconds that transactions took."""
    writes: int
    """Writes that were committed or refused; several share a transaction."""
    waiting: int
    """Jobs that wait for the thread."""
    bytes: int
    """What the file and its log take on disk."""


class SqliteStore:
    """A store in the file `path`, which a second process is refused."""

    def __init__(
        self, path: Path, history: int = HISTORY, history_bytes: int = HISTORY_BYTES
    ) -> None:
        self._path = path
        self._table = LogTable(path, history, history_bytes)
        self._commits = Histogram(_COMMIT_BOUNDS)
        self._written = 0
        self._feed = Feed()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._waiting = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop

    async def open(self) -> None:
        """Open or create the file; raises StoreLocked, StoreDamaged or StoreError."""
        self._loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(
            target=self._run, args=(opened,), name="mk8s-store", daemon=True
        )
        self._thread.start()
        try:
            await opened
        except StoreError:
            self._thread = None
            raise

    async def close(self) -> None:
        """Commit what was accepted, close the file and end the watches."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._jobs.put(None)
        await asyncio.to_thread(thread.join, CLOSE_DEADLINE)
        self._feed.end()
        if thread.is_alive():
            raise StoreError(
                f"the state file was not closed within {CLOSE_DEADLINE:g} s: the disk does not"
                " answer; nothing that was acknowledged is lost"
            )

    def figures(self) -> Figures:
        """Return what was measured up to now."""
        files = [self._path, self._path.with_name(f"{self._path.name}-wal")]
        size = sum(file.stat().st_size for file in files if file.exists())
        return Figures(self._commits, self._written, self._waiting, size)

    async def revision(self) -> int:
        """Return the revision of the latest write."""
        return await self._submit(lambda: self._table.revision)

    async def oldest(self) -> int:
        """Return the oldest revision that can be watched and read."""
        return await self._submit(lambda: self._table.oldest)

    async def get(self, key: str) -> Record | None:
        """Return the live record of `key`."""
        return await self._submit(lambda: self._table.get(key))

    async def range(
        self, prefix: str, after: str = "", limit: int = 0, revision: int = 0
    ) -> tuple[list[Record], int]:
        """Return the records under `prefix`, and the revision they show."""
        return await self._submit(lambda: self._table.range(prefix, after, limit, revision))

    async def put(self, key: str, blob: Blob, expected: int | None) -> Record:
        """Write `key` if it is at revision `expected`."""
        change = await self._write(Write(key, blob, expected, deleted=False))
        return Record(key, change.value, change.revision)

    async def delete(self, key: str, blob: Blob, expected: int | None) -> Change:
        """Delete `key` if it is at revision `expected`."""
        return await self._write(Write(key, blob, expected, deleted=True))

    async def watch(self, after_revision: int) -> AsyncIterator[Change]:
        """Yield every change after `after_revision`."""
        # Subscribed before the log is read: what is committed meanwhile arrives twice, and the
        # second time it is dropped.
        with self._feed.subscribe() as subscription:
            last = after_revision
            for change in await self._submit(lambda: self._table.changes(after_revision)):
                last = change.revision
                yield change
            while True:
                change = await subscription.next()
                if change.revision > last:
                    yield change

    async def compact(self, revision: int) -> None:
        """Forget the changes up to `revision`."""
        await self._submit(lambda: self._table.compact(revision))

    async def _write(self, write: Write) -> Change:
        change: Change = await self._enqueue(write)
        return change

    async def _submit(self, read: Callable[[], T]) -> T:
        result: T = await self._enqueue(read)
        return result

    def _enqueue(self, work: Write | Callable[[], Any]) -> asyncio.Future[Any]:
        if self._thread is None:
            raise StoreError("the store is not open")
        if self._waiting >= PENDING:
            raise StoreBusy(f"{PENDING} writes are waiting for the disk already; try again later")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting += 1
        self._jobs.put((work, future))
        return future

    # What follows runs in the thread, except `_settle`.

    def _run(self, opened: asyncio.Future[None]) -> None:
        try:
            self._table.open()
        except Exception as error:
            self._tell([(opened, error)], counted=False)
            return
        self._tell([(opened, None)], counted=False)
        running = True
        while running:
            jobs = self._take()
            if jobs[-1] is None:
                running = False
            self._serve([job for job in jobs if job is not None])
        self._table.close()

    def _take(self) -> list[_Job | None]:
        """Return everything queued, waiting for the first; nothing follows a None."""
        jobs = [self._jobs.get()]
        while jobs[-1] is not None:
            try:
                jobs.append(self._jobs.get_nowait())
            except queue.Empty:
                break
        return jobs

    def _serve(self, jobs: Sequence[_Job]) -> None:
        writes: list[tuple[Write, asyncio.Future[Any]]] = []
        for work, future in jobs:
            if isinstance(work, Write):
                writes.append((work, future))
            else:
                self._commit(writes)
                writes = []
                self._tell([(future, _outcome(work))])
        self._commit(writes)

    def _commit(self, writes: list[tuple[Write, asyncio.Future[Any]]]) -> None:
        if not writes:
            return
        batch = [write for write, _ in writes]
        began = perf_counter()
        outcome = _outcome(lambda: self._table.commit(batch))
        self._commits.observe(perf_counter() - began)
        self._written += len(batch)
        results = outcome if isinstance(outcome, list) else [outcome] * len(writes)
        self._tell([(future, result) for (_, future), result in zip(writes, results, strict=True)])
        try:
            self._table.tidy()
        except StoreError as error:
            # The writes are safe; forgetting old states is tried again after the next ones.
            log.warning("old states could not be forgotten: %s", error)

    def _tell(self, outcomes: Sequence[_Outcome], *, counted: bool = True) -> None:
        try:
            self._loop.call_soon_threadsafe(self._settle, outcomes, counted)
        except RuntimeError:
            # The loop is closed: whoever waited for this is gone with it.
            log.warning("the event loop ended before %d outcomes could be told", len(outcomes))

    def _settle(self, outcomes: Sequence[_Outcome], counted: bool) -> None:
        if counted:
            self._waiting -= len(outcomes)
        changes = [outcome for _, outcome in outcomes if isinstance(outcome, Change)]
        if changes:
            self._feed.publish(changes)
        for future, outcome in outcomes:
            if future.done():
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)


def _outcome(work: Callable[[], Any]) -> object:
    """Return what `work` returns, or what it raises: the thread itself never fails."""
    try:
        return work()
    except Exception as error:
        return error
