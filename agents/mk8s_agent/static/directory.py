"""A directory whose changes are heard of: inotify, the one of this agent.

Owns the descriptor. Python has no inotify of its own; three calls of the C library are all of it.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
from pathlib import Path

from mk8s_agent.static.manifests import LARGEST

_CLOSE_WRITE, _MOVED_FROM, _MOVED_TO = 0x8, 0x40, 0x80
_DELETE, _DELETE_SELF, _MOVE_SELF = 0x200, 0x400, 0x800
_CHANGES = _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _DELETE | _DELETE_SELF | _MOVE_SELF
_EVENTS_BYTES = 65536


class Directory:
    """The files of one directory; dot files and what is in directories below do not count."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, bytes | OSError]:
        """What is in the files by name, or why one cannot be read; all raise OSError.

        Of a file that is too large comes one byte more than is allowed.
        """
        files: dict[str, bytes | OSError] = {}
        for entry in sorted(self.path.iterdir()):
            if entry.name.startswith("."):
                continue
            try:
                if not entry.is_file():
                    continue
                with entry.open("rb") as file:
                    files[entry.name] = file.read(LARGEST + 1)
            except FileNotFoundError:
                continue  # it has just been removed
            except OSError as error:
                files[entry.name] = error
        return files

    async def watch(self, changed: asyncio.Event) -> None:
        """Set `changed` whenever something is different, until the directory is gone.

        Raises OSError when the kernel does not tell.
        """
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify cannot be used")
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def hear() -> None:
            os.read(descriptor, _EVENTS_BYTES)
            news.set()

        try:
            if libc.inotify_add_watch(descriptor, os.fsencode(self.path), _CHANGES) < 0:
                raise OSError(ctypes.get_errno(), "cannot be watched", str(self.path))
            loop.add_reader(descriptor, hear)
            # What happened before the watch was there has made no event.
            changed.set()
            while self.path.is_dir():
                await news.wait()
                news.clear()
                changed.set()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
