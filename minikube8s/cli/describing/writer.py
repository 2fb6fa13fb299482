"""Owns the layout of `describe`: cells aligned with elastic tab stops, as kubectl's are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from minikube8s.cli.output.escapes import harmless

PADDING = 2


class Writer:
    """Collects lines of cells; :meth:`text` aligns them.

    A tab within a cell begins the next cell, and a line break the next line, wherever they come
    from: that is how kubectl shows them.
    """

    def __init__(self) -> None:
        self._parts: list[list[str]] = [[]]

    def line(self, level: int, *cells: object) -> None:
        """One line, indented by ``level``; a cell but the last is aligned with its neighbours."""
        self._parts[-1].append("  " * level + "\t".join(harmless(str(cell)) for cell in cells))

    def several(self, level: int, label: str, entries: Iterable[object]) -> None:
        """Entries one below the other, the first beside ``label``; ``<none>`` without any."""
        for index, entry in enumerate(list(entries) or ["<none>"]):
            self.line(level if index == 0 else 0, f"{label}:" if index == 0 else "", entry)

    def table(self, level: int, headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table with a rule below its headings."""
        self.line(level, *headers)
        self.line(level, *("-" * len(header) for header in headers))
        for row in rows:
            self.line(level, *row)

    def part(self) -> None:
        """Let what follows be aligned on its own."""
        self._parts.append([])

    def tabbed(self) -> str:
        """All lines with tabs between their cells."""
        return "".join(f"{line}\n" for part in self._parts for line in part)

    def text(self) -> str:
        """All lines; a column is as wide as its widest cell among adjacent lines that have it."""
        return "".join(_aligned("\n".join(part)) for part in self._parts if part)


def _aligned(text: str) -> str:
    lines = [line.split("\t") for line in text.split("\n")]
    widths = [[0] * (len(line) - 1) for line in lines]
    for column in range(max(map(len, widths))):
        start = 0
        while start < len(lines):
            end = start
            while end < len(lines) and len(widths[end]) > column:
                end += 1
            width = max((len(line[column]) for line in lines[start:end]), default=0) + PADDING
            for row in widths[start:end]:
                row[column] = width
            start = max(end, start + 1)
    return "".join(
        "".join(cell.ljust(width) for cell, width in zip(line, row, strict=False)) + line[-1] + "\n"
        for line, row in zip(lines, widths, strict=True)
    )
