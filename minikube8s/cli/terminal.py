"""Owns the user's terminal while a remote process has it: raw mode, its size, its input."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator

_BLOCK = 32 * 1024


@contextlib.contextmanager
def raw(*, wanted: bool) -> Iterator[None]:
    """Hand every key to the remote process, for the length of the block."""
    if not wanted or not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    before = termios.tcgetattr(0)
    try:
        tty.setraw(0)
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def size() -> tuple[int, int]:
    """Columns and lines of the terminal on standard output."""
    shape = os.get_terminal_size(1) if os.isatty(1) else os.terminal_size((80, 24))
    return shape.columns, shape.lines


def on_resize(tell: Callable[[], object]) -> None:
    """Call `tell` whenever the terminal gets another size."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, tell)


async def keys() -> AsyncIterator[bytes]:
    """Standard input as it comes, to its end, whatever kind of file it is."""
    loop = asyncio.get_running_loop()
    asked = threading.Semaphore(0)
    blocks: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        # A thread of its own: an event loop cannot wait for a plain file, and a thread that waits
        # for a key must not keep the program from ending.
        data = b"-"
        while data:
            asked.acquire()
            try:
                data = os.read(0, _BLOCK)
            except OSError:
                data = b""
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(blocks.put_nowait, data)

    threading.Thread(target=read, daemon=True).start()
    while True:
        asked.release()
        data = await blocks.get()
        if not data:
            return
        yield data
