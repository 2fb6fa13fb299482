"""Owns how a call is told to end: what it has to take back, it takes back whoever says so."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as an exception, as Ctrl-C does."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handled(end, signal.SIGTERM, signal.SIGHUP):
        yield


@contextlib.contextmanager
def ignored() -> Iterator[None]:
    """Nothing interrupts the block; it has to have a deadline."""
    with _handled(signal.SIG_IGN, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        yield


@contextlib.contextmanager
def _handled(
    handler: Callable[[int, FrameType | None], Any] | signal.Handlers, *numbers: signal.Signals
) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
