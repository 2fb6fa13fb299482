"""Owns how text looks on a terminal: colours and the width. A pipe gets plain text."""

from __future__ import annotations

import os
import sys
from typing import TextIO

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "red")
"""In the order in which several things beside each other are told apart."""


class Choice:
    """What `--color` says, once a process: ``auto``, ``always`` or ``never``."""

    when = "auto"


def colourful(stream: TextIO | None = None) -> bool:
    """Whether ``stream`` (standard output) is shown in colours. See https://no-color.org."""
    if Choice.when != "auto":
        return Choice.when == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return (stream or sys.stdout).isatty()


def paint(colour: str, text: str, stream: TextIO | None = None) -> str:
    """``text`` in ``colour``, or as it is where no colours are shown."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if text and colourful(stream) else text


def columns(text: str) -> int:
    """How many columns of a terminal the text takes: Hangul and pictures take two each."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def width(stream: TextIO | None = None) -> int | None:
    """The columns of the terminal behind ``stream`` (standard output); None for no terminal."""
    try:
        return os.get_terminal_size((stream or sys.stdout).fileno()).columns or None
    except (OSError, ValueError):
        return None
