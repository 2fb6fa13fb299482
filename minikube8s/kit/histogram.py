"""A count of measurements by size: what a latency is told with.

Knows nothing of what is measured. Cheap enough for every request; one thread at a time writes, and
a reader in another thread sees a state that is at most one measurement old.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


class Histogram:
    """How many measurements lie up to each of the bounds, and their sum."""

    __slots__ = ("_counts", "bounds", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        """`bounds`: the upper, inclusive ends of the buckets, ascending; above them lies one."""
        self.bounds = bounds
        self.sum = 0.0
        self._counts = [0] * (len(bounds) + 1)

    def observe(self, value: float) -> None:
        """Count one measurement."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        """The number of measurements."""
        return sum(self._counts)

    def cumulative(self) -> list[int]:
        """Return how many measurements are at most each bound, and last how many there are."""
        total = 0
        return [total := total + count for count in self._counts]
