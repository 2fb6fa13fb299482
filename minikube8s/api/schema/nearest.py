"""The known name that somebody probably meant: edit distance, nothing else."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 64


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name closest to `word`, or "" when none is close enough to be worth saying.

    Close means at most one edit in three letters and never more than three; case does not count.
    """
    if len(word) > _LONGEST:
        return ""
    best, limit = "", min(3, len(word) // 3) + 1
    for candidate in sorted(known):
        if abs(len(candidate) - len(word)) < limit:
            distance = _distance(word.lower(), candidate.lower(), limit)
            if distance < limit:
                best, limit = candidate, distance
    return best


def _distance(left: str, right: str, limit: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbours; gives up at `limit`."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        current = [i]
        for j, b in enumerate(right, 1):
            cost = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) >= limit:
            return limit
        before, row = row, current
    return row[-1]
