"""Terminal sizes as clients send them: JSON values, one after the other. Pure."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

MAX_PENDING = 4096


class Size(NamedTuple):
    """Columns and lines."""

    width: int
    height: int


class _Sent(msgspec.Struct):
    width: int = msgspec.field(name="Width", default=0)
    height: int = msgspec.field(name="Height", default=0)


class Sizes:
    """Cuts a stream of bytes into sizes; what is no size is skipped."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[Size]:
        """Return the sizes that `data` completes."""
        *whole, rest = (self._pending + data).split(b"}")
        self._pending = rest[-MAX_PENDING:]
        return [size for piece in whole if (size := _size(piece + b"}")) is not None]


def _size(text: bytes) -> Size | None:
    try:
        sent = msgspec.json.decode(text, type=_Sent)
    except msgspec.DecodeError:
        return None
    return Size(sent.width, sent.height)
