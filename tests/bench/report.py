"""The table that the bench prints: one row a measure, with its floor or peer and its target."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

HEADERS = ("measure", "figure", "floor or peer, same run", "ratio", "target", "verdict")


@dataclass(frozen=True, slots=True)
class Row:
    """One measure. Times are in seconds, memory in bytes; ``unit`` says how to print them.

    ``limit`` bounds the figure, or the ratio when ``of_ratio``; ``at_least`` turns it round.
    ``peer`` is what was measured beside it, in the same unit; ``beside`` says what that was.
    """

    measure: str
    figure: float
    unit: str
    limit: float | None = None
    peer: float | None = None
    beside: str = ""
    of_ratio: bool = False
    at_least: bool = False

    @property
    def ratio(self) -> float | None:
        """The figure as a multiple of the peer's."""
        return None if not self.peer else self.figure / self.peer

    @property
    def verdict(self) -> str:
        """``ok``, ``MISSED``, or nothing when there is no target."""
        judged = self.ratio if self.of_ratio else self.figure
        if self.limit is None or judged is None:
            return ""
        met = judged >= self.limit if self.at_least else judged <= self.limit
        return "ok" if met else "MISSED"

    def cells(self) -> tuple[str, ...]:
        """The row's texts, in the order of HEADERS."""
        peer = "" if self.peer is None else f"{printed(self.peer, self.unit)} {self.beside}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        sign = ">=" if self.at_least else "<="
        target = ""
        if self.limit is not None:
            bound = f"{self.limit:g} x" if self.of_ratio else printed(self.limit, self.unit)
            target = f"{sign} {bound}"
        return (self.measure, printed(self.figure, self.unit), peer, ratio, target, self.verdict)


def printed(value: float, unit: str) -> str:
    """``value`` as people read it: seconds and milliseconds, MiB, percent, rates, rates of bits."""
    if unit == "ms":
        return f"{value * 1e3:.0f} ms" if value >= 0.02 else f"{value * 1e3:.1f} ms"
    form = _FORMS.get(unit)
    return form(value) if form else f"{value:g} {unit}".strip()


_FORMS: dict[str, Callable[[float], str]] = {
    "s": lambda value: f"{value:.2f} s",
    "MiB": lambda value: f"{value / 2**20:.1f} MiB",
    "%": lambda value: f"{value * 100:.2f} %",
    "/s": lambda value: f"{value:,.0f} /s",
    "Gbit/s": lambda value: f"{value / 1e9:.1f} Gbit/s",
}


def table(rows: Sequence[Row]) -> str:
    """All rows, in columns."""
    lines = [HEADERS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADERS))]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def told(sentence: str) -> None:
    """Progress, apart from the table."""
    print(f"  {sentence}", file=sys.stderr, flush=True)


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def spread(values: Sequence[float], unit: str = "ms") -> str:
    """Least, median and greatest, for a line of progress."""
    parts = (min(values), middle(values), max(values))
    return " / ".join(printed(value, unit) for value in parts)
