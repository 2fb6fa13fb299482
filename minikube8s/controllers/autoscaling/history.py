"""What an autoscaler remembers: what it recommended, and what it did. Pure values.

It is the master's memory alone, as in Kubernetes: after a restart it starts with the number of
pods that there is, so that no sooner than a whole window later there are fewer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple


class Moment(NamedTuple):
    """A number of pods, wanted or changed by, at some time."""

    at: datetime
    replicas: int


@dataclass(frozen=True, slots=True)
class History:
    """Recommendations and changes, the oldest first; at most what the windows look back on."""

    recommendations: tuple[Moment, ...] = ()
    ups: tuple[Moment, ...] = ()
    downs: tuple[Moment, ...] = ()
    last_change: datetime | None = None

    def recommended(self, replicas: int, now: datetime, window: int) -> History:
        """Return the history with one recommendation more, those older than `window` s left out."""
        kept = _within(self.recommendations, now, window)
        return replace(self, recommendations=(*kept, Moment(now, replicas)))

    def changed(self, before: int, after: int, at: datetime, period: int) -> History:
        """Return the history with one change more, those older than `period` s left out."""
        ups, downs = _within(self.ups, at, period), _within(self.downs, at, period)
        if after > before:
            ups = (*ups, Moment(at, after - before))
        else:
            downs = (*downs, Moment(at, before - after))
        return replace(self, ups=ups, downs=downs, last_change=at)

    def start_of_period(self, current: int, seconds: int, now: datetime) -> int:
        """Return how many pods there were `seconds` ago, as far as changes are remembered."""
        added = sum(one.replicas for one in _within(self.ups, now, seconds))
        removed = sum(one.replicas for one in _within(self.downs, now, seconds))
        return current - added + removed


NO_HISTORY = History()


def _within(moments: Iterable[Moment], now: datetime, seconds: int) -> tuple[Moment, ...]:
    cutoff = now - timedelta(seconds=seconds)
    return tuple(one for one in moments if one.at > cutoff)
