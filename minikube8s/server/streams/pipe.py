"""A bounded pipe of bytes between two tasks of one event loop."""

from __future__ import annotations

import asyncio
from collections import deque


class Pipe:
    """One task puts, one takes. Holds about `limit` bytes: then who puts waits."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._discarding = False
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()

    async def put(self, data: bytes) -> bool:
        """Add bytes, when there is room. False: they were dropped, because nobody takes any."""
        while self._size >= self._limit and not self._discarding:
            self._emptied.clear()
            await self._emptied.wait()
        if self._discarding:
            return False
        self._pieces.append(data)
        self._size += len(data)
        self._filled.set()
        return True

    async def take(self) -> bytes:
        """Return the next bytes, as they were put; b"" at the end."""
        while not self._pieces and not self._ended:
            self._filled.clear()
            await self._filled.wait()
        if not self._pieces:
            return b""
        data = self._pieces.popleft()
        self._size -= len(data)
        self._emptied.set()
        return data

    def end(self) -> None:
        """Say that nothing more comes; what is in the pipe can still be taken."""
        self._ended = True
        self._filled.set()

    def discard(self) -> None:
        """Say that nothing more will be taken: what comes from now on is dropped."""
        self._discarding = True
        self._pieces.clear()
        self._size = 0
        self._emptied.set()
        self.end()
