"""The files of a container's log, read from where Docker's json-file driver writes them.

Owns rotation: the engine renames the file that is full and begins another. Engines up to version 22
lose and repeat lines when they follow a log themselves across that; here every file is kept open
from its first moment until it is read, so that a reader may fall behind by some files.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any

from minikube8s.kit.inotify import Inotify
from mk8s_agent.runtime.log_lines import LinesFromEnd, Shown
from mk8s_agent.runtime.vocabulary import LogChunk, LogOptions

log = logging.getLogger(__name__)

FILES_OPEN = 8
"""How many files a reader that is slow may be behind; then it misses the oldest of them."""
_BLOCK = 64 * 1024


class LogDirectories:
    """Opens logs of containers on this machine."""

    def __init__(self) -> None:
        self._inotify = Inotify()

    @contextmanager
    def open(self, path: Path, *, follow: bool) -> Iterator[OpenLog]:
        """The log at `path`, to be read once. Raises OSError when it cannot be read."""
        files = OpenLog(path)
        with ExitStack() as stack:
            stack.callback(files.close)
            if follow:
                stack.enter_context(self._inotify.watching(path.parent, files.look))
            files.open_all()
            yield files


class OpenLog:
    """The files of one log that are not read yet, oldest first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.open: deque[FileIO] = deque()
        self._changed = asyncio.Event()

    async def read(
        self, options: LogOptions, ended: Callable[[], Awaitable[None]]
    ) -> AsyncGenerator[LogChunk, None]:
        """The output so far; with `follow` what comes until `ended` returns.

        Raises what `ended` raises, after all that is there.
        """
        shown = Shown(options)
        ending = asyncio.ensure_future(ended()) if options.follow else None
        try:
            if options.tail is not None:
                await self._seek(options.tail)
            while True:
                # Looked at before reading: what was written before the end is there to be read.
                is_last = ending is None or ending.done()
                self._changed.clear()
                if is_last and ending is not None:
                    self.look()
                while block := self._next():
                    for chunk in shown.feed(block):
                        yield chunk
                    await asyncio.sleep(0)
                if ending is None:
                    return
                if is_last:
                    ending.result()
                    return
                await self._change_or(ending)
        finally:
            if ending is not None:
                ending.cancel()

    def close(self) -> None:
        """Let go of the files."""
        while self.open:
            self.open.popleft().close()

    def open_all(self) -> None:
        """Open what there is. Raises OSError when the newest file cannot be opened."""
        while True:
            newest = FileIO(self._path)
            older = [file for file in map(_opened, _rotated(self._path)) if file is not None]
            if not any(_same(file, newest) for file in older):
                break
            # The engine has rotated between the two looks.
            for file in (newest, *older):
                file.close()
        self.open.extend((*reversed(older), newest))

    def _next(self) -> bytes:
        """The next bytes; empty when all is read that is there."""
        while self.open:
            if block := self.open[0].read(_BLOCK):
                return block
            if len(self.open) == 1:
                break
            # There is a newer file: nothing more is written to this one.
            self.open.popleft().close()
        return b""

    def look(self) -> None:
        """Something changed in the directory: open files that are new."""
        self._changed.set()
        if not self.open:
            return
        newest = self.open[-1]
        with suppress(OSError):
            if _number(self._path) == _number(newest):
                return
        fresh: list[FileIO] = []
        for path in (self._path, *_rotated(self._path)):
            file = _opened(path)
            if file is None:
                continue
            if _same(file, newest):
                file.close()
                break
            if fresh and _same(file, fresh[-1]):
                file.close()
            else:
                fresh.append(file)
        self.open.extend(reversed(fresh))
        while len(self.open) > FILES_OPEN:
            log.warning("a reader of %s is too slow: it misses a part", self._path)
            self.open[1].close()
            del self.open[1]

    async def _change_or(self, ending: asyncio.Future[None]) -> None:
        """Wait for news of the files, or for the container's end."""
        changing: asyncio.Future[Any] = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait((changing, ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            changing.cancel()

    async def _seek(self, lines: int) -> None:
        """Leave only the last `lines` lines to be read."""
        counter = LinesFromEnd(lines)
        for file in reversed(tuple(self.open)):
            async for behind, raw in _backwards(file):
                if counter.is_enough(raw):
                    while self.open[0] is not file:
                        self.open.popleft().close()
                    file.seek(behind)
                    return
            file.seek(0)


async def _backwards(file: FileIO) -> AsyncIterator[tuple[int, bytes]]:
    """The entries of a file, the last one first, each with the place right behind it."""
    at = file.seek(0, os.SEEK_END)
    rest = b""
    while at:
        size = min(at, _BLOCK)
        at -= size
        file.seek(at)
        data = file.read(size) + rest
        first, *entries = data.split(b"\n")
        if not entries:
            rest = first
            continue
        # Behind the last line feed there is nothing, or an entry that is being written.
        behind = at + len(data) - len(entries.pop())
        for raw in reversed(entries):
            yield behind, raw
            behind -= len(raw) + 1
        if at == 0:
            yield behind, first
        rest = first + b"\n"
        await asyncio.sleep(0)


def _rotated(path: Path) -> Iterator[Path]:
    """Where the engine puts files that are full, the newest first."""
    number = 1
    while (older := path.with_name(f"{path.name}.{number}")).exists():
        yield older
        number += 1


def _opened(path: Path) -> FileIO | None:
    try:
        return FileIO(path)
    except FileNotFoundError:
        return None


def _number(file: FileIO | Path) -> int:
    return (file.stat() if isinstance(file, Path) else os.fstat(file.fileno())).st_ino


def _same(one: FileIO, other: FileIO) -> bool:
    return _number(one) == _number(other)
