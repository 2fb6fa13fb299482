"""One netlink socket: send requests, get the kernel's verdicts.

Owns sockets, sequence numbers and acknowledgements. Knows nothing of pods. Blocking, but the kernel
has answered when `sendto` returns: an exchange costs tens of microseconds unless another
process holds the kernel's configuration lock. Not for the event loop's thread.
"""

import itertools
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from mk8s_agent.network.errors import KernelRefused, NetworkError

NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_ROOT_MATCH = 0x300
NLM_F_REPLACE = 0x100
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400

_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_NLM_F_DUMP_INTR = 0x10
_NLM_F_CAPPED = 0x100
_NLM_F_ACK_TLVS = 0x200
_NLMSGERR_ATTR_MSG = 1
_SOL_NETLINK = 270
_NETLINK_CAP_ACK = 10
_NETLINK_EXT_ACK = 11

_HEADER = struct.Struct("=IHHII")
_RECEIVE_BYTES = 1 << 16
_DEADLINE_SECONDS = 10.0
_DUMP_ATTEMPTS = 10
_AT_ONCE = 100
"""The kernel answers all of a datagram before anything is read: more fill the socket's buffer."""


class Request(NamedTuple):
    """One message: its type, its flags (REQUEST and ACK are added), its body after the header.

    `what` completes the sentence "cannot …". Errors in `ignore` (errno values) count as success.
    """

    type: int
    flags: int
    body: bytes
    what: str
    ignore: frozenset[int] = frozenset()


class Netlink:
    """A netlink socket of the calling thread's network namespace; a context manager."""

    def __init__(self, family: int = socket.NETLINK_ROUTE) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family
        )
        self._socket.settimeout(_DEADLINE_SECONDS)
        self._socket.setsockopt(_SOL_NETLINK, _NETLINK_EXT_ACK, 1)
        self._socket.setsockopt(_SOL_NETLINK, _NETLINK_CAP_ACK, 1)
        self._socket.bind((0, 0))
        self._sequence = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the socket back; a closed one is of no further use."""
        self._socket.close()

    def run(self, requests: Sequence[Request]) -> None:
        """Send all requests; the kernel carries them out in order, none is skipped.

        Raises KernelRefused for the first one that failed, after all were answered.
        """
        failures: list[KernelRefused] = []
        for start in range(0, len(requests), _AT_ONCE):
            failures += self._run(requests[start : start + _AT_ONCE])
        if failures:
            raise failures[0]

    def _run(self, requests: Sequence[Request]) -> list[KernelRefused]:
        """Send them in one datagram; those that failed."""
        waiting: dict[int, Request] = {}
        datagram = bytearray()
        for request in requests:
            sequence = next(self._sequence) & 0xFFFFFFFF
            waiting[sequence] = request
            datagram += _frame(request, sequence, NLM_F_REQUEST | NLM_F_ACK)
        self._send(datagram)
        failures: list[KernelRefused] = []
        while waiting:
            for kind, flags, sequence, payload in self._receive():
                answered = waiting.pop(sequence, None) if kind == _NLMSG_ERROR else None
                if answered is None:
                    continue
                refusal = _refusal(answered, flags, payload)
                if refusal.code and refusal.code not in answered.ignore:
                    failures.append(refusal)
        return failures

    def get(self, request: Request) -> bytes | None:
        """The body of the one message that answers; None for an error in `request.ignore`.

        Raises KernelRefused.
        """
        wanted = self._ask(request, 0)
        while True:
            for kind, flags, sequence, payload in self._receive():
                if sequence != wanted:
                    continue
                if kind != _NLMSG_ERROR:
                    return payload
                refusal = _refusal(request, flags, payload)
                if refusal.code in request.ignore:
                    return None
                raise refusal

    def dump(self, request: Request) -> list[bytes]:
        """The bodies of all messages that answer a dump; repeated when the kernel's table changed.

        Raises KernelRefused.
        """
        for _ in range(_DUMP_ATTEMPTS):
            bodies = self._dump_once(request)
            if bodies is not None:
                return bodies
        raise NetworkError(f"cannot {request.what}: the kernel's table changes all the time")

    def _dump_once(self, request: Request) -> list[bytes] | None:
        wanted = self._ask(request, NLM_F_ROOT_MATCH)
        bodies: list[bytes] = []
        interrupted = False
        while True:
            for kind, flags, sequence, payload in self._receive():
                if sequence != wanted:
                    continue
                interrupted |= bool(flags & _NLM_F_DUMP_INTR)
                if kind == _NLMSG_DONE:
                    return None if interrupted else bodies
                if kind == _NLMSG_ERROR:
                    raise _refusal(request, flags, payload)
                bodies.append(payload)

    def _ask(self, request: Request, flags: int) -> int:
        sequence = next(self._sequence) & 0xFFFFFFFF
        self._send(_frame(request, sequence, NLM_F_REQUEST | flags))
        return sequence

    def _send(self, datagram: bytes | bytearray) -> None:
        self._socket.sendto(datagram, (0, 0))

    def _receive(self) -> Iterator[tuple[int, int, int, bytes]]:
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
        except TimeoutError as error:
            raise NetworkError(
                f"the kernel did not answer a netlink request within {_DEADLINE_SECONDS:g} s"
            ) from error
        return split(data)


def split(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """(type, flags, sequence, body) of each message in a datagram from the kernel."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size:
            return
        yield kind, flags, sequence, data[offset + _HEADER.size : offset + length]
        offset += _align(length)


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(type without flags, value) of each attribute in `data`."""
    offset = 0
    while offset + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, offset)
        if length < 4:
            return
        yield kind & 0x3FFF, data[offset + 4 : offset + length]
        offset += _align(length)


def _frame(request: Request, sequence: int, flags: int) -> bytes:
    length = _HEADER.size + len(request.body)
    header = _HEADER.pack(length, request.type, request.flags | flags, sequence, 0)
    return header + request.body + b"\0" * (_align(length) - length)


def _align(length: int) -> int:
    return (length + 3) & ~3


def _refusal(request: Request, flags: int, payload: bytes) -> KernelRefused:
    """What an acknowledgement says; code 0 means that all went well."""
    code = -struct.unpack_from("=i", payload)[0]
    return KernelRefused(code, request.what, _hint(flags, payload))


def _hint(flags: int, payload: bytes) -> str:
    """The kernel's own explanation, which follows the header of the refused request."""
    if not flags & _NLM_F_ACK_TLVS:
        return ""
    start = 4 + _HEADER.size
    if not flags & _NLM_F_CAPPED:
        (length,) = struct.unpack_from("=I", payload, 4)
        start = 4 + _align(length)
    for kind, value in attributes(payload[start:]):
        if kind == _NLMSGERR_ATTR_MSG:
            return os.fsdecode(value.rstrip(b"\0"))
    return ""
