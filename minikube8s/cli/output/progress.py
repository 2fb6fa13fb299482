"""Owns the lines below the output that tell how something long gets on, redrawn in place.

They go to standard error, only where that is a terminal: a pipe sees nothing of them. The cursor is
never hidden and every line is taken away at the end, however that comes, so Ctrl-C leaves nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator, Sequence

from minikube8s.cli.output import styles

_STYLE = re.compile(r"(\x1b\[[0-9;]*m)")
_UNITS = ("kB", "MB", "GB", "TB")


class Progress:
    """The lines of one piece of work; `live` is False where nobody watches: nothing is drawn."""

    def __init__(self) -> None:
        self.live = os.isatty(2) and os.environ.get("TERM") != "dumb"
        self._drawn: list[str] = []

    def show(self, lines: Sequence[str]) -> None:
        """Draw `lines` in place of those drawn before; as many as fit the terminal."""
        if not self.live:
            return
        width, height = _size()
        wanted = [fitted(line.expandtabs(), width - 1) for line in lines[: max(1, height - 1)]]
        if wanted != self._drawn:
            self._write(self._up() + "".join(f"{line}\n" for line in wanted))
            self._drawn = wanted

    def height(self) -> int:
        """How many lines fit below each other."""
        return _size()[1]

    def say(self, text: str) -> None:
        """Print a line that stays, on standard output, above the ones that are drawn."""
        lines = self._drawn
        self.clear()
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
        self.show(lines)

    def clear(self) -> None:
        """Take the drawn lines away."""
        if self._drawn:
            self._write(self._up())
            self._drawn = []

    def _up(self) -> str:
        """To the first drawn line, and nothing below: a narrower terminal has folded them since."""
        width, _ = _size()
        rows = sum(max(1, -(-_length(line) // width)) for line in self._drawn)
        return (f"\x1b[{rows}A" if rows else "") + "\r\x1b[J" * bool(rows)

    def _write(self, text: str) -> None:
        sys.stdout.flush()
        sys.stderr.write(text)
        sys.stderr.flush()


@contextlib.contextmanager
def watched() -> Iterator[Progress]:
    """Progress for the length of the block, gone after it."""
    progress = Progress()
    try:
        yield progress
    finally:
        with contextlib.suppress(OSError, ValueError):
            progress.clear()


def fitted(line: str, width: int) -> str:
    """`line` in at most `width` columns, cut with `…`; colours cost nothing and end with it."""
    if _length(line) <= width:
        return line
    left, parts = max(width - 1, 0), []
    for part in _STYLE.split(line):
        if _STYLE.fullmatch(part):
            parts.append(part)
            continue
        begin = _begin(part, left)
        parts.append(begin)
        left -= styles.columns(begin)
    return "".join(parts) + ("…" if width > 0 else "")


def amount(count: float) -> str:
    """Bytes as people say them: `912 B`, `34.5 MB`."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in _UNITS:
        count /= 1000
        if count < 999.5 or unit == _UNITS[-1]:
            break
    return f"{count:.1f} {unit}" if count < 99.95 else f"{count:.0f} {unit}"


def bar(done: float, total: float, width: int = 20) -> str:
    """`[#####-----]`: what is done of `total`, in `width` columns between the brackets."""
    share = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
    full = int(share * width)
    return f"[{'#' * full}{'-' * (width - full)}]"


def _begin(text: str, width: int) -> str:
    """As much of the text as takes at most `width` columns."""
    text = text[:width]
    while styles.columns(text) > width:
        text = text[:-1]
    return text


def _length(line: str) -> int:
    return styles.columns(_STYLE.sub("", line))


def _size() -> tuple[int, int]:
    with contextlib.suppress(OSError):
        shape = os.get_terminal_size(2)
        if shape.columns and shape.lines:
            return shape.columns, shape.lines
    return 80, 24
