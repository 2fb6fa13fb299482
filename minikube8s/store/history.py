"""Which stored states are superseded, and which of them it is time to forget. Pure.

A state is *superseded* by the change that replaced or deleted it; a deletion's own last state is
superseded by itself. The states are forgotten in the order in which they were superseded. So
whatever was live at the oldest remembered revision is still there, as is every change after it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple


class Superseded(NamedTuple):
    """A stored state that is no longer live."""

    by: int
    """Revision of the change that superseded it."""
    revision: int
    """Revision that wrote it: its row."""
    size: int
    """Bytes of its value."""


class History:
    """The superseded states, in the order of `by`, within two bounds."""

    def __init__(self, limit: int, limit_bytes: int) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._states: deque[Superseded] = deque()
        self._bytes = 0

    def extend(self, states: Iterable[Superseded]) -> None:
        """Add `states`, sorted by `by` and later than all known ones."""
        for state in states:
            self._states.append(state)
            self._bytes += state.size

    def surplus(self) -> int:
        """Return the revision up to which to forget now (0: nothing to do).

        The bounds may be exceeded by a quarter, so that forgetting is done for many at a time.
        """
        if len(self._states) <= self._limit * 5 // 4 and self._bytes <= self._limit_bytes * 5 // 4:
            return 0
        count, size = len(self._states), self._bytes
        for state in self._states:
            count -= 1
            size -= state.size
            if count <= self._limit and size <= self._limit_bytes:
                return state.by
        raise AssertionError("an empty history exceeds no bound")

    def upto(self, revision: int) -> list[int]:
        """Return the rows of the states superseded at or before `revision`."""
        rows: list[int] = []
        for state in self._states:
            if state.by > revision:
                break
            rows.append(state.revision)
        return rows

    def forget(self, revision: int) -> None:
        """Drop the states that `upto` returned: their rows are deleted."""
        while self._states and self._states[0].by <= revision:
            self._bytes -= self._states.popleft().size
