"""Cron schedules: read as the parser reads them that Kubernetes uses, with its complaints. Pure.

Five fields (minute, hour, day of month, month, day of week) of numbers, names, ranges, steps and
lists; or one of the `@` words. A schedule means all minutes whose local time has these fields: one
that a clock change skips does not occur, one that it repeats occurs twice. As in cron, when both
the day of month and the day of week are restricted, either is enough.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from minikube8s.api.times import parse_duration

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_DURATION = re.compile(r"([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+")
_TOO_LONG = 2**63
"""Nanoseconds: some 292 years."""
_NO_NAMES: dict[str, int] = {}
_FIELDS = (
    (0, 59, _NO_NAMES),
    (0, 23, _NO_NAMES),
    (1, 31, _NO_NAMES),
    (1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    (0, 6, {name: number for number, name in enumerate(_DAYS)}),
)
"""Lowest, highest, names: of each field in its order."""
_YEARS = 5
"""How far ahead a time is looked for; a schedule without one in that time never occurs."""
_MINUTE = timedelta(minutes=1)


class ScheduleError(ValueError):
    """A schedule that cannot be understood; its text says why."""


@dataclass(frozen=True, slots=True)
class Every:
    """`@every DURATION`: counted from any time, in whole seconds."""

    seconds: int

    def next(self, after: datetime, zone: tzinfo) -> datetime | None:
        """Return the time that follows `after`, which is taken for one of the schedule's."""
        return after.replace(microsecond=0) + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Fields:
    """The values that each field may have; of the days, whether they are restricted."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def next(self, after: datetime, zone: tzinfo) -> datetime | None:
        """Return the first time later than `after` on a clock of `zone`; None when there is none.

        `after` is aware; what is returned is in UTC.
        """
        at = after.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
        last = after.year + _YEARS
        while True:
            local = at.astimezone(zone)
            if local.year > last:
                return None
            if local.month not in self.months:
                year, month = divmod(local.year * 12 + local.month, 12)
                at = _later(at, datetime(year, month + 1, 1, tzinfo=zone))
            elif not self._has_day(local):
                midnight = datetime(local.year, local.month, local.day, tzinfo=zone)
                at = _later(at, midnight + timedelta(days=1))
            elif local.hour not in self.hours:
                at += _to_next_hour(at, local, zone)
            elif local.minute not in self.minutes:
                at += _MINUTE
            else:
                return at

    def _has_day(self, local: datetime) -> bool:
        day = local.day in self.days
        weekday = local.isoweekday() % 7 in self.weekdays
        return (day and weekday) if self.any_day or self.any_weekday else (day or weekday)


Schedule = Every | Fields


def parse(schedule: str) -> Schedule:
    """Return what a schedule means. Raises ScheduleError."""
    if not schedule.strip():
        raise ScheduleError("empty spec string")
    if not schedule.startswith("@"):
        return _fields(schedule)
    if schedule in _WORDS:
        return _fields(_WORDS[schedule])
    if not schedule.startswith("@every "):
        raise ScheduleError(f"unrecognized descriptor: {schedule}")
    duration = schedule.removeprefix("@every ")
    nanoseconds = parse_duration(duration) if _DURATION.fullmatch(duration) else _TOO_LONG
    if nanoseconds >= _TOO_LONG:
        why = f'time: invalid duration "{duration}"'
        raise ScheduleError(f"failed to parse duration {schedule}: {why}")
    return Every(max(1, nanoseconds // 10**9))


def problems(schedule: str) -> list[str]:
    """Return what is wrong with a schedule; empty means valid."""
    try:
        parse(schedule)
    except ScheduleError as error:
        return [str(error)]
    return []


def _later(at: datetime, local: datetime) -> datetime:
    """Return the beginning of a later day; a clock change may have taken its midnight away."""
    return max(local.astimezone(UTC), at + _MINUTE)


def _to_next_hour(at: datetime, local: datetime, zone: tzinfo) -> timedelta:
    """Return the way to the next full hour, in minutes where the clock changes meanwhile."""
    step = timedelta(minutes=60 - local.minute)
    steady = (at + step).astimezone(zone).utcoffset() == local.utcoffset()
    return step if steady else _MINUTE


def _fields(schedule: str) -> Fields:
    parts = schedule.split()
    if len(parts) != len(_FIELDS):
        found = f"found {len(parts)}: [{' '.join(parts)}]"
        raise ScheduleError(f"expected exactly {len(_FIELDS)} fields, {found}")
    read = [
        [_range(expression, *bounds) for expression in text.split(",")]
        for text, bounds in zip(parts, _FIELDS, strict=True)
    ]
    minutes, hours, days, months, weekdays = (
        frozenset(value for values, _ in field for value in values) for field in read
    )
    any_day, any_weekday = (any(is_open for _, is_open in read[position]) for position in (2, 4))
    return Fields(minutes, hours, days, months, weekdays, any_day, any_weekday)


def _range(expression: str, lowest: int, highest: int, known: dict[str, int]) -> tuple[range, bool]:
    """Return the values of one expression, and whether it leaves the field open."""
    range_, *steps = expression.split("/")
    if len(steps) > 1:
        raise ScheduleError(f"too many slashes: {expression}")
    ends = range_.split("-")
    if len(ends) > 2:
        raise ScheduleError(f"too many hyphens: {expression}")
    everything = range_ in ("*", "?")
    if everything:
        start, end = lowest, highest
    else:
        start = _number(ends[0], known)
        # `5/15` means from 5 on, every 15.
        end = _number(ends[1], known) if len(ends) == 2 else highest if steps else start
    step = _number(steps[0], {}) if steps else 1
    if step == 0:
        raise ScheduleError(f"step of range should be a positive number: {expression}")
    if start < lowest:
        raise ScheduleError(f"beginning of range ({start}) below minimum ({lowest}): {expression}")
    if end > highest:
        raise ScheduleError(f"end of range ({end}) above maximum ({highest}): {expression}")
    if start > end:
        raise ScheduleError(
            f"beginning of range ({start}) beyond end of range ({end}): {expression}"
        )
    return range(start, end + 1, step), everything and step == 1


def _number(text: str, known: dict[str, int]) -> int:
    number = known.get(text.lower())
    if number is not None:
        return number
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ScheduleError(
            f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax'
        )
    return int(text)
