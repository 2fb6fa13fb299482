"""Owns ending a process of which only the number is known, and never another that got it since."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable

_KILLED_SECONDS = 5.0


class HangsError(Exception):
    """A process that was killed has not ended: it waits in the kernel."""


def end(pid: int, is_meant: Callable[[], bool], seconds: float) -> bool:
    """Ask a process to end, kill it when it does not in time. False when it was gone before.

    `is_meant` is asked while the number cannot go to another process. Raises HangsError.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if not is_meant():
            return False
        for wanted, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, _KILLED_SECONDS)):
            signal.pidfd_send_signal(descriptor, wanted)
            if select.select([descriptor], [], [], patience)[0]:
                return True
    except ProcessLookupError:
        return True
    finally:
        os.close(descriptor)
    raise HangsError
