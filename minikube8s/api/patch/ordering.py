"""In which order the items of a merged list stand.

The rule of strategic merge patches: the patch's own items keep the patch's order, items that only
the object has keep the object's, and the two are interleaved by the object's order where it knows
both. Works on items through a function that names them; knows neither schema nor directives.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

Name = Callable[[Any], Hashable]


def interleaved(
    merged: Sequence[Any], wanted: Sequence[Hashable], before: Sequence[Hashable], name: Name
) -> list[Any]:
    """Put `merged` in order: by `wanted` (names from the patch), the rest by `before`."""
    wanted_at = _positions(wanted)
    before_at = _positions(before)
    ours = [item for item in merged if name(item) in wanted_at]
    theirs = [item for item in merged if name(item) not in wanted_at]
    ours.sort(key=lambda item: wanted_at[name(item)])
    theirs.sort(key=lambda item: before_at.get(name(item), len(before_at)))
    result: list[Any] = []
    waiting = iter(theirs)
    next_one = next(waiting, None)
    for item in ours:
        here = before_at.get(name(item))
        while next_one is not None and here is not None:
            there = before_at.get(name(next_one))
            if there is None or there >= here:
                break
            result.append(next_one)
            next_one = next(waiting, None)
        result.append(item)
    if next_one is not None:
        result += [next_one, *waiting]
    return result


def _positions(names: Sequence[Hashable]) -> dict[Hashable, int]:
    positions: dict[Hashable, int] = {}
    for position, name in enumerate(names):
        positions.setdefault(name, position)
    return positions
