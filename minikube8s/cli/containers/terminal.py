"""Owns the user's terminal while a remote process has it: raw mode, its size, its input."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator

from minikube8s.cli import endings

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
    with endings.raised():
        try:
            # what was typed ahead is kept: it is meant for the process
            tty.setraw(0, termios.TCSADRAIN)
            yield
        finally:
            termios.tcsetattr(0, termios.TCSADRAIN, before)


def usable(*, stdin: bool, tty: bool, quiet: bool = False) -> bool:
    """Whether a process gets the terminal that ``tty`` asks for; says so where it cannot.

    As with kubectl, only whoever types into it gives it one.
    """
    if not (stdin and tty):
        return False
    if sys.stdin.isatty():
        return True
    if not quiet:
        text = "Unable to use a TTY - input is not a terminal or the right kind of file"
        print(text, file=sys.stderr, flush=True)
    return False


def size() -> tuple[int, int]:
    """Columns and lines of the terminal on standard output."""
    shape = os.get_terminal_size(1) if os.isatty(1) else os.terminal_size((80, 24))
    return shape.columns or 80, shape.lines or 24


def on_resize(tell: Callable[[], object]) -> None:
    """Call `tell` whenever the terminal gets another size."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, tell)


async def keys(descriptor: int = 0) -> AsyncIterator[bytes]:
    """Standard input (or another file) as it comes, to its end, whatever kind of file it is.

    What is typed after the last block that was asked for is left to whoever reads next.
    """
    loop = asyncio.get_running_loop()
    asked = threading.Semaphore(0)
    blocks: asyncio.Queue[bytes] = asyncio.Queue()
    over, closing = os.pipe()

    def read() -> None:
        # A thread of its own: an event loop cannot wait for a plain file, and a thread that waits
        # for a key must not keep the program from ending.
        data = b"-"
        while data:
            asked.acquire()
            data = _block(descriptor, over)
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(blocks.put_nowait, data)
        os.close(over)

    threading.Thread(target=read, daemon=True).start()
    try:
        while True:
            asked.release()
            data = await blocks.get()
            if not data:
                return
            yield data
    finally:
        os.close(closing)
        asked.release()


def _block(descriptor: int, over: int) -> bytes:
    """What can be read next; nothing at the end, or when the other end of ``over`` is closed."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    waiting.register(over, select.POLLIN)
    ready = dict(waiting.poll())
    if over in ready:
        return b""
    try:
        return os.read(descriptor, _BLOCK)
    except OSError:
        return b""
