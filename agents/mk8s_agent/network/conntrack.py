"""Forgetting connections that the kernel tracks.

Owns the three conntrack messages that this takes. They are put together here: pyroute2's conntrack
module costs 24 ms and 3.4 MB, and all that is done with what the kernel sends is to send it back.
"""

import errno
import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from mk8s_agent.network.netlink import Netlink, Request, attributes

_NETLINK_NETFILTER = 12
_CT_GET, _CT_DELETE = 0x101, 0x102
_CTA_TUPLE_ORIG, _CTA_TUPLE_REPLY, _CTA_ID, _CTA_FILTER = 1, 2, 12, 25
_CTA_TUPLE_IP, _CTA_TUPLE_PROTO = 1, 2
_CTA_IP_SRC, _CTA_IP_DST = {4: 1, 6: 3}, {4: 2, 6: 4}
_CTA_PROTO_NUM, _CTA_PROTO_SRC_PORT, _CTA_PROTO_DST_PORT = 1, 2, 3
_CTA_FILTER_ORIG_FLAGS, _CTA_FILTER_REPLY_FLAGS = 1, 2
_BY_SOURCE, _BY_DESTINATION, _BY_PROTOCOL = 1, 2, 8
_BY_SOURCE_PORT, _BY_DESTINATION_PORT = 16, 32
_NESTED = 0x8000
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_PROTOCOLS = {"udp": socket.IPPROTO_UDP, "sctp": socket.IPPROTO_SCTP}
_FAMILY_HEADER_SIZE = 4
_ONE_BY_ONE = 8
"""So many kinds of flows are asked for one by one; of more, every entry is looked at once."""

Address = tuple[str, int]
"""An address and a port; "" is any address."""


class Flow(NamedTuple):
    """Which flows of a protocol (udp, sctp) and a version of IP.

    Those answered by `backend`, or those sent to `destination` that are not answered by one of
    `unless`.
    """

    protocol: str
    version: int
    backend: Address | None = None
    destination: Address | None = None
    unless: frozenset[Address] = frozenset()


def forget(flows: Iterable[Flow]) -> int:
    """Delete all tracked flows that match; the number of those found. Blocking.

    Works in the calling thread's network namespace. Raises NetworkError.
    """
    by_kind: dict[tuple[str, int], list[Flow]] = {}
    for flow in flows:
        by_kind.setdefault((flow.protocol, flow.version), []).append(flow)
    found = 0
    with Netlink(_NETLINK_NETFILTER) as netlink:
        for (protocol, version), wanted in by_kind.items():
            for entry in _entries(netlink, protocol, version, wanted):
                netlink.run([_delete_request(entry)])
                found += 1
    return found


def _entries(
    netlink: Netlink, protocol: str, version: int, flows: Sequence[Flow]
) -> Iterator[bytes]:
    """Those of the kernel's entries that match; the kernel chooses where few are wanted."""
    asked: Iterable[Flow | None] = flows if len(flows) <= _ONE_BY_ONE else [None]
    matches = _matcher(flows)
    for flow in asked:
        for entry in netlink.dump(_dump_request(protocol, version, flow)):
            if matches(entry):
                yield entry


def _matcher(flows: Sequence[Flow]) -> Callable[[bytes], bool]:
    backends = {flow.backend for flow in flows if flow.backend}
    kept = {flow.destination: flow.unless for flow in flows if flow.destination}

    def matches(entry: bytes) -> bool:
        sent, answered = _ends(entry)
        if answered in backends:
            return True
        places = (place for place in (sent, ("", sent[1])) if place in kept)
        return any(answered not in kept[place] for place in places)

    return matches


def _ends(entry: bytes) -> tuple[Address, Address]:
    """Where a flow was sent, and who answers it."""
    sent = answered = ("", 0)
    for kind, value in attributes(entry[_FAMILY_HEADER_SIZE:]):
        if kind == _CTA_TUPLE_ORIG:
            sent = _end(value, _CTA_IP_DST, _CTA_PROTO_DST_PORT)
        elif kind == _CTA_TUPLE_REPLY:
            answered = _end(value, _CTA_IP_SRC, _CTA_PROTO_SRC_PORT)
    return sent, answered


def _end(value: bytes, addresses: dict[int, int], port: int) -> Address:
    parts = dict(attributes(value))
    ip, protocol = dict(attributes(parts[_CTA_TUPLE_IP])), dict(attributes(parts[_CTA_TUPLE_PROTO]))
    packed = ip.get(addresses[4]) or ip.get(addresses[6]) or b"\0" * 4
    number = protocol.get(port, b"\0\0")
    return _text(packed), int.from_bytes(number[:2], "big")


def _text(packed: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET6 if len(packed) == 16 else socket.AF_INET, packed)


def _dump_request(protocol: str, version: int, flow: Flow | None) -> Request:
    number = _attribute(_CTA_PROTO_NUM, bytes([_PROTOCOLS[protocol]]))
    if flow is not None and flow.backend is not None:
        flags = (0, _BY_SOURCE | _BY_PROTOCOL | _BY_SOURCE_PORT)
        address, ports = _place(flow.backend, version, _CTA_IP_SRC, _CTA_PROTO_SRC_PORT)
        wanted = _tuple(_CTA_TUPLE_REPLY, address, number + ports)
    elif flow is not None and flow.destination is not None:
        by_address = _BY_DESTINATION if flow.destination[0] else 0
        flags = (by_address | _BY_PROTOCOL | _BY_DESTINATION_PORT, 0)
        address, ports = _place(flow.destination, version, _CTA_IP_DST, _CTA_PROTO_DST_PORT)
        wanted = _tuple(_CTA_TUPLE_ORIG, address, number + ports)
    else:
        flags = (_BY_PROTOCOL, 0)
        wanted = _tuple(_CTA_TUPLE_ORIG, b"", number)
    chosen = _attribute(
        _CTA_FILTER | _NESTED,
        _attribute(_CTA_FILTER_ORIG_FLAGS, struct.pack("=I", flags[0]))
        + _attribute(_CTA_FILTER_REPLY_FLAGS, struct.pack("=I", flags[1])),
    )
    header = struct.pack("=BBH", _FAMILIES[version], 0, 0)
    return Request(_CT_GET, 0, header + wanted + chosen, "list tracked connections")


def _place(
    place: Address, version: int, addresses: dict[int, int], port: int
) -> tuple[bytes, bytes]:
    address, number = place
    packed = socket.inet_pton(_FAMILIES[version], address) if address else b""
    return (
        _attribute(addresses[version], packed) if packed else b"",
        _attribute(port, struct.pack("!H", number)),
    )


def _delete_request(entry: bytes) -> Request:
    """Name the entry by its own tuple and its id, so that a successor is left alone."""
    parts = b"".join(_identity(entry))
    gone = frozenset({errno.ENOENT})
    header = entry[:_FAMILY_HEADER_SIZE]
    return Request(_CT_DELETE, 0, header + parts, "forget a tracked connection", gone)


def _identity(entry: bytes) -> Iterator[bytes]:
    for kind, value in attributes(entry[_FAMILY_HEADER_SIZE:]):
        if kind == _CTA_TUPLE_ORIG:
            yield _attribute(kind | _NESTED, value)
        elif kind == _CTA_ID:
            yield _attribute(kind, value)


def _tuple(kind: int, addresses: bytes, ports: bytes) -> bytes:
    inside = _attribute(_CTA_TUPLE_PROTO | _NESTED, ports)
    return _attribute(kind | _NESTED, _attribute(_CTA_TUPLE_IP | _NESTED, addresses) + inside)


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + b"\0" * (-length % 4)
