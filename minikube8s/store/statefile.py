"""The SQLite file that a cluster's state is in: its format, its settings, its transactions.

Owns how it is made and opened, by one process at a time, and that every error is a StoreError that
says what to do.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from minikube8s.store.disk import explain, foreign, newer
from minikube8s.store.interface import FIRST_REVISION, StoreError

_APPLICATION_ID = 0x6D6B3873  # "mk8s"
_FORMAT = 1
_LOCK_WAIT = 1.0
"""Seconds to wait for a predecessor that is just exiting."""
_FREE_PAGES = 512
"""Pages (of 4 KiB) that may lie free for reuse."""
_VACUUM_STEP = 512
"""Pages given back at a time: a few milliseconds' work."""

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


class StateFile:
    """One state file, open or not. Every method may raise StoreError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open or create the file; raises StoreLocked while another process has it."""
        try:
            if not self._path.exists():
                self._create()
            self._db = sqlite3.connect(self._path, timeout=_LOCK_WAIT, isolation_level=None)
            self._prepare(self._db)
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

    def rows(self, sql: str, parameters: Iterable[object] = ()) -> list[Any]:
        """Return what a query finds."""
        try:
            return self._connection().execute(sql, tuple(parameters)).fetchall()
        except sqlite3.Error as error:
            raise explain(error, self._path) from error

    def each(self, sql: str) -> Iterator[Any]:
        """Yield what a query finds, row by row."""
        try:
            yield from self._connection().execute(sql)
        except sqlite3.Error as error:
            raise explain(error, self._path) from error

    def transaction(self) -> Transaction:
        """Begin a transaction, which ends with the block."""
        return Transaction(self._connection(), self._path)

    def give_back(self) -> None:
        """Give freed pages back to the file system, where many lie free: one small step."""
        if self.rows("PRAGMA freelist_count")[0][0] <= _FREE_PAGES:
            return
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
        with self.transaction():
            if not tables:
                for statement in _SCHEMA:
                    db.execute(statement)

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise StoreError("the store is not open")
        return self._db


class Transaction:
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
