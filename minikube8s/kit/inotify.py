"""News of directories from the kernel: inotify, one instance for all who ask.

Owns the instance and who is told of which directory. What has changed there is the caller's to see:
many changes may be one piece of news.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_MODIFY, _MOVED_TO, _CREATE, _DELETE = 0x002, 0x080, 0x100, 0x200
_MOVED_FROM, _CLOSE_WRITE, _ONLYDIR = 0x040, 0x008, 0x01000000
ANY_CHANGE = _MODIFY | _MOVED_TO | _MOVED_FROM | _CREATE | _DELETE | _CLOSE_WRITE
_HEADER = struct.Struct("iIII")
_DROPPED = -1
"""The watch of the message that says that messages were dropped."""
_BLOCK = 64 * 1024

_libc = ctypes.CDLL(None, use_errno=True)


class Inotify:
    """Watches directories for whoever asks; costs nothing while nobody does."""

    def __init__(self) -> None:
        self._fd = -1
        self._told: dict[int, list[Callable[[], None]]] = {}

    @contextmanager
    def watching(self, directory: Path, changed: Callable[[], None]) -> Iterator[None]:
        """Call `changed` in the event loop whenever something in `directory` has changed.

        Raises OSError when there is no such directory, or the kernel's limits are reached.
        """
        watch = self._watch(directory)
        listeners = self._told.setdefault(watch, [])
        listeners.append(changed)
        try:
            yield
        finally:
            listeners.remove(changed)
            if not listeners:
                self._forget(watch)

    def _watch(self, directory: Path) -> int:
        if self._fd < 0:
            self._fd = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC), directory)
            asyncio.get_running_loop().add_reader(self._fd, self._read)
        try:
            added = _libc.inotify_add_watch(
                self._fd, os.fsencode(directory), ctypes.c_uint32(ANY_CHANGE | _ONLYDIR)
            )
            return _checked(added, directory)
        except OSError:
            self._close_if_idle()
            raise

    def _forget(self, watch: int) -> None:
        del self._told[watch]
        _libc.inotify_rm_watch(self._fd, watch)  # fails harmlessly when the directory is gone
        self._close_if_idle()

    def _close_if_idle(self) -> None:
        if not self._told and self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _read(self) -> None:
        try:
            news = os.read(self._fd, _BLOCK)
        except BlockingIOError:
            return
        watches: set[int] = set()
        at = 0
        while at < len(news):
            watch, _, _, length = _HEADER.unpack_from(news, at)
            at += _HEADER.size + length
            watches.update(self._told if watch == _DROPPED else (watch,))
        for watch in watches:
            for changed in tuple(self._told.get(watch, ())):
                changed()


def _checked(result: int, directory: Path) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(directory))
    return result
