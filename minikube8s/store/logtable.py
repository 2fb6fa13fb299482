"""The revisioned log as a table of the state file. Synchronous; used by one thread.

Owns what the rows mean, and how many there are. One row a change; the live objects are the
newest rows of their keys. Superseded rows are deleted as `history.py` says, in small steps
between writes, and freed pages are given back, so the file stays below twice the live objects'
size plus 16 MiB (4 MiB of history, 4 MiB of write-ahead log, slack), however often they change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from minikube8s.store.history import History, Superseded
from minikube8s.store.interface import (
    FIRST_REVISION,
    Blob,
    Change,
    Compacted,
    Mismatch,
    Record,
    StoreError,
)
from minikube8s.store.statefile import StateFile

HISTORY = 1000
"""How many superseded states are remembered, for watches that resume after a restart."""
HISTORY_BYTES = 4 * 1024 * 1024
"""How many bytes these may hold."""

# SQLite takes the other columns of a query with MAX() from the row that holds the maximum.
_RANGE = """
    SELECT key, value, MAX(revision) FROM log
    WHERE key >= ? AND key < ? AND key > ? AND revision <= ?
    GROUP BY key HAVING NOT deleted ORDER BY key LIMIT ?"""
_LIVE = """
    SELECT key, MAX(revision), LENGTH(value) FROM log GROUP BY key HAVING NOT deleted"""
_INSERT = "INSERT INTO log (key, value, revision, deleted) VALUES (?, ?, ?, ?)"
_SUPERSEDED = """
    SELECT CASE WHEN deleted THEN revision ELSE next END AS by, revision, size
    FROM (SELECT revision, deleted, LENGTH(value) AS size,
                 LEAD(revision) OVER (PARTITION BY key ORDER BY revision) AS next FROM log)
    WHERE by IS NOT NULL ORDER BY by, revision"""


class Write(NamedTuple):
    """A put (or, with `deleted`, a delete) and the revision its key must be at (None: any)."""

    key: str
    blob: Blob
    expected: int | None
    deleted: bool


class _Row(NamedTuple):
    """The newest row of a live key."""

    revision: int
    size: int


class LogTable:
    """One open state file. Every method may raise StoreError.

    Which keys are live, and where, is remembered: the file is this process's own while it is open,
    and a write that has to ask it first takes twice as long.
    """

    def __init__(
        self, path: Path, history: int = HISTORY, history_bytes: int = HISTORY_BYTES
    ) -> None:
        self._file = StateFile(path)
        self._limits = (history, history_bytes)
        self._history = History(*self._limits)
        self._live: dict[str, _Row] = {}
        self.revision = FIRST_REVISION
        self.oldest = FIRST_REVISION

    def open(self) -> None:
        """Open or create the file; raises StoreLocked while another process has it."""
        self._file.open()
        try:
            self._recover()
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file: the write-ahead log is folded in and the lock is let go."""
        self._file.close()

    def get(self, key: str) -> Record | None:
        """Return the live record of `key`."""
        rows = self._file.rows(
            "SELECT deleted, value, revision FROM log WHERE key = ? ORDER BY revision DESC LIMIT 1",
            (key,),
        )
        if not rows or rows[0][0]:
            return None
        return Record(key, rows[0][1], rows[0][2])

    def range(self, prefix: str, after: str, limit: int, revision: int) -> tuple[list[Record], int]:
        """Return the records under `prefix` as of `revision` (0: now), and that revision."""
        if revision and revision < self.oldest:
            raise Compacted(self.oldest)
        at = revision or self.revision
        rows = self._file.rows(_RANGE, (prefix, prefix + "\U0010ffff", after, at, limit or -1))
        return [Record(*row) for row in rows], at

    def changes(self, after: int) -> list[Change]:
        """Return every change after revision `after`; raises Compacted."""
        if after < self.oldest:
            raise Compacted(self.oldest)
        rows = self._file.rows(
            "SELECT key, value, revision, deleted FROM log WHERE revision > ? ORDER BY revision",
            (after,),
        )
        return [Change(key, value, revision, bool(gone)) for key, value, revision, gone in rows]

    def commit(self, writes: Sequence[Write]) -> list[Change | Mismatch]:
        """Make `writes` in order in one transaction; return what became of each.

        A Mismatch concerns its own write only. StoreError: none of them was made.
        """
        results: list[Change | Mismatch] = []
        superseded: list[Superseded] = []
        rows: dict[str, _Row | None] = {}
        changes: list[Change] = []
        for write in writes:
            row = rows[write.key] if write.key in rows else self._live.get(write.key)
            if not _allowed(write, row):
                results.append(self._mismatch(write.key, row, changes))
                continue
            revision = self.revision + len(changes) + 1
            change = Change(write.key, write.blob.at(revision), revision, write.deleted)
            superseded += _superseded(change, row)
            rows[write.key] = None if change.deleted else _Row(revision, len(change.value))
            changes.append(change)
            results.append(change)
        if changes:
            with self._file.transaction() as db:
                db.executemany(_INSERT, changes)
            self._remember(rows)
            self.revision = changes[-1].revision
            self._history.extend(superseded)
        return results

    def _mismatch(self, key: str, row: _Row | None, changes: Sequence[Change]) -> Mismatch:
        """Return why a write was refused: what is there, which may be of the same transaction."""
        if row is None:
            return Mismatch(None)
        if row.revision > self.revision:
            return Mismatch(
                Record(key, changes[row.revision - self.revision - 1].value, row.revision)
            )
        (value,) = self._file.rows("SELECT value FROM log WHERE revision = ?", (row.revision,))[0]
        return Mismatch(Record(key, value, row.revision))

    def _remember(self, rows: dict[str, _Row | None]) -> None:
        for key, row in rows.items():
            if row is None:
                self._live.pop(key, None)
            else:
                self._live[key] = row

    def tidy(self) -> None:
        """Forget what exceeds the history's bounds, and give freed pages back: one small step.

        To be called after every commit, so that the file shrinks while little is written.
        """
        surplus = self._history.surplus()
        if surplus:
            self.compact(surplus)
        self._file.give_back()

    def compact(self, revision: int) -> None:
        """Forget the changes up to `revision`."""
        revision = min(revision, self.revision)
        if revision <= self.oldest:
            return
        with self._file.transaction() as db:
            rows = self._history.upto(revision)
            db.executemany("DELETE FROM log WHERE revision = ?", ((row,) for row in rows))
            db.execute("UPDATE meta SET oldest = ?", (revision,))
        self._history.forget(revision)
        self.oldest = revision

    def _recover(self) -> None:
        ((self.oldest,),) = self._file.rows("SELECT oldest FROM meta")
        ((newest,),) = self._file.rows("SELECT MAX(revision) FROM log")
        # The newest row may have been a deletion that is forgotten: its revision is not reused.
        self.revision = max(self.oldest, newest or 0)
        self._history = History(*self._limits)
        self._history.extend(Superseded(*row) for row in self._file.each(_SUPERSEDED))
        self._live = {key: _Row(revision, size) for key, revision, size in self._file.each(_LIVE)}


def _allowed(write: Write, row: _Row | None) -> bool:
    """Whether a key's newest row (None: it is not live) is what a write expects."""
    if write.deleted and row is None:
        return False
    return write.expected is None or write.expected == (row.revision if row else 0)


def _superseded(change: Change, row: _Row | None) -> Iterator[Superseded]:
    """Yield the states that a change supersedes."""
    if row is not None:
        yield Superseded(change.revision, row.revision, row.size)
    if change.deleted:
        yield Superseded(change.revision, change.revision, len(change.value))
