"""Owns the answer to "is that daemon running?": a file locked for as long as its process lives.

The lock, not the number in the file, is the truth: the kernel drops it when the process ends,
however it ends, so a stale file can never be taken for a living daemon. Who starts a daemon takes
the lock and hands it over, so that a daemon which is only just starting counts as running.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

DESCRIPTOR = "MK8S_PID_FD"
"""The environment variable by which a starter tells the daemon which descriptor has the lock."""
_NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_LOOKS, _LOOK_SECONDS = 100, 0.01


class AlreadyRunning(Exception):
    """Another process holds the file; ``pid`` is its process id (0 when it cannot be read)."""

    def __init__(self, path: Path, pid: int) -> None:
        super().__init__(f"{path} is held by process {pid}, which is still running.")
        self.pid = pid


@dataclass(frozen=True, slots=True)
class Holder:
    """The living process behind a pid file: its id and when it took the file (Unix seconds)."""

    pid: int
    since: float


class PidFile:
    """A pid file at ``path``; :meth:`acquire` keeps it until the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    def acquire(self) -> None:
        """Take the file for this process, from its starter where that has taken it.

        Raises AlreadyRunning when another process holds it.
        """
        descriptor = self._handed_over()
        self._descriptor = self.lock() if descriptor < 0 else descriptor
        self.record(os.getpid(), self._descriptor)

    def lock(self) -> int:
        """The descriptor that has the lock; a child that gets it keeps it after we close ours.

        Raises AlreadyRunning when another process holds it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        for _ in range(_LOOKS):
            if _has(descriptor, fcntl.LOCK_EX):
                return descriptor
            if not _has(descriptor, fcntl.LOCK_SH):
                break
            # somebody only looks (see `holder`), which takes no time
            time.sleep(_LOOK_SECONDS)
        pid = _number(os.pread(descriptor, 32, 0))
        os.close(descriptor)
        raise AlreadyRunning(self.path, pid)

    @staticmethod
    def record(pid: int, descriptor: int) -> None:
        """Write down whose the lock is."""
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{pid}\n".encode(), 0)

    def _handed_over(self) -> int:
        """The descriptor that the starter gave us, -1 when it gave none for this file."""
        number = os.environ.pop(DESCRIPTOR, "")
        if not number.isdigit():
            return -1
        descriptor = int(number)
        try:
            if not os.path.samestat(os.fstat(descriptor), self.path.stat()):
                return -1
        except OSError:
            return -1
        os.set_inheritable(descriptor, False)
        return descriptor

    def release(self) -> None:
        """Give the file back; harmless when it is not held."""
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = -1

    def holder(self) -> Holder | None:
        """The process that holds the file now, or None."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in _NO_FILE:
                return None
            raise
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _number(os.pread(descriptor, 32, 0))
            return Holder(pid, os.fstat(descriptor).st_mtime) if pid else None
        else:
            return None
        finally:
            os.close(descriptor)


def _has(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _number(text: bytes) -> int:
    word = text.strip()
    return int(word) if word.isdigit() else 0
