"""Owns reading the daemons' logs: records of several files in the order of time, then what follows.

A record is a line that begins with a time, and the lines after it that do not (a traceback).
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

from minikube8s.kit.inotify import Inotify

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_LEVEL = re.compile(rf"\S+ ({'|'.join(LEVELS)}) ")


class Record(NamedTuple):
    """`stamp` is the time as it is written, which sorts; empty for words without one."""

    stamp: str
    text: str


class Wanted(NamedTuple):
    """Which records are shown. `tail`: only so many of the last, -1 for all."""

    since: datetime | None = None
    level: str = LEVELS[0]
    tail: int = -1

    def has(self, record: Record) -> bool:
        """Whether a record is late and grave enough; words without a level always are."""
        if self.since and record.stamp < self.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"):
            return False
        level = _LEVEL.match(record.text)
        return level is None or LEVELS.index(level[1]) >= LEVELS.index(self.level)


def records(lines: Iterable[str]) -> Iterator[Record]:
    """Put lines together to records."""
    stamp, held = "", ""
    for line in lines:
        if _STAMP.match(line):
            if held:
                yield Record(stamp, held)
            stamp, held = line[:24], line
        else:
            held += line
    if held:
        yield Record(stamp, held)


def past(logs: Sequence[Path], wanted: Wanted) -> Iterable[Record]:
    """What stands in the files, the one that was put aside first. Raises OSError."""
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(contextlib.closing(_Log(log))) for log in logs]
        yield from _chosen(files, wanted)


async def follow(logs: Sequence[Path], wanted: Wanted, show: Callable[[Record], None]) -> None:
    """Show what was written, then what is written from now on, until cancelled. Raises OSError."""
    changed = asyncio.Event()
    news = Inotify()
    with contextlib.ExitStack() as stack:
        for folder in {log.parent for log in logs}:
            stack.enter_context(news.watching(folder, changed.set))
        files = [stack.enter_context(contextlib.closing(_Log(log))) for log in logs]
        for record in _chosen(files, wanted):
            show(record)
        while True:
            await changed.wait()
            changed.clear()
            fresh = [record for file in files for record in records(file.news())]
            for record in sorted(fresh, key=lambda one: one.stamp):
                if wanted.has(record):
                    show(record)


def _chosen(files: Sequence[_Log], wanted: Wanted) -> Iterable[Record]:
    merged = heapq.merge(*(records(file.past()) for file in files), key=lambda one: one.stamp)
    chosen = (record for record in merged if wanted.has(record))
    return chosen if wanted.tail < 0 else deque(chosen, maxlen=wanted.tail)


def last_words(log: Path) -> str:
    """The last line of a log, empty where there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip() if lines else ""


def is_harmless(line: str) -> bool:
    """Whether a line says that nothing went wrong."""
    level = _LEVEL.match(line)
    return level is not None and level[1] in LEVELS[:2]


class _Log:
    """A log that may be written, and put aside as `FILE.1`, while it is read."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._file: BinaryIO | None = None
        self._rest = b""
        self._open()

    def past(self) -> Iterator[str]:
        """The lines of the file that was put aside, and of this one as far as it goes."""
        aside = self._log.with_name(f"{self._log.name}.1")
        with contextlib.suppress(FileNotFoundError), aside.open("rb") as older:
            own = self._file is not None and os.path.sameopenfile(
                older.fileno(), self._file.fileno()
            )
            for line in () if own else older:
                yield line.decode(errors="replace")
        yield from self._lines()

    def news(self) -> Iterator[str]:
        """The whole lines that have come since."""
        yield from self._lines()
        try:
            here = self._log.stat()
        except OSError:
            return
        if self._file is None or not os.path.samestat(os.fstat(self._file.fileno()), here):
            # what was written until it was put aside
            yield from self._lines()
            self.close()
            self._rest = b""
            self._open()
            yield from self._lines()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

    def _open(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._file = self._log.open("rb")

    def _lines(self) -> Iterator[str]:
        if self._file is None:
            return
        for line in self._file:
            if not line.endswith(b"\n"):
                self._rest += line
                return
            yield (self._rest + line).decode(errors="replace")
            self._rest = b""
