"""Validation of cron schedules, with the complaints of the parser that Kubernetes uses.

Five fields (minute, hour, day of month, month, day of week) of numbers, names, ranges, steps and
lists; or one of the `@` words.
"""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WORDS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_DURATION = re.compile(r"([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+")
_NO_NAMES: dict[str, int] = {}
_FIELDS = (
    (0, 59, _NO_NAMES),
    (0, 23, _NO_NAMES),
    (1, 31, _NO_NAMES),
    (1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    (0, 6, {name: number for number, name in enumerate(_DAYS)}),
)
"""Lowest, highest, names: of each field in its order."""


class _Wrong(ValueError):
    """A schedule that cannot be understood."""


def problems(schedule: str) -> list[str]:
    """Return what is wrong with a schedule; empty means valid."""
    if not schedule.strip():
        return ["empty spec string"]
    try:
        if schedule.startswith("@"):
            _word(schedule)
        else:
            _fields(schedule)
    except _Wrong as error:
        return [str(error)]
    return []


def _word(schedule: str) -> None:
    if schedule in _WORDS:
        return
    if not schedule.startswith("@every "):
        raise _Wrong(f"unrecognized descriptor: {schedule}")
    duration = schedule.removeprefix("@every ")
    if not _DURATION.fullmatch(duration):
        raise _Wrong(f'failed to parse duration {schedule}: time: invalid duration "{duration}"')


def _fields(schedule: str) -> None:
    parts = schedule.split()
    if len(parts) != len(_FIELDS):
        raise _Wrong(f"expected exactly 5 fields, found {len(parts)}: [{' '.join(parts)}]")
    for text, bounds in zip(parts, _FIELDS, strict=True):
        for expression in text.split(","):
            _range(expression, *bounds)


def _range(expression: str, lowest: int, highest: int, known: dict[str, int]) -> None:
    range_, *steps = expression.split("/")
    if len(steps) > 1:
        raise _Wrong(f"too many slashes: {expression}")
    ends = range_.split("-")
    if len(ends) > 2:
        raise _Wrong(f"too many hyphens: {expression}")
    if range_ in ("*", "?"):
        start, end = lowest, highest
    else:
        start = _number(ends[0], known)
        # `5/15` means from 5 on, every 15.
        end = _number(ends[1], known) if len(ends) == 2 else highest if steps else start
    if steps and _number(steps[0], {}) == 0:
        raise _Wrong(f"step of range should be a positive number: {expression}")
    if start < lowest:
        raise _Wrong(f"beginning of range ({start}) below minimum ({lowest}): {expression}")
    if end > highest:
        raise _Wrong(f"end of range ({end}) above maximum ({highest}): {expression}")
    if start > end:
        raise _Wrong(f"beginning of range ({start}) beyond end of range ({end}): {expression}")


def _number(text: str, known: dict[str, int]) -> int:
    number = known.get(text.lower())
    if number is not None:
        return number
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise _Wrong(
            f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax'
        )
    return int(text)
