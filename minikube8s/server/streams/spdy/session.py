"""A SPDY/3.1 connection as a state machine. Pure: no sockets, no clock.

Owns which frame is legal when, the windows, and what is answered by itself (pings, resets of what
is not there). Bytes of the peer go into `receive` and come out as events; commands put bytes into
the output, which `take_output` hands over.

Windows: credit is given as `consumed` is told. The library in kubectl neither counts what it sends
nor ever gives credit, so a peer's window binds us only once it has shown that it keeps windows, by
WINDOW_UPDATE or SETTINGS; until then the transport's back-pressure is the only one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from minikube8s.server.streams.spdy.errors import GoAway, IllegalMove, ProtocolFault, Reset
from minikube8s.server.streams.spdy.frames import (
    INITIAL_WINDOW,
    Data,
    Frame,
    FrameReader,
    FrameWriter,
    GoAwayFrame,
    Headers,
    Ping,
    RstStream,
    Settings,
    SynReply,
    SynStream,
    WindowUpdate,
)

WINDOW = 64 * 1024
"""Bytes that each side may send on a stream, and on the connection, before it gets credit."""
MAX_STREAMS = 512
"""Streams that a peer may have open at a time; the next one is refused."""
_LARGEST_WINDOW = (1 << 31) - 1
_CONNECTION = 0


class State(Enum):
    """Who of a stream's two sides may still send."""

    OPEN = "open"
    PEER_DONE = "half-closed by the peer"
    OWN_DONE = "half-closed by us"
    CLOSED = "closed"


_MOVES: Mapping[tuple[State, str], State] = {
    (State.OPEN, "receive"): State.OPEN,
    (State.OPEN, "receive the end"): State.PEER_DONE,
    (State.OPEN, "send"): State.OPEN,
    (State.OPEN, "send the end"): State.OWN_DONE,
    (State.OPEN, "reset"): State.CLOSED,
    (State.PEER_DONE, "send"): State.PEER_DONE,
    (State.PEER_DONE, "send the end"): State.CLOSED,
    (State.PEER_DONE, "reset"): State.CLOSED,
    (State.OWN_DONE, "receive"): State.OWN_DONE,
    (State.OWN_DONE, "receive the end"): State.CLOSED,
    (State.OWN_DONE, "reset"): State.CLOSED,
}


class Opened(NamedTuple):
    """The peer opened a stream; reply to it or reset it."""

    stream_id: int
    headers: Mapping[str, str]


class Replied(NamedTuple):
    """The peer took a stream that we opened."""

    stream_id: int
    headers: Mapping[str, str]


class Received(NamedTuple):
    """Bytes of a stream; tell `consumed` when they were used."""

    stream_id: int
    data: bytes


class Ended(NamedTuple):
    """The peer sends no more on this stream."""

    stream_id: int


class WasReset(NamedTuple):
    """The peer gave the stream up."""

    stream_id: int
    status: int


class Credit(NamedTuple):
    """More may be sent."""


class Leaving(NamedTuple):
    """The peer serves no streams after this one."""

    last_stream: int


Event = Opened | Replied | Received | Ended | WasReset | Credit | Leaving


@dataclass(slots=True)
class _Stream:
    state: State
    window: int
    owed: int = 0


class Session:
    """One connection, seen from the server, or with `client` from the client."""

    def __init__(self, *, client: bool = False) -> None:
        self._reader = FrameReader()
        self._writer = FrameWriter()
        self._output = bytearray()
        self._streams: dict[int, _Stream] = {}
        self._next_id = 1 if client else 2
        self._last_peer = 0
        self._peer_parity = 0 if client else 1
        self._initial_window = WINDOW
        self._window = WINDOW
        self._owed = 0
        self._peer_keeps_windows = False

    @property
    def streams(self) -> int:
        """How many streams are not closed."""
        return len(self._streams)

    def receive(self, data: bytes) -> Iterator[Event]:
        """Yield what the peer's bytes mean. Raises ProtocolFault, after which `go_away` is due."""
        for frame in self._reader.feed(data):
            yield from self._handle(frame)

    def take_output(self) -> bytes:
        """Return the bytes to send, each once."""
        data = bytes(self._output)
        self._output.clear()
        return data

    def open(self, headers: Mapping[str, str], *, fin: bool = False) -> int:
        """Open a stream and return its id."""
        stream_id = self._next_id
        self._next_id += 2
        self._streams[stream_id] = _Stream(State.OPEN, self._initial_window)
        self._send(SynStream(stream_id, headers, fin))
        if fin:
            self._move(stream_id, "send the end")
        return stream_id

    def reply(self, stream_id: int, headers: Mapping[str, str] | None = None) -> None:
        """Take a stream that the peer opened. Raises IllegalMove when it is closed."""
        self._move(stream_id, "send")
        self._send(SynReply(stream_id, headers or {}))

    def room(self, stream_id: int) -> int | None:
        """Return how many bytes may be sent on the stream now; None: as many as you like."""
        if not self._peer_keeps_windows:
            return None
        stream = self._streams.get(stream_id)
        return 0 if stream is None else max(0, min(stream.window, self._window))

    def send(self, stream_id: int, data: bytes) -> None:
        """Send bytes. Raises IllegalMove, also for more than `room`."""
        room = self.room(stream_id)
        self._move(stream_id, "send")
        if room is not None and len(data) > room:
            raise IllegalMove(stream_id, f"send {len(data)} bytes", f"given room for {room}")
        self._streams[stream_id].window -= len(data)
        self._window -= len(data)
        self._send(Data(stream_id, data))

    def end(self, stream_id: int) -> None:
        """Send no more on the stream. Raises IllegalMove."""
        self._move(stream_id, "send the end")
        self._send(Data(stream_id, b"", fin=True))

    def reset(self, stream_id: int, status: Reset) -> None:
        """Give the stream up. Raises IllegalMove when it is closed."""
        self._move(stream_id, "reset")
        self._send(RstStream(stream_id, status))

    def consumed(self, stream_id: int, count: int) -> None:
        """Give the peer credit for received bytes that were used, or will never be."""
        self._owed += count
        if self._owed >= WINDOW // 2:
            self._send(WindowUpdate(_CONNECTION, self._owed))
            self._owed = 0
        stream = self._streams.get(stream_id)
        if stream is None or stream.state is State.PEER_DONE:
            return
        stream.owed += count
        if stream.owed >= WINDOW // 2:
            self._send(WindowUpdate(stream_id, stream.owed))
            stream.owed = 0

    def go_away(self, status: GoAway) -> None:
        """Tell the peer that no further stream is served."""
        self._send(GoAwayFrame(self._last_peer, status))

    def state(self, stream_id: int) -> State:
        """Return where a stream is in its life; what is not known is closed."""
        stream = self._streams.get(stream_id)
        return State.CLOSED if stream is None else stream.state

    def _send(self, frame: Frame) -> None:
        self._output += self._writer.encode(frame)

    def _move(self, stream_id: int, move: str) -> None:
        before = self.state(stream_id)
        after = _MOVES.get((before, move))
        if after is None:
            raise IllegalMove(stream_id, move, before.value)
        if after is State.CLOSED:
            del self._streams[stream_id]
        else:
            self._streams[stream_id].state = after

    def _handle(self, frame: Frame) -> Iterator[Event]:
        match frame:
            case Data():
                yield from self._data(frame)
            case SynStream():
                yield from self._opened(frame)
            case SynReply(stream_id, headers, fin):
                if stream_id in self._streams:
                    yield Replied(stream_id, headers)
                    yield from self._ended(stream_id, fin)
            case Headers(stream_id, _, fin):
                yield from self._ended(stream_id, fin)
            case RstStream(stream_id, status):
                if self._streams.pop(stream_id, None) is not None:
                    yield WasReset(stream_id, status)
            case Ping(number):
                if number % 2 == self._peer_parity:
                    self._send(frame)
            case GoAwayFrame(last_stream, _):
                yield Leaving(last_stream)
            case Settings(values):
                yield from self._settings(values)
            case WindowUpdate(stream_id, delta):
                yield from self._credit(stream_id, delta)

    def _opened(self, frame: SynStream) -> Iterator[Event]:
        stream_id = frame.stream_id
        if stream_id % 2 != self._peer_parity or stream_id <= self._last_peer:
            raise ProtocolFault(f"the peer cannot open stream {stream_id} now")
        self._last_peer = stream_id
        if len(self._streams) >= MAX_STREAMS:
            self._send(RstStream(stream_id, Reset.REFUSED_STREAM))
            return
        if frame.fin and frame.unidirectional:
            return
        state = State.OWN_DONE if frame.unidirectional else State.OPEN
        self._streams[stream_id] = _Stream(state, self._initial_window)
        yield Opened(stream_id, frame.headers)
        yield from self._ended(stream_id, frame.fin)

    def _data(self, frame: Data) -> Iterator[Event]:
        stream_id = frame.stream_id
        if self._may_receive(stream_id):
            if frame.data:
                yield Received(stream_id, frame.data)
            yield from self._ended(stream_id, frame.fin)
            return
        self.consumed(stream_id, len(frame.data))
        if stream_id in self._streams:
            # Bytes after the end: the stream is broken, the connection is not.
            self.reset(stream_id, Reset.PROTOCOL_ERROR)
            yield WasReset(stream_id, Reset.PROTOCOL_ERROR)
        elif stream_id % 2 != self._peer_parity or stream_id > self._last_peer:
            self._send(RstStream(stream_id, Reset.INVALID_STREAM))

    def _ended(self, stream_id: int, fin: bool) -> Iterator[Event]:
        if fin and self._may_receive(stream_id):
            self._move(stream_id, "receive the end")
            yield Ended(stream_id)

    def _may_receive(self, stream_id: int) -> bool:
        return (self.state(stream_id), "receive") in _MOVES

    def _settings(self, values: Mapping[int, int]) -> Iterator[Event]:
        self._peer_keeps_windows = True
        window = values.get(INITIAL_WINDOW)
        if window is None:
            return
        if window > _LARGEST_WINDOW:
            raise ProtocolFault(f"a window of {window} bytes is too large")
        for stream in self._streams.values():
            stream.window += window - self._initial_window
        self._initial_window = window
        yield Credit()

    def _credit(self, stream_id: int, delta: int) -> Iterator[Event]:
        self._peer_keeps_windows = True
        if stream_id == _CONNECTION:
            self._window += delta
            if self._window > _LARGEST_WINDOW:
                raise ProtocolFault("the connection's window is too large")
        elif (stream := self._streams.get(stream_id)) is not None:
            stream.window += delta
            if stream.window > _LARGEST_WINDOW:
                self.reset(stream_id, Reset.FLOW_CONTROL_ERROR)
                yield WasReset(stream_id, Reset.FLOW_CONTROL_ERROR)
                return
        yield Credit()
