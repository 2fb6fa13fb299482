"""What went wrong on disk, as sentences that say what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from minikube8s.store.interface import StoreDamaged, StoreError, StoreFull, StoreLocked

_PRIMARY = 0xFF
"""SQLite's extended error codes carry the primary one in their lowest byte."""


def explain(error: sqlite3.Error, path: Path) -> StoreError:
    """Return `error`, met while using the state file `path`, as the StoreError to raise."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreLocked(
                f"the state file {path} is in use by another process, probably another master of"
                " the same cluster; stop that one first"
            )
        case sqlite3.SQLITE_FULL:
            return StoreFull(
                f"the disk that holds the state file {path} is full and the write was not made;"
                " free some space there and try again"
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreDamaged(
                f"the state file {path} is damaged ({error}); put back a copy of it, or move it"
                " away to start with an empty cluster"
            )
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_READONLY:
            return StoreError(
                f"the state file {path} cannot be opened for writing ({error}); check that its"
                " directory exists and belongs to the user who runs the master"
            )
        case _:
            return StoreError(
                f"the state file {path} cannot be used ({error}); check the disk and the kernel's"
                " log"
            )


def foreign(path: Path) -> StoreDamaged:
    """Return the error for an SQLite file that another program made."""
    return StoreDamaged(
        f"{path} is an SQLite file, but not one of mk8s; choose another state directory"
    )


def newer(path: Path, version: int) -> StoreError:
    """Return the error for a state file of a format that this version does not know."""
    return StoreError(
        f"the state file {path} has format {version}, written by a newer mk8s; run that version"
    )
