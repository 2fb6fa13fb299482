"""Owns which texts are numbers in YAML, as kubectl reads it: `1e3` and `0o17`, no `12:30`. Pure."""

from __future__ import annotations

import re

FIRST = "-+.0123456789"
"""What a number may begin with."""
NUMBER = re.compile(
    r"[-+]?(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+"
    r"|(\.[0-9][0-9_]*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?)$"
)
_OCTAL = re.compile(r"([-+]?)0[oO]?([0-7]+)")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+|0[bB][01]+)")
_EXACT = 1e21
"""From here on whole numbers with a point stay as they are."""


def number(text: str) -> int | float | None:
    """The number that a text without quotes is; None for any other. Whole ones are int."""
    if not NUMBER.match(text):
        return None
    digits = text.replace("_", "")
    if octal := _OCTAL.fullmatch(digits):
        return int(octal[1] + octal[2], 8)
    if _INTEGER.fullmatch(digits):
        return int(digits, 0)
    try:
        return whole(digits)
    except ValueError:
        return None


def whole(text: str) -> int | float:
    """A number with a point or an exponent, as an int where it is whole: so JSON has it in Go."""
    found = float(text)
    return int(found) if found.is_integer() and abs(found) < _EXACT else found
