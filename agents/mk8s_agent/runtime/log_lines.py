"""Docker's json-file format: what stands in the files of a container's log. Pure.

An entry is a line of JSON with a piece of output, its stream and its time. A line of output longer
than 16 KiB is several entries, of which only the last one ends with a line feed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Literal

import msgspec

from mk8s_agent.runtime.vocabulary import LogChunk, LogOptions

Stream = Literal["stdout", "stderr"]


class Entry(msgspec.Struct):
    """One entry. `time` is RFC 3339 in UTC, without the zeros at its end."""

    log: str = ""
    stream: Stream = "stdout"
    time: str = ""


_decode = msgspec.json.Decoder(Entry).decode


def entry(raw: bytes) -> Entry | None:
    """Read one entry; None for what a crash has left of one."""
    try:
        return _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def stamp(time: str) -> str:
    """A time with all nine digits of its second, as Kubernetes shows it. Such texts compare."""
    whole, _, fraction = time.removesuffix("Z").partition(".")
    return f"{whole}.{fraction:0<9}Z"


class Shown:
    """What of the entries is asked for: feed it the bytes of the files, in order."""

    __slots__ = ("_begun", "_pending", "_since", "_stamps", "_wanted")

    def __init__(self, options: LogOptions) -> None:
        self._stamps = options.timestamps
        self._wanted = {name for name in ("stdout", "stderr") if getattr(options, name)}
        self._since = ""
        if options.since is not None:
            self._since = stamp(options.since.astimezone(UTC).replace(tzinfo=None).isoformat())
        self._begun: dict[str, bool] = {}
        self._pending = b""

    def feed(self, block: bytes) -> list[LogChunk]:
        """The output in `block`; neighbours of one stream are one chunk."""
        *lines, self._pending = (self._pending + block).split(b"\n")
        return list(_joined(self._pieces(lines)))

    def _pieces(self, lines: Iterable[bytes]) -> Iterator[LogChunk]:
        for raw in lines:
            one = entry(raw)
            if one is None:
                continue
            begins = not self._begun.get(one.stream, False)
            self._begun[one.stream] = not one.log.endswith("\n")
            if one.stream not in self._wanted:
                continue
            if self._since and stamp(one.time) < self._since:
                continue
            text = f"{stamp(one.time)} {one.log}" if self._stamps and begins else one.log
            yield LogChunk(one.stream, text.encode(errors="surrogatepass"))


def _joined(pieces: Iterable[LogChunk]) -> Iterator[LogChunk]:
    run: list[bytes] = []
    stream: Stream = "stdout"
    for piece in pieces:
        if run and piece.stream != stream:
            yield LogChunk(stream, b"".join(run))
            run = []
        stream = piece.stream
        run.append(piece.data)
    if run:
        yield LogChunk(stream, b"".join(run))


class LinesFromEnd:
    """Counts lines from the end of a log backwards: feed it entries, the last one first."""

    __slots__ = ("_lines", "_seen")

    def __init__(self, lines: int) -> None:
        self._lines = lines
        self._seen = 0

    def is_enough(self, raw: bytes) -> bool:
        """Whether the wanted lines begin right behind this entry."""
        if self._lines == 0:
            return True
        if self._seen:
            one = entry(raw)
            if one is None or not one.log.endswith("\n"):
                return False
        if self._seen == self._lines:
            return True
        self._seen += 1
        return False
