"""Times as Kubernetes writes them, and durations as kubectl shows them. Pure text arithmetic."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}

_SECOND = 10**9
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "ms": 10**6,
    "s": _SECOND,
    "m": 60 * _SECOND,
    "h": 3600 * _SECOND,
}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_DURATION = re.compile(rf"[+-]?(?:(?:{_PART.pattern})+|0)")

_STEPS: tuple[tuple[float, str, str], ...] = (
    (2 * _SECONDS["m"], "s", ""),
    (10 * _SECONDS["m"], "m", "s"),
    (3 * _SECONDS["h"], "m", ""),
    (8 * _SECONDS["h"], "h", "m"),
    (2 * _SECONDS["d"], "h", ""),
    (8 * _SECONDS["d"], "d", "h"),
    (2 * _SECONDS["y"], "d", ""),
    (8 * _SECONDS["y"], "y", "d"),
    (float("inf"), "y", ""),
)
"""Below how many seconds which unit is shown, and which smaller one beside it."""


def now_rfc3339(now: datetime) -> str:
    """Return a metav1.Time: whole seconds in UTC, `2024-01-31T09:05:00Z`."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now_micro(now: datetime) -> str:
    """Return a metav1.MicroTime: six fractional digits in UTC, `2024-01-31T09:05:00.000000Z`."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """Return the aware UTC time of an RFC 3339 text, with or without a fraction.

    Raises ValueError when the text is no RFC 3339 time.
    """
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write it as 2024-01-31T09:05:00Z")
    return parsed.astimezone(UTC)


def human_duration(duration: timedelta) -> str:
    """Return an age as kubectl prints it: about two significant figures, `5m3s`, `3d21h`, `2y40d`.

    A duration slightly in the future (clocks differ) is `0s`; further in the future `<invalid>`.
    """
    total = int(duration.total_seconds())
    if total < -1:
        return "<invalid>"
    total = max(total, 0)
    _, large, small = next(step for step in _STEPS if total < step[0])
    whole, rest = divmod(total, _SECONDS[large])
    part = rest // _SECONDS[small] if small else 0
    return f"{whole}{large}{part}{small}" if part else f"{whole}{large}"


def age(timestamp: str | None, now: datetime) -> str:
    """Return how long ago an RFC 3339 time was; `<unknown>` when there is none."""
    if not timestamp:
        return "<unknown>"
    return human_duration(now - parse_time(timestamp))


def duration(nanoseconds: int) -> str:
    """Return a metav1.Duration, as Go writes it: `0s`, `850ms`, `15.032s`, `1h2m0.5s`."""
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    for unit, size in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
        if 0 < rest < min(size * 1_000, 1_000_000_000):
            return f"{sign}{_decimal(rest, size)}{unit}"
    minutes, rest = divmod(rest, 60 * _SECOND)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{_decimal(rest, _SECOND)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else f"{sign}{seconds}"


def parse_duration(text: str) -> int:
    """Return the nanoseconds of a metav1.Duration. Raises ValueError."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration; write it as 1h2m3.5s")
    total = sum(
        (Decimal(number) * _UNITS[unit] for number, unit in _PART.findall(text)), Decimal(0)
    )
    return int(-total if text.startswith("-") else total)


def _decimal(number: int, size: int) -> str:
    return f"{(Decimal(number) / size).normalize():f}"
