"""Owns printing the Tables that a server makes of its objects, as kubectl prints them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from minikube8s.cli.output import styles, tables
from minikube8s.cli.output.escapes import harmless

Table = dict[str, Any]

_EVENT = len("MODIFIED")
_BREAK = re.compile(r"[\f\n\r]")
_COLOURED = frozenset({"STATUS", "PHASE", "READY"})
_WHOLE = frozenset({"NAMESPACE", "NAME", "AGE", "LAST SEEN", "MESSAGE"})
"""Columns that nobody wants to see a part of."""
_GOOD = frozenset({"Running", "Active", "Bound", "Ready", "Available", "Complete", "True"})
_OVER = frozenset({"Completed", "Succeeded"})
_BAD = re.compile(r"Err|BackOff|Failed|NotReady|OOMKilled|Evicted|Lost|Invalid|Cannot|Deadline")


class TablePrinter:
    """Makes lines of the Tables of one kind: of one, or of those of a watch as they come."""

    def __init__(
        self,
        *,
        wide: bool = False,
        namespaces: bool = False,
        headers: bool = True,
        prefix: str = "",
        labels: bool = False,
        label_columns: Sequence[str] = (),
        events: bool = False,
    ) -> None:
        self._wide = wide
        self._namespaces = namespaces
        self._headers = headers
        self._prefix = prefix
        self._labels = labels
        self._label_columns = label_columns
        self._events = events
        self._columns: list[dict[str, Any]] = []
        self._layout = tables.Layout()
        self._begun = False

    def lines(self, table: Table, event: str = "ADDED") -> list[str]:
        """The lines of a Table, below the headings if these are its first ones."""
        self.learn(table)
        rows = [self.cells(row, event) for row in table.get("rows") or []]
        if not rows:
            return []
        headings = 0 if self._begun or not self._headers else 1
        self._begun = True
        return self._drawn([self.names()] * headings + rows, headings)

    def drawn(self, rows: list[list[str]], margin: int = 0) -> list[str]:
        """Lines of rows below the headings, to draw anew; ``margin`` columns are left free."""
        headings = int(self._headers)
        self._layout = tables.Layout()
        return self._drawn([self.names()] * headings + rows, headings, margin)

    def learn(self, table: Table) -> None:
        """Take over a Table's columns; those of a watch's later Tables need not be told again."""
        if table.get("columnDefinitions"):
            self._columns = table["columnDefinitions"]

    def names(self) -> list[str]:
        """The headings."""
        names = [self._columns[index]["name"].upper() for index in self._shown()]
        if self._namespaces:
            names.insert(0, "NAMESPACE")
        if self._events:
            names.insert(0, "EVENT".ljust(_EVENT))
        names += [key.rpartition("/")[2].upper() for key in self._label_columns]
        return names + ["LABELS"] * self._labels

    def cells(self, row: dict[str, Any], event: str = "ADDED") -> list[str]:
        """One row's texts, below `names`."""
        cells = [_text(row["cells"][index]) for index in self._shown()]
        if self._prefix and cells:
            cells[0] = f"{self._prefix}/{cells[0]}"
        metadata = (row.get("object") or {}).get("metadata") or {}
        labels = metadata.get("labels") or {}
        if self._namespaces:
            cells.insert(0, metadata.get("namespace") or "")
        if self._events:
            cells.insert(0, event.ljust(_EVENT))
        cells += [_text(labels.get(key)) for key in self._label_columns]
        if self._labels:
            cells.append(",".join(f"{k}={v}" for k, v in sorted(labels.items())) or "<none>")
        return cells

    def age_column(self) -> int | None:
        """Where a row's age stands, as the server gave it; None where there is none."""
        shown = self.names()
        return shown.index("AGE") if "AGE" in shown else None

    def _drawn(self, rows: list[list[str]], headings: int, margin: int = 0) -> list[str]:
        width = styles.width()
        names = self.names()
        if width is not None:
            whole = {i for i, name in enumerate(names) if name in _WHOLE}
            rows = tables.fitted(rows, width - margin, whole)
        if not styles.colourful():
            return self._layout.lines(rows)

        def paint(number: int, column: int, cell: str) -> str:
            if number < headings:
                return styles.paint("bold", cell)
            colour = colour_of(names[column], cell.rstrip())
            return styles.paint(colour, cell) if colour else cell

        return self._layout.lines(rows, paint)

    def _shown(self) -> list[int]:
        return [
            index
            for index, column in enumerate(self._columns)
            if self._wide or not column.get("priority")
        ]


def colour_of(name: str, cell: str) -> str:
    """The colour of a state below the heading ``name``: none for what is neither good nor bad."""
    if name not in _COLOURED:
        return "yellow" if (name, cell) == ("TYPE", "Warning") else ""
    ready, slash, wanted = cell.partition("/")
    if slash:
        return "" if ready == wanted else "yellow"
    state = cell.partition(",")[0]
    if state in _GOOD:
        return "green"
    if state in _OVER:
        return "dim"
    return "red" if _BAD.search(cell) else "yellow"


def generic(items: Sequence[dict[str, Any]]) -> Table:
    """A Table of names and ages alone, of objects whose server made none."""
    from datetime import UTC, datetime

    from minikube8s.api.times import age

    now = datetime.now(UTC)
    columns = [{"name": "Name", "priority": 0}, {"name": "Age", "priority": 0}]
    rows = [
        {
            "cells": [o["metadata"]["name"], age(o["metadata"].get("creationTimestamp"), now)],
            "object": o,
        }
        for o in items
    ]
    return {"columnDefinitions": columns, "rows": rows}


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    text = cell if isinstance(cell, str) else json.dumps(cell)
    if (found := _BREAK.search(text)) is not None:
        text = text[: found.start()] + "..."
    return harmless(text)
