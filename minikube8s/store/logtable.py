"""The revisioned log as an SQLite table. Synchronous; used by one thread.

Owns the file's format, its transactions and its size. One row a change; the live objects are the
newest rows of their keys. Superseded rows are deleted as `history.py` says, in small steps
between writes, and freed pages are given back, so the file stays below twice the live objects'
size plus 16 MiB (4 MiB of history, 4 MiB of write-ahead log, slack), however often they change.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from minikube8s.store.disk import explain, foreign, newer
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

HISTORY = 1000
"""How many superseded states are remembered, for watches that resume after a restart."""
HISTORY_BYTES = 4 * 1024 * 1024
"""How many bytes these may hold."""

_APPLICATION_ID = 0x6D6B3873  # "mk8s"
_FORMAT = 1
_LOCK_WAIT = 1.0
"""Seconds to wait for a predecessor that is just exiting."""
_FREE_PAGES = 512
"""Pages (of 4 KiB) that may lie free for reuse."""
_VACUUM_STEP = 512
"""Pages given back after a commit: a few milliseconds' work."""

_SETTINGS = (
    "PRAGMA auto_vacuum = INCREMENTAL",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 500",
    "PRAGMA journal_size_limit = 4194304",
    "PRAGMA cache_size = -1024",
)
_SCHEMA = (
    """CREATE TABLE log (
        revision INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        deleted INTEGER NOT NULL,
        value BLOB NOT NULL)""",
    "CREATE INDEX log_key ON log (key, revision)",
    "CREATE TABLE meta (oldest INTEGER NOT NULL)",
    f"INSERT INTO meta VALUES ({FIRST_REVISION})",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {_FORMAT}",
)
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
        self._path = path
        self._limits = (history, history_bytes)
        self._db: sqlite3.Connection | None = None
        self._history = History(*self._limits)
        self._live: dict[str, _Row] = {}
        self.revision = FIRST_REVISION
        self.oldest = FIRST_REVISION

    def open(self) -> None:
        """Open or create the file; raises StoreLocked while another process has it."""
        try:
            if not self._path.exists():
                self._create()
            self._db = sqlite3.connect(self._path, timeout=_LOCK_WAIT, isolation_level=None)
            self._prepare(self._db)
            self._recover(self._db)
        except sqlite3.Error as error:
            self.close()
            raise explain(error, self._path) from error
        except OSError as error:
            self.close()
            raise StoreError(
                f"the state file {self._path} cannot be made ({error.strerror}); check that its"
                " directory exists and can be written"
            ) from error
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file: the write-ahead log is folded in and the lock is let go."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def get(self, key: str) -> Record | None:
        """Return the live record of `key`."""
        rows = self._rows(
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
        rows = self._rows(_RANGE, (prefix, prefix + "\U0010ffff", after, at, limit or -1))
        return [Record(*row) for row in rows], at

    def changes(self, after: int) -> list[Change]:
        """Return every change after revision `after`; raises Compacted."""
        if after < self.oldest:
            raise Compacted(self.oldest)
        rows = self._rows(
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
            with self._transaction() as db:
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
        (value,) = self._rows("SELECT value FROM log WHERE revision = ?", (row.revision,))[0]
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
        if self._rows("PRAGMA freelist_count")[0][0] > _FREE_PAGES:
            self._give_back()

    def compact(self, revision: int) -> None:
        """Forget the changes up to `revision`."""
        revision = min(revision, self.revision)
        if revision <= self.oldest:
            return
        with self._transaction() as db:
            rows = self._history.upto(revision)
            db.executemany("DELETE FROM log WHERE revision = ?", ((row,) for row in rows))
            db.execute("UPDATE meta SET oldest = ?", (revision,))
        self._history.forget(revision)
        self.oldest = revision

    def _give_back(self) -> None:
        try:
            # The pragma frees one page a step and returns no rows: `execute` would take one step.
            self._connection().executescript(f"PRAGMA incremental_vacuum({_VACUUM_STEP})")
        except sqlite3.Error as error:
            raise explain(error, self._path) from error

    def _create(self) -> None:
        """Make an empty file that only its owner reads (it will hold Secrets)."""
        os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _prepare(self, db: sqlite3.Connection) -> None:
        # One master owns the file: this refuses a second one. Set before anything is read, it also
        # spares the shared-memory file.
        db.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (tables,) = db.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
        if tables and application != _APPLICATION_ID:
            raise foreign(self._path)
        if version > _FORMAT:
            raise newer(self._path, version)
        for setting in _SETTINGS:
            db.execute(setting).fetchall()
        with self._transaction():
            if not tables:
                for statement in _SCHEMA:
                    db.execute(statement)

    def _recover(self, db: sqlite3.Connection) -> None:
        (self.oldest,) = db.execute("SELECT oldest FROM meta").fetchone()
        (newest,) = db.execute("SELECT MAX(revision) FROM log").fetchone()
        # The newest row may have been a deletion that is forgotten: its revision is not reused.
        self.revision = max(self.oldest, newest or 0)
        self._history = History(*self._limits)
        self._history.extend(Superseded(*row) for row in db.execute(_SUPERSEDED))
        self._live = {key: _Row(revision, size) for key, revision, size in db.execute(_LIVE)}

    def _rows(self, sql: str, parameters: Iterable[object] = ()) -> list[Any]:
        try:
            return self._connection().execute(sql, tuple(parameters)).fetchall()
        except sqlite3.Error as error:
            raise explain(error, self._path) from error

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise StoreError("the store is not open")
        return self._db

    def _transaction(self) -> _Transaction:
        return _Transaction(self._connection(), self._path)


class _Transaction:
    """All or nothing; sqlite3's errors become StoreErrors."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise explain(error, self._path) from error
        return self._db

    def __exit__(self, kind: object, raised: BaseException | None, trace: object) -> None:
        try:
            if raised is None:
                self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raised = error
            raise explain(error, self._path) from error
        finally:
            # SQLite itself rolls back on some errors (a full disk), not on all.
            if raised is not None and self._db.in_transaction:
                self._db.execute("ROLLBACK")
        if isinstance(raised, sqlite3.Error):
            raise explain(raised, self._path) from raised


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
