"""How a daemon uses memory: what only its start needed is given back, garbage is not hunted."""

from __future__ import annotations

import ctypes
import gc

SETTLED = 3.0
"""Seconds after its start when a daemon has made what it keeps."""

YOUNG = 10_000
"""New objects before the collector looks for cycles. Large documents are many objects and hardly
any garbage: Python's own 700 make reading them several times slower."""


def collect_rarely() -> None:
    """Look for garbage less often than Python does by itself."""
    gc.set_threshold(YOUNG)


def give_back() -> None:
    """Free garbage, exempt what is left from later collections, return free pages to the system.

    Takes some 20 ms, once.
    """
    gc.collect()
    gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # glibc alone has it
        trim(0)
