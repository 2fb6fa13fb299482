"""Waiting for a condition with a deadline, the only way in which a test waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(
    what: str, condition: Callable[[], T], seconds: float = 60.0, pause_most: float = 0.2
) -> T:
    """Return the first truthy answer of ``condition``; fail after ``seconds`` naming ``what``.

    An exception of ``condition`` counts as "not yet" and is shown when time runs out.
    """
    deadline = time.monotonic() + seconds
    pause = 0.01
    last: object = None
    while True:
        try:
            answer = condition()
            if answer:
                return answer
            last = answer
        except (AssertionError, OSError, ValueError, KeyError, IndexError) as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}; last seen: {last!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, pause_most)
