"""A pipe between a thread that makes or reads an archive and the talk that carries it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import BinaryIO


class Pipe:
    """A pipe whose ends are closed once each."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self._open = {self.reading, self.writing}

    def __enter__(self) -> Pipe:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_reading()
        self.close_writing()

    def close_reading(self) -> None:
        """Close the end that is read from, once."""
        self._close(self.reading)

    def close_writing(self) -> None:
        """Close the end that is written to, once."""
        self._close(self.writing)

    def write_with(self, work: Callable[[BinaryIO], None]) -> None:
        """Have ``work`` write, and close that end."""
        try:
            with os.fdopen(self.writing, "wb", closefd=False) as out:
                work(out)
        finally:
            self.close_writing()

    def read_with(self, work: Callable[[BinaryIO], None]) -> None:
        """Have ``work`` read, read what it leaves, and close that end."""
        try:
            with os.fdopen(self.reading, "rb", closefd=False) as archive:
                work(archive)
                # the padding after the end, or tar would fail to write it
                while archive.read(1 << 16):
                    pass
        finally:
            self.close_reading()

    def _close(self, end: int) -> None:
        if end in self._open:
            self._open.remove(end)
            os.close(end)


class Worker:
    """Work in a thread, whose failure is raised by who waits for it."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._error: BaseException | None = None

        def run() -> None:
            try:
                work()
            except BaseException as error:
                self._error = error

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the end of the work."""
        self._thread.join()

    def finish(self, *, ignore_broken_pipe: bool = False) -> None:
        """Wait, and raise what went wrong."""
        self.join()
        error = self._error
        if error is None or (ignore_broken_pipe and isinstance(error, BrokenPipeError)):
            return
        raise error


class Counted:
    """A file to write to that tells how many bytes went by."""

    def __init__(self, out: BinaryIO, tell: Callable[[int], None]) -> None:
        self._out = out
        self._tell = tell
        self._count = 0

    def write(self, data: bytes) -> int:
        """Write ``data``, and count it."""
        self._count += len(data)
        self._tell(self._count)
        return self._out.write(data)
