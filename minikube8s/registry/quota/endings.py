"""When things end by themselves: the first at hand, whatever their number. Pure."""

from __future__ import annotations

from datetime import datetime
from heapq import heapify, heappop, heappush

SLACK = 64
"""So many places may be of keys that have changed or gone, besides as many as there are keys."""


class Endings:
    """The time of each key, and which is next."""

    def __init__(self) -> None:
        self._times: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, str]] = []

    def put(self, key: str, end: datetime | None) -> None:
        """Have the key end at that time; None: it does not end by itself."""
        if self._times.get(key) == end:
            return
        if end is None:
            del self._times[key]
        else:
            self._times[key] = end
            heappush(self._heap, (end, key))
        if len(self._heap) > 2 * len(self._times) + SLACK:
            self._heap = [(at, one) for one, at in self._times.items()]
            heapify(self._heap)

    def first(self) -> tuple[datetime, str] | None:
        """Return what ends next, and when."""
        while self._heap and self._times.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0] if self._heap else None
