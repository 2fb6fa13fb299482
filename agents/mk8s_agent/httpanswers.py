"""HTTP/1.1 answers as they arrive: their heads, and their bodies whatever their framing.

Owns the reading side of the wire, for the container engine and for what runs in pods. It opens no
connection and knows no deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

_BLOCK = 1 << 16
_HEAD_LIMIT = 1 << 20


class HeadTooLong(ValueError):
    """The headers of an answer do not end."""


class NotHttp(ValueError):
    """What came is no HTTP; `line` is how it begins."""

    def __init__(self, line: bytes) -> None:
        super().__init__(f"it speaks {line[:32]!r}, not HTTP/1.1")
        self.line = line


@dataclass(slots=True)
class Response:
    """The head of an answer, and its body as it arrives."""

    status: int
    headers: Mapping[str, str]
    _reader: asyncio.StreamReader = field(repr=False)

    async def blocks(self) -> AsyncIterator[bytes]:
        """The body in the pieces it came in.

        Ends with the body, raises when the connection breaks before.
        """
        if self.status in (204, 304):
            return
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            async for block in self._chunks():
                yield block
        elif (length := self.headers.get("content-length")) is not None:
            async for block in self._exactly(_size(length, 10)):
                yield block
        else:
            while block := await self._reader.read(_BLOCK):
                yield block

    async def _exactly(self, left: int) -> AsyncIterator[bytes]:
        while left:
            block = await self._reader.read(min(left, _BLOCK))
            if not block:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(block)
            yield block

    async def _chunks(self) -> AsyncIterator[bytes]:
        while left := _size((await _line(self._reader)).partition(b";")[0].decode("latin-1"), 16):
            async for block in self._exactly(left):
                yield block
            await self._reader.readexactly(2)
        while await _line(self._reader):
            pass

    async def body(self) -> bytes:
        """The whole body."""
        return b"".join([block async for block in self.blocks()])


async def read_head(reader: asyncio.StreamReader, limit: int = _HEAD_LIMIT) -> Response:
    """The status and the headers, of `limit` bytes at most.

    Raises NotHttp, HeadTooLong, asyncio.IncompleteReadError.
    """
    first = await _line(reader)
    version, _, rest = first.partition(b" ")
    status = rest.split(b" ", 1)[0]
    if not version.startswith(b"HTTP/1.") or not (status.isdigit() and len(status) == 3):
        raise NotHttp(first)
    headers: dict[str, str] = {}
    left = limit - len(first)
    while line := await _line(reader):
        left -= len(line)
        if left < 0:
            raise HeadTooLong(f"its headers are longer than {limit} bytes")
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return Response(int(status), headers, reader)


def _size(text: str, base: int) -> int:
    size = int(text, base)
    if size < 0:
        raise ValueError(f"it says that {size} bytes follow")
    return size


async def _line(reader: asyncio.StreamReader) -> bytes:
    """A line without its end, which some write as a bare line feed."""
    return (await reader.readuntil(b"\n"))[:-1].removesuffix(b"\r")
