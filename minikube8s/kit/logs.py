"""What the daemons' log lines look like, and how large their files grow: one format, two files."""

import logging
import os
import stat
import sys
import time
from pathlib import Path

LOG_BYTES = 10 * 1024 * 1024
"""A log file that has grown to this is put aside as `FILE.1`, once."""


class _Formatter(logging.Formatter):
    """`2026-01-31T12:00:00.123Z WARNING master controllers.runner: message`."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self, process: str) -> None:
        super().__init__(f"%(asctime)s %(levelname)s {process} %(subject)s: %(message)s")
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        record.subject = record.name.partition(".")[2] or record.name
        return super().format(record)


class _StandardError(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to standard error; a file that stands behind it is kept within `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(sys.stderr)
        self._limit = limit
        try:
            self._descriptor = sys.stderr.fileno()
        except OSError:
            self._descriptor = -1

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        if self._descriptor >= 0:
            try:
                _rotate(self._descriptor, self._limit)
            except OSError:
                # A log that cannot be put aside goes on growing; it says so itself.
                self.handleError(record)


def configure(name: str, level: str | int = "INFO", limit: int = LOG_BYTES) -> None:
    """Send every log record of this process to standard error, marked with `name`.

    `level` is a name of the logging module in any case, or its number; ValueError if unknown.
    Where standard error is a file it is put aside when it has grown to `limit` bytes; standard
    output follows when it is the same file. Calling it again replaces the earlier configuration.
    """
    handler = _StandardError(limit)
    handler.setFormatter(_Formatter(name.replace("%", "%%")))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper() if isinstance(level, str) else level)


def _rotate(descriptor: int, limit: int) -> None:
    facts = os.fstat(descriptor)
    if facts.st_size < limit or not stat.S_ISREG(facts.st_mode):
        return
    path = Path(f"/proc/self/fd/{descriptor}").readlink()
    path.replace(path.with_name(f"{path.name}.1"))
    fresh = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        for other in (1, 2):
            if os.path.sameopenfile(other, descriptor) and other != descriptor:
                os.dup2(fresh, other)
        os.dup2(fresh, descriptor)
    finally:
        os.close(fresh)
