"""Long work on large data beside the event loop, so that it delays no other request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LARGE = 64 * 1024
"""Bytes from which on work is worth the way to a thread: a millisecond's decoding or more."""


async def beside(size: int, work: Callable[[], T]) -> T:
    """Return what `work` returns, in a thread when it has to do with many bytes. Pure work only."""
    return work() if size < LARGE else await asyncio.to_thread(work)
