"""Bounds on what is served at once, and the list of what has to be ended at shutdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from minikube8s.api import errors


class Gate:
    """Lets at most `maximum` requests in at a time and turns the others away with 429."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self.inside = 0
        """How many are being answered."""

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Count a request while it is answered. Raises TooManyRequests."""
        if self.inside >= self._maximum:
            raise errors.too_many_requests("too many requests, please try again later")
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1


class Streams:
    """The answers without an end: watches and followed logs, each with a way to end it."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._stops: dict[object, Callable[[], object]] = {}
        self.closed = False
        """Whether no more are opened, because the server ends."""

    def __len__(self) -> int:
        return len(self._stops)

    @contextmanager
    def open(self, stop: Callable[[], object]) -> Iterator[None]:
        """Count a stream while it flows; `stop` ends it. Raises TooManyRequests, Unavailable."""
        if self.closed:
            raise errors.unavailable("the API server is shutting down, please try again")
        if len(self._stops) >= self._maximum:
            raise errors.too_many_requests("too many open watches, please try again later")
        ticket = object()
        self._stops[ticket] = stop
        try:
            yield
        finally:
            del self._stops[ticket]

    def close(self) -> None:
        """End every stream and open no more."""
        self.closed = True
        for stop in list(self._stops.values()):
            stop()
