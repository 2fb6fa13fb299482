"""Reads logs: one after the other, or several at once as they grow; a lost connection is mended."""

from __future__ import annotations

import http.client
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from minikube8s.cli.connection.client import ApiFailure, Client, Unreachable
from minikube8s.cli.errors import CommandError
from minikube8s.cli.logreading.resuming import Lines, Resume
from minikube8s.cli.logreading.sources import Source

Show = Callable[[Source, bytes], None]
"""Takes what a source said: bytes as they come, or whole lines."""

_BLOCK = 64 * 1024
_MEND_SECONDS = 60.0
_PAUSES = (0.1, 0.2, 0.5, 1.0)
_WAITING_LINES = 256
_BEGINNINGS = {"tailLines", "sinceSeconds", "sinceTime"}


def read(client: Client, source: Source, asked: Mapping[str, str]) -> Iterator[bytes]:
    """What a container has said, in blocks. Raises ApiFailure, CommandError."""
    query = {**asked, "container": source.container}
    with client.stream(source.path, accept="*/*", query=query) as answer:
        while block := answer.read1(_BLOCK):
            yield block


def lines(client: Client, source: Source, asked: Mapping[str, str]) -> Iterator[bytes]:
    """What a container has said, in lines."""
    cut = Lines()
    for block in read(client, source, asked):
        yield from cut.feed(block)
    if rest := cut.rest():
        yield rest


def followed(client: Client, source: Source, asked: Mapping[str, str]) -> Iterator[bytes]:
    """What a container says until it ends, in lines, each once, also while the server restarts.

    Raises ApiFailure, CommandError; the latter when the server stays away.
    """
    if "limitBytes" in asked:
        yield from lines(client, source, asked)
        return
    resume = Resume(keep_times="timestamps" in asked)
    query = {**asked, "timestamps": "true", "container": source.container}
    mending = _Mending(source)
    while True:
        cut = Lines()
        try:
            with client.stream(source.path, accept="*/*", query=query) as answer:
                mending.opened()
                while block := answer.read1(_BLOCK):
                    for line in cut.feed(block):
                        if (shown := resume.line(line)) is not None:
                            yield shown
            if (rest := cut.rest()) and (shown := resume.line(rest)) is not None:
                yield shown
            return
        except (ApiFailure, Unreachable, http.client.HTTPException, OSError) as error:
            mending.wait_or_raise(error)
        if since := resume.again():
            query = {key: value for key, value in query.items() if key not in _BEGINNINGS}
            query["sinceTime"] = since


class _Mending:
    """How long a log may be cut off, and the pauses between attempts to go on with it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._was_open = False
        self._lost_at: float | None = None
        self._failures = 0

    def opened(self) -> None:
        self._was_open, self._lost_at, self._failures = True, None, 0

    def wait_or_raise(self, error: Exception) -> None:
        """Raise what cannot be mended, or no longer; a server that starts answers 5xx at first."""
        now = time.monotonic()
        self._lost_at = now if self._lost_at is None else self._lost_at
        final = isinstance(error, ApiFailure) and int(error.status.get("code") or 0) < 500
        if final or not self._was_open or now - self._lost_at > _MEND_SECONDS:
            if isinstance(error, CommandError):
                raise error
            where = f"{self._source.container} in pod/{self._source.pod}"
            raise CommandError(f"the log of {where} was cut off: {error}") from None
        time.sleep(_PAUSES[min(self._failures, len(_PAUSES) - 1)])
        self._failures += 1


def follow_all(
    clients: Callable[[], Client], sources: Sequence[Source], asked: Mapping[str, str], show: Show
) -> Iterator[tuple[Source, CommandError]]:
    """Show what all of them say, each in a thread, and yield the failure of each that fails.

    Whoever reads slowly slows all of them down: little waits here.
    """
    said: queue.Queue[tuple[Source, bytes | CommandError | None]] = queue.Queue(_WAITING_LINES)

    def run(source: Source, client: Client) -> None:
        end: CommandError | None = None
        try:
            for line in followed(client, source, asked):
                said.put((source, line))
        except CommandError as error:
            end = error
        except Exception as error:
            end = CommandError(f"{source.prefix}{error}")
        said.put((source, end))

    for source in sources:
        threading.Thread(target=run, args=(source, clients()), daemon=True).start()
    left = len(sources)
    while left:
        source, what = said.get()
        if isinstance(what, bytes):
            show(source, what)
            continue
        left -= 1
        if what is not None:
            yield source, what
