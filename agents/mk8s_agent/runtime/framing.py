"""Docker's two stream formats, decoded piece by piece. Pure: bytes in, values out."""

from __future__ import annotations

from typing import Any

import msgspec

from mk8s_agent.runtime.vocabulary import LogChunk

_HEADER = 8
_STDERR = 2


class LogDemultiplexer:
    """The output of a container without a terminal.

    Frames of [stream, 0, 0, 0, 4 bytes size], then the bytes.
    """

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, block: bytes) -> list[LogChunk]:
        """The frames that `block` completes; what is incomplete waits for the next call."""
        pending = self._pending
        pending += block
        chunks: list[LogChunk] = []
        at = 0
        while len(pending) - at >= _HEADER:
            end = at + _HEADER + int.from_bytes(pending[at + 4 : at + _HEADER], "big")
            if len(pending) < end:
                break
            data = bytes(pending[at + _HEADER : end])
            chunks.append(LogChunk("stderr" if pending[at] == _STDERR else "stdout", data))
            at = end
        del pending[:at]
        return chunks


class JsonLines:
    """JSON objects one after the other, a line each: events, and the progress of a pull."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, block: bytes) -> list[dict[str, Any]]:
        """The objects that `block` completes.

        Raises msgspec.DecodeError on a line that is not JSON.
        """
        self._pending += block
        *lines, rest = self._pending.split(b"\n")
        self._pending = rest
        return [msgspec.json.decode(line) for line in lines if line.strip()]
