"""Frames: the bytes of SPDY/3.1 as values and back. Pure.

Owns the layout, written as one table; what a sequence of frames means is `session`'s.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from minikube8s.server.streams.spdy.errors import ProtocolFault
from minikube8s.server.streams.spdy.headers import HeaderReader, HeaderWriter

VERSION = 3
MAX_FRAME = 1 << 20
"""Bytes of a frame that we take; the format itself allows 16 MiB."""

FIN = 0x01
UNIDIRECTIONAL = 0x02
_CONTROL = 0x8000
_HEAD = struct.Struct(">IBBH")
_STREAM_MASK = 0x7FFFFFFF


class Data(NamedTuple):
    """Bytes of a stream; `fin`: the last ones."""

    stream_id: int
    data: bytes
    fin: bool = False


class SynStream(NamedTuple):
    """The peer opens a stream."""

    stream_id: int
    headers: Mapping[str, str]
    fin: bool = False
    unidirectional: bool = False
    associated: int = 0
    priority: int = 0


class SynReply(NamedTuple):
    """The answer to SynStream."""

    stream_id: int
    headers: Mapping[str, str]
    fin: bool = False


class Headers(NamedTuple):
    """More headers of an open stream."""

    stream_id: int
    headers: Mapping[str, str]
    fin: bool = False


class RstStream(NamedTuple):
    """The stream ends at once in both directions."""

    stream_id: int
    status: int


class Settings(NamedTuple):
    """Values by id."""

    values: Mapping[int, int]


class Ping(NamedTuple):
    """Comes back as it was sent; clients use odd numbers."""

    number: int


class GoAwayFrame(NamedTuple):
    """No stream after `last_stream` is served."""

    last_stream: int
    status: int


class WindowUpdate(NamedTuple):
    """The peer may send so many bytes more; stream 0 is the whole connection."""

    stream_id: int
    delta: int


class Unknown(NamedTuple):
    """A control frame of a type that SPDY/3.1 does not define; to be ignored."""

    kind: int


Frame = (
    Data
    | SynStream
    | SynReply
    | Headers
    | RstStream
    | Settings
    | Ping
    | GoAwayFrame
    | WindowUpdate
    | Unknown
)

INITIAL_WINDOW = 7
"""The id in Settings of the window that new streams begin with."""

_TWO = struct.Struct(">II")
_ONE = struct.Struct(">I")
_SYN_STREAM = struct.Struct(">IIBB")


class FrameReader:
    """Cuts the peer's bytes into frames."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._headers = HeaderReader()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that `data` completes. Raises ProtocolFault."""
        self._pending += data
        while len(self._pending) >= _HEAD.size:
            first, flags, high, low = _HEAD.unpack_from(self._pending)
            length = high << 16 | low
            if length > MAX_FRAME:
                raise ProtocolFault(f"a frame of {length} bytes is too long")
            end = _HEAD.size + length
            if len(self._pending) < end:
                return
            body = bytes(self._pending[_HEAD.size : end])
            del self._pending[:end]
            yield self._frame(first, flags, body)

    def _frame(self, first: int, flags: int, body: bytes) -> Frame:
        if not first >> 31:
            return Data(first & _STREAM_MASK, body, bool(flags & FIN))
        version, kind = first >> 16 & 0x7FFF, first & 0xFFFF
        if version != VERSION:
            raise ProtocolFault(f"a frame has version {version}; only SPDY/{VERSION}.1 is served")
        read = _READERS.get(kind)
        if read is None:
            return Unknown(kind)
        try:
            return read(self._headers, flags, body)
        except struct.error as error:
            raise ProtocolFault(f"a frame of type {kind} has a wrong length") from error


class FrameWriter:
    """Writes frames as bytes."""

    def __init__(self) -> None:
        self._headers = HeaderWriter()

    def encode(self, frame: Frame) -> bytes:
        """Return the bytes of a frame. Frames must be sent in the order of these calls."""
        if isinstance(frame, Data):
            return _headed(frame.stream_id, FIN * frame.fin, frame.data)
        kind, write = _WRITERS[type(frame)]
        flags, body = write(self._headers, frame)
        return _headed((_CONTROL | VERSION) << 16 | kind, flags, body)


def _headed(first: int, flags: int, body: bytes) -> bytes:
    return _HEAD.pack(first, flags, len(body) >> 16, len(body) & 0xFFFF) + body


def _read_syn_stream(headers: HeaderReader, flags: int, body: bytes) -> Frame:
    stream_id, associated, priority, _ = _SYN_STREAM.unpack_from(body)
    return SynStream(
        stream_id & _STREAM_MASK,
        headers.decode(body[_SYN_STREAM.size :]),
        bool(flags & FIN),
        bool(flags & UNIDIRECTIONAL),
        associated & _STREAM_MASK,
        priority >> 5,
    )


def _read_syn_reply(headers: HeaderReader, flags: int, body: bytes) -> Frame:
    (stream_id,) = _ONE.unpack_from(body)
    return SynReply(stream_id & _STREAM_MASK, headers.decode(body[_ONE.size :]), bool(flags & FIN))


def _read_headers(headers: HeaderReader, flags: int, body: bytes) -> Frame:
    (stream_id,) = _ONE.unpack_from(body)
    return Headers(stream_id & _STREAM_MASK, headers.decode(body[_ONE.size :]), bool(flags & FIN))


def _read_settings(_: HeaderReader, __: int, body: bytes) -> Frame:
    (count,) = _ONE.unpack_from(body)
    if len(body) != _ONE.size + count * _TWO.size:
        raise ProtocolFault("a SETTINGS frame has a wrong length")
    return Settings({key & 0xFFFFFF: value for key, value in _TWO.iter_unpack(body[_ONE.size :])})


_READERS: dict[int, Callable[[HeaderReader, int, bytes], Frame]] = {
    1: _read_syn_stream,
    2: _read_syn_reply,
    3: lambda _, __, body: RstStream(*_masked(_TWO.unpack(body))),
    4: _read_settings,
    6: lambda _, __, body: Ping(*_ONE.unpack(body)),
    7: lambda _, __, body: GoAwayFrame(*_masked(_TWO.unpack(body))),
    8: _read_headers,
    9: lambda _, __, body: WindowUpdate(*(part & _STREAM_MASK for part in _TWO.unpack(body))),
}


def _masked(pair: tuple[Any, ...]) -> tuple[int, int]:
    return pair[0] & _STREAM_MASK, pair[1]


_WRITERS: dict[type, tuple[int, Callable[[HeaderWriter, Any], tuple[int, bytes]]]] = {
    SynStream: (
        1,
        lambda headers, it: (
            FIN * it.fin | UNIDIRECTIONAL * it.unidirectional,
            _SYN_STREAM.pack(it.stream_id, it.associated, it.priority << 5, 0)
            + headers.encode(it.headers),
        ),
    ),
    SynReply: (
        2,
        lambda headers, it: (FIN * it.fin, _ONE.pack(it.stream_id) + headers.encode(it.headers)),
    ),
    RstStream: (3, lambda _, it: (0, _TWO.pack(it.stream_id, it.status))),
    Settings: (
        4,
        lambda _, it: (
            0,
            _ONE.pack(len(it.values)) + b"".join(_TWO.pack(*pair) for pair in it.values.items()),
        ),
    ),
    Ping: (6, lambda _, it: (0, _ONE.pack(it.number))),
    GoAwayFrame: (7, lambda _, it: (0, _TWO.pack(it.last_stream, it.status))),
    Headers: (
        8,
        lambda headers, it: (FIN * it.fin, _ONE.pack(it.stream_id) + headers.encode(it.headers)),
    ),
    WindowUpdate: (9, lambda _, it: (0, _TWO.pack(it.stream_id, it.delta))),
}
