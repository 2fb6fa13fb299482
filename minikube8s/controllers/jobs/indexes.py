"""Sets of indexes as a job's status has them: `0,3-5`. Pure.

Kept as ranges, so that a hundred thousand indexes done in order are one range.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import chain

_MOST_DIGITS = 10


def number(text: str) -> int | None:
    """Return the number that a text is; None when it is none, or none that a job can have."""
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None


class Indexes:
    """An immutable set of numbers, as ranges in order."""

    __slots__ = ("_ranges", "_starts")

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        """Join the ranges (first, last) that touch or overlap."""
        joined: list[tuple[int, int]] = []
        for first, last in sorted(ranges):
            if joined and first <= joined[-1][1] + 1:
                joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
            else:
                joined.append((first, last))
        self._ranges = joined
        self._starts = [first for first, _ in joined]

    @classmethod
    def parse(cls, text: str, limit: int) -> Indexes:
        """Return the indexes below `limit` of a text; what cannot be read is left out."""
        ranges = []
        for part in text.split(","):
            first, _, last = part.partition("-")
            start, end = number(first), number(last or first)
            if start is not None and end is not None and start < limit:
                ranges.append((start, min(end, limit - 1)))
        return cls(ranges)

    def __contains__(self, index: int) -> bool:
        at = bisect_right(self._starts, index) - 1
        return at >= 0 and index <= self._ranges[at][1]

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self._ranges)

    def __str__(self) -> str:
        return ",".join(_written(first, last) for first, last in self._ranges)

    def __or__(self, others: Indexes) -> Indexes:
        return Indexes(chain(self._ranges, others._ranges))

    def with_these(self, indexes: Iterable[int]) -> Indexes:
        """Return the set with some more."""
        return self | Indexes((index, index) for index in indexes)

    def covers(self, others: Indexes) -> bool:
        """Tell whether all of `others` are in this set."""
        return self.common(others) == len(others)

    def common(self, others: Indexes) -> int:
        """Return how many indexes are in both sets."""
        return len(self) + len(others) - len(self | others)

    def missing(self, limit: int) -> Iterator[int]:
        """Iterate over the indexes below `limit` that are not in the set."""
        at = 0
        for first, last in self._ranges:
            yield from range(at, min(first, limit))
            at = last + 1
        yield from range(at, limit)


def _written(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first},{last}" if last == first + 1 else f"{first}-{last}"
