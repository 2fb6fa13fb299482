"""Owns the table of a watch that is redrawn in place on a terminal: what is new, changed, gone."""

from __future__ import annotations

import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from minikube8s.api.times import age
from minikube8s.cli.getting.watching import Event
from minikube8s.cli.output import styles
from minikube8s.cli.output.progress import Progress, watched
from minikube8s.cli.output.servertables import TablePrinter

FRESH_SECONDS = 5.0
"""How long a row is marked as new, changed or gone."""
_YOUNG_SECONDS = 120.0
_MARKS = {"new": "green", "changed": "yellow", "gone": "red"}
_MARGIN = 10
_QUEUE = 1000


class _Ended(Exception):
    """Nothing more will happen."""


_Told = Event | BaseException | None
"""What the reader tells who draws: what happened, that it failed, or (None) to draw anew."""


class _Row:
    __slots__ = ("cells", "created", "mark", "since")

    def __init__(self, cells: list[str], created: str, mark: str, since: float) -> None:
        self.cells = cells
        self.created = created
        self.mark = mark
        self.since = since


class Board:
    """The rows as they are now and what to say of each. Knows no terminal and no clock."""

    def __init__(self, printer: TablePrinter, listed: dict[str, Any]) -> None:
        self._printer = printer
        self._rows: dict[str, _Row] = {}
        self._away = ""
        self._take(listed, "ADDED", "", 0.0)

    def take(self, event: Event, now: float) -> None:
        """Learn what happened, at ``now`` (seconds of any clock that never goes back)."""
        if event.type in {"AWAY", "BACK"}:
            self._away = str(event.content) if event.type == "AWAY" else ""
            return
        mark = {"ADDED": "new", "DELETED": "gone"}.get(event.type, "changed")
        self._take(event.content, event.type, mark, now)

    def settle(self, now: float) -> None:
        """Forget marks that are old, and the rows of what is gone since."""
        for uid, row in list(self._rows.items()):
            if row.mark and now - row.since >= FRESH_SECONDS:
                if row.mark == "gone":
                    del self._rows[uid]
                row.mark = ""

    def pause(self, now: float, date: datetime) -> float:
        """After how many seconds at most the lines are others, if nothing happens."""
        marked = [FRESH_SECONDS - (now - row.since) for row in self._rows.values() if row.mark]
        young = any(
            (date - datetime.fromisoformat(row.created)).total_seconds() < _YOUNG_SECONDS
            for row in self._rows.values()
            if row.created
        )
        return max(0.05, min([*marked, 1.0 if young else 10.0]))

    def lines(self, date: datetime, height: int) -> list[str]:
        """The table in ``height`` lines: where there are more rows, what happened goes first."""
        rows = list(self._rows.values())
        room = max(1, height - 2 - bool(self._away))
        hidden = len(rows) - room
        if hidden > 0:
            first = sorted(rows, key=lambda row: -row.since if row.mark else 0.0)[:room]
            chosen = set(map(id, first))
            rows = [row for row in rows if id(row) in chosen]
        drawn = self._printer.drawn([self._cells(row, date) for row in rows], margin=_MARGIN)
        heading = len(drawn) - len(rows)
        lines = drawn[:heading]
        for row, line in zip(rows, drawn[heading:], strict=True):
            mark = styles.paint(_MARKS[row.mark], row.mark) if row.mark else ""
            lines.append(f"{line}  {mark}" if mark else line)
        if not rows:
            lines.append("(none yet)")
        if hidden > 0:
            lines.append(styles.paint("dim", f"… and {hidden} more, which a higher window shows"))
        if self._away:
            lines.append(styles.paint("yellow", f"waiting for the server: {self._away}"))
        return lines

    def last(self, date: datetime) -> list[str]:
        """What stays on the screen: the table without what is gone."""
        rows = [self._cells(row, date) for row in self._rows.values() if row.mark != "gone"]
        return self._printer.drawn(rows) if rows else []

    def _take(self, table: dict[str, Any], type: str, mark: str, now: float) -> None:
        self._printer.learn(table)
        for row in table.get("rows") or []:
            metadata = row["object"]["metadata"]
            uid = metadata.get("uid") or metadata["name"]
            known = self._rows.get(uid)
            cells = self._printer.cells(row, type)
            told = "new" if known and known.mark == "new" and mark == "changed" else mark
            created = metadata.get("creationTimestamp") or ""
            self._rows[uid] = _Row(cells, created, told, now)

    def _cells(self, row: _Row, date: datetime) -> list[str]:
        column = self._printer.age_column()
        if column is None or not row.created:
            return row.cells
        return [*row.cells[:column], age(row.created, date), *row.cells[column + 1 :]]


def run(printer: TablePrinter, listed: dict[str, Any], events: Iterator[Event]) -> None:
    """Draw what ``events`` tell until interrupted; the last state stays. Raises CommandError."""
    board = Board(printer, listed)
    told: queue.Queue[_Told] = queue.Queue(_QUEUE)
    threading.Thread(target=_read, args=(events, told), daemon=True).start()
    with suppress(_Ended), watched() as progress, told_of_resizes(told):
        try:
            _draw(board, progress, told)
        finally:
            progress.clear()
            sys.stdout.write("".join(f"{line}\n" for line in board.last(datetime.now(UTC))))
            sys.stdout.flush()


def _draw(board: Board, progress: Progress, told: queue.Queue[_Told]) -> None:
    while True:
        now, date = time.monotonic(), datetime.now(UTC)
        board.settle(now)
        progress.show(board.lines(date, progress.height()))
        wait = board.pause(now, date)
        with suppress(queue.Empty):
            # what came meanwhile is drawn at once, but not so much that nothing is drawn
            for number in range(_QUEUE):
                happened = told.get(timeout=0 if number else wait)
                if isinstance(happened, BaseException):
                    raise happened
                if happened is not None:
                    board.take(happened, time.monotonic())


def _read(events: Iterator[Event], told: queue.Queue[_Told]) -> None:
    try:
        for event in events:
            told.put(event)
        told.put(_Ended())
    except BaseException as error:
        told.put(error)


def _wake(told: queue.Queue[_Told]) -> None:
    with suppress(queue.Full):
        told.put_nowait(None)


@contextmanager
def told_of_resizes(told: queue.Queue[_Told]) -> Iterator[None]:
    """Wake who draws when the terminal gets another size."""

    def wake(*_: object) -> None:
        # the queue's lock may be held by whom the signal interrupts: another thread waits for it
        threading.Thread(target=_wake, args=(told,), daemon=True).start()

    before = signal.signal(signal.SIGWINCH, wake)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
