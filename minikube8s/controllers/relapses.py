"""How soon a pod that failed is replaced: later and later where one fails after the other.

Owns what is remembered of failures, by place (an ordinal, a node). It is forgotten by a restart of
the master, and when nothing has failed at a place for twice the longest pause.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST = timedelta(seconds=1)
"""The pause before the second pod in a row is replaced; the first is at once. It doubles."""
LONGEST = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class _Failure:
    """The last failure at a place: whose, when it may be replaced, the pause after that."""

    uid: str
    due: datetime
    pause: timedelta


class Relapses:
    """The failures of all places."""

    def __init__(self) -> None:
        self._failures: dict[Hashable, _Failure] = {}

    def __len__(self) -> int:
        """Number of places that are remembered."""
        return len(self._failures)

    def due(self, place: Hashable, uid: str, now: datetime) -> datetime:
        """Return from when on the failed pod `uid` may be replaced; asked again it is the same."""
        last = self._failures.get(place)
        if last is None or _is_over(last, now):
            self._forget(now)
            last = _Failure(uid, now, FIRST)
        elif last.uid != uid:
            last = _Failure(uid, max(now, last.due + last.pause), min(last.pause * 2, LONGEST))
        self._failures[place] = last
        return last.due

    def _forget(self, now: datetime) -> None:
        for place in [one for one, last in self._failures.items() if _is_over(last, now)]:
            del self._failures[place]


def _is_over(last: _Failure, now: datetime) -> bool:
    # One that is due later than the longest pause from now is of a clock that was set back since.
    return not -LONGEST <= now - last.due <= 2 * LONGEST
