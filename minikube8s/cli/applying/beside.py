"""Owns several requests at once over a few kept connections, with their results in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
C = TypeVar("C")

CONNECTIONS = 4
_FEW = 3
"""Fewer items are not worth another connection."""


class Beside(Generic[C]):
    """A few connections, made when they are needed first, each used by one thread at a time."""

    def __init__(self, first: C, another: Callable[[], C], most: int = CONNECTIONS) -> None:
        self._connections = [first]
        self._another = another
        self._most = most

    def each(self, work: Callable[[C, T], R], items: Sequence[T]) -> Iterator[R]:
        """What ``work`` returns for each item, in order. What it raises ends all, at its place."""
        wanted = min(self._most, max(1, len(items) // _FEW))
        while len(self._connections) < wanted:
            self._connections.append(self._another())
        if wanted == 1:
            yield from (work(self._connections[0], item) for item in items)
            return
        yield from _Run(self._connections[:wanted], work, items).results()


class _Run(Generic[C, T, R]):
    def __init__(
        self, connections: Sequence[C], work: Callable[[C, T], R], items: Sequence[T]
    ) -> None:
        self._connections = connections
        self._work = work
        self._items = items
        self._next = iter(range(len(items)))
        self._results: dict[int, Callable[[], R]] = {}
        self._changed = threading.Condition()
        self._ended = False

    def results(self) -> Iterator[R]:
        # daemons, so that Ctrl-C ends the program at once, whatever a server takes its time with
        for connection in self._connections:
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()
        try:
            for place in range(len(self._items)):
                with self._changed:
                    while place not in self._results:
                        self._changed.wait()
                    found = self._results.pop(place)
                yield found()
        finally:
            self._ended = True

    def _run(self, connection: C) -> None:
        while not self._ended:
            with self._changed:
                place = next(self._next, None)
            if place is None:
                return
            told = _done(partial(self._work, connection, self._items[place]))
            with self._changed:
                self._results[place] = told
                self._changed.notify()


def _done(work: Callable[[], R]) -> Callable[[], R]:
    """Do ``work`` now; what it returned, or raised, comes when the result is called."""
    try:
        found = work()
    except BaseException as error:
        raised = error

        def again() -> R:
            raise raised

        return again
    return lambda: found
