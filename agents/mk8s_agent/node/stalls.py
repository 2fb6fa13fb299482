"""Hearing at once that memory runs short: the kernel tells when processes begin to wait for it.

Between two looks at the node memory can be used up; then processes stall while the kernel takes
pages back from others. A pressure stall trigger wakes who sleeps. Kernels without one (and
containers that may not set one) leave it at the looks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import select
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger(__name__)

PRESSURE = Path("/proc/pressure/memory")
_TRIGGER = b"some 150000 2000000\0"
"""Somebody waited 150 ms of two seconds, in microseconds; shorter times are for the privileged."""


@contextlib.contextmanager
def told_to(stalled: asyncio.Event, file: Path = PRESSURE) -> Iterator[None]:
    """Set the event whenever processes stall for memory."""
    with contextlib.ExitStack() as stack:
        try:
            trigger = os.open(file, os.O_RDWR | os.O_NONBLOCK)
            stack.callback(os.close, trigger)
            os.write(trigger, _TRIGGER)
            # The event loop does not wait for priority events, but it can wait for who does.
            waiting = stack.enter_context(select.epoll(1))
            waiting.register(trigger, select.EPOLLPRI)
        except OSError as error:
            log.debug("the kernel does not tell of memory stalls: %s", error)
        else:
            loop = asyncio.get_running_loop()

            def heard() -> None:
                waiting.poll(0)
                stalled.set()

            loop.add_reader(waiting.fileno(), heard)
            stack.callback(loop.remove_reader, waiting.fileno())
        yield
