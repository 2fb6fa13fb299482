"""Owns kubectl's table form: left-aligned columns, three spaces apart, six wide at least. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

Rows = Sequence[Sequence[str]]
_GAP = 3
_NARROWEST = 6
_SHORTEST_CUT = 8


class Layout:
    """The widths of a table's columns, which only grow: rows may come bit by bit."""

    def __init__(self) -> None:
        self._widths: list[int] = []

    def lines(self, rows: Rows, paint: Callable[[int, int, str], str] | None = None) -> list[str]:
        """The rows as lines; the last cell of each is not filled up.

        ``paint`` gets a row's and a column's number and the text, and may add colours to it.
        """
        columns = max((len(row) for row in rows), default=0)
        self._widths += [_NARROWEST] * (columns - len(self._widths))
        for row in rows:
            for column, cell in enumerate(row[:-1]):
                self._widths[column] = max(self._widths[column], len(cell) + _GAP)
        if paint is None:
            return ["".join(self._filled(row)) for row in rows]
        return [
            "".join(paint(number, column, cell) for column, cell in enumerate(self._filled(row)))
            for number, row in enumerate(rows)
        ]

    def _filled(self, row: Sequence[str]) -> list[str]:
        filled = [cell.ljust(width) for cell, width in zip(row[:-1], self._widths, strict=False)]
        return [*filled, *row[-1:]]


def render(headers: Sequence[str], rows: Rows, *, header: bool = True) -> str:
    """``rows`` below ``headers`` as text without a final newline."""
    return "\n".join(Layout().lines([headers, *rows] if header else rows))


def fitted(rows: Rows, width: int, whole: Collection[int]) -> list[list[str]]:
    """The rows with their longest cells cut (`…`), so that lines have ``width`` columns at most.

    Columns ``whole`` are left alone, and nothing is cut to less than eight characters: a table of
    very many columns stays wider.
    """
    columns = max((len(row) for row in rows), default=0)
    needed = [max(len(row[i]) for row in rows if len(row) > i) for i in range(columns)]
    room = width - sum(max(_NARROWEST, size + _GAP) for size in needed[:-1]) - sum(needed[-1:])
    while room < 0:
        candidates = [i for i in range(columns) if i not in whole and needed[i] > _SHORTEST_CUT]
        if not candidates:
            break
        widest = max(candidates, key=lambda i: needed[i])
        needed[widest] -= 1
        room += 1
    return [[_cut(cell, needed[i]) for i, cell in enumerate(row)] for row in rows]


def _cut(cell: str, size: int) -> str:
    return cell if len(cell) <= size else cell[: size - 1] + "…"
