"""What goes wrong on a SPDY connection, and the codes that tell the peer."""

from __future__ import annotations

from enum import IntEnum


class Reset(IntEnum):
    """Status of RST_STREAM."""

    PROTOCOL_ERROR = 1
    INVALID_STREAM = 2
    REFUSED_STREAM = 3
    CANCEL = 5
    INTERNAL_ERROR = 6
    FLOW_CONTROL_ERROR = 7


class GoAway(IntEnum):
    """Status of GOAWAY."""

    OK = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2


class ProtocolFault(Exception):
    """The peer broke the protocol; the connection is of no more use."""


class IllegalMove(Exception):
    """Our own side tried what the state of the stream does not allow."""

    def __init__(self, stream_id: int, move: str, state: str) -> None:
        super().__init__(f"stream {stream_id} cannot {move} when it is {state}")
