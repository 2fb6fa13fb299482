"""Owns the layout of `describe`: cells aligned with elastic tab stops, as kubectl's are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minikube8s.cli.escapes import harmless

PADDING = 2


class Writer:
    """Collects lines of cells; :meth:`text` aligns them."""

    def __init__(self) -> None:
        self._lines: list[list[str]] = []

    def line(self, level: int, *cells: object) -> None:
        """One line, indented by ``level``; a cell but the last is aligned with its neighbours."""
        texts = [harmless(str(cell)) for cell in cells] or [""]
        texts[0] = "  " * level + texts[0]
        self._lines.append(texts)

    def mapping(self, label: str, content: Mapping[str, str] | None, joint: str = "=") -> None:
        """Labels or annotations: the first beside ``label``, the rest below it."""
        entries = [f"{key}{joint}{value}" for key, value in sorted((content or {}).items())]
        self.listing(label, entries)

    def listing(self, label: str, entries: Sequence[str]) -> None:
        """Entries one below the other, ``<none>`` when there are none."""
        for index, entry in enumerate(entries or ["<none>"]):
            self.line(0, f"{label}:" if index == 0 else "", entry)

    def table(self, level: int, headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A table with a rule below its headings."""
        self.line(level, *headers)
        self.line(level, *("-" * len(header) for header in headers))
        for row in rows:
            self.line(level, *row)

    def text(self) -> str:
        """All lines; a column is as wide as its widest cell among adjacent lines that have it."""
        widths = [[0] * len(line) for line in self._lines]
        for column in range(max((len(line) for line in self._lines), default=0)):
            start = 0
            while start < len(self._lines):
                end = start
                while end < len(self._lines) and len(self._lines[end]) > column + 1:
                    end += 1
                block = range(start, end)
                width = max((len(self._lines[row][column]) for row in block), default=0) + PADDING
                for row in block:
                    widths[row][column] = width
                start = max(end, start + 1)
        return "\n".join(
            "".join(cell.ljust(width) for cell, width in zip(line, row, strict=True)).rstrip()
            for line, row in zip(self._lines, widths, strict=True)
        )
