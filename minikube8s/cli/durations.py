"""Owns lengths of time as kubectl's flags take them: `30s`, `1m30s`, `1.5h`, `-1s`, `0`."""

from __future__ import annotations

import re
from typing import Any

import click

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")


def seconds(text: str) -> float:
    """The seconds that ``text`` means. Raises ValueError in Go's words."""
    sign = -1.0 if text.startswith("-") else 1.0
    rest = text[1:] if text[:1] in {"-", "+"} else text
    if rest == "0":
        return 0.0
    total, at = 0.0, 0
    while found := _PART.match(rest, at):
        total += float(found[1]) * _UNITS[found[2]]
        at = found.end()
    if rest and at == len(rest):
        return sign * total
    if re.fullmatch(r"[\d.]*\d[\d.]*", rest[at:]):
        raise ValueError(f'time: missing unit in duration "{text}"; write {text}s for seconds')
    raise ValueError(f'time: invalid duration "{text}"; write 90s, 1m30s or 2h')


class Duration(click.ParamType[float]):
    """An option's value that is a length of time, as seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, context: Any) -> float:
        """The seconds. Raises click.BadParameter."""
        if isinstance(value, int | float):
            return float(value)
        try:
            return seconds(str(value))
        except ValueError as error:
            self.fail(str(error), param, context)
