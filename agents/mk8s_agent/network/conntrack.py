"""Forgetting connections that the kernel tracks.

Owns the three conntrack messages that this takes. They are put together here: pyroute2's conntrack
module costs 24 ms and 3.4 MB, and all that is done with what the kernel sends is to send it back.
"""

import errno
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mk8s_agent.network.netlink import Netlink, Request, attributes

_NETLINK_NETFILTER = 12
_CT_GET, _CT_DELETE = 0x101, 0x102
_CTA_TUPLE_ORIG, _CTA_TUPLE_REPLY, _CTA_ID, _CTA_FILTER = 1, 2, 12, 25
_CTA_TUPLE_IP, _CTA_TUPLE_PROTO = 1, 2
_CTA_IP_V4_SRC = 1
_CTA_PROTO_NUM, _CTA_PROTO_SRC_PORT, _CTA_PROTO_DST_PORT = 1, 2, 3
_CTA_FILTER_ORIG_FLAGS, _CTA_FILTER_REPLY_FLAGS = 1, 2
_BY_SOURCE, _BY_PROTOCOL, _BY_SOURCE_PORT, _BY_DESTINATION_PORT = 1, 8, 16, 32
_NESTED = 0x8000
_FAMILY_HEADER = struct.pack("=BBH", socket.AF_INET, 0, 0)


class Flow(NamedTuple):
    """Which UDP flows: those answered by `backend`, or those sent to `destination_port`."""

    backend: tuple[str, int] | None = None
    destination_port: int = 0


def forget_udp(flows: Iterable[Flow]) -> int:
    """Delete all tracked UDP flows that match; the number of those found. Blocking.

    Works in the calling thread's network namespace. Raises NetworkError.
    """
    found = 0
    with Netlink(_NETLINK_NETFILTER) as netlink:
        for flow in flows:
            entries = netlink.dump(_dump_request(flow))
            requests = [_delete_request(entry) for entry in entries]
            for request in requests:
                netlink.run([request])
            found += len(requests)
    return found


def _dump_request(flow: Flow) -> Request:
    protocol = _attribute(_CTA_PROTO_NUM, bytes([socket.IPPROTO_UDP]))
    if flow.backend is not None:
        address, port = flow.backend
        source = _attribute(_CTA_IP_V4_SRC, socket.inet_aton(address))
        ports = protocol + _attribute(_CTA_PROTO_SRC_PORT, struct.pack("!H", port))
        wanted = _tuple(_CTA_TUPLE_REPLY, source, ports)
        flags = (0, _BY_SOURCE | _BY_PROTOCOL | _BY_SOURCE_PORT)
    else:
        ports = protocol + _attribute(_CTA_PROTO_DST_PORT, struct.pack("!H", flow.destination_port))
        wanted = _tuple(_CTA_TUPLE_ORIG, b"", ports)
        flags = (_BY_PROTOCOL | _BY_DESTINATION_PORT, 0)
    chosen = _attribute(
        _CTA_FILTER | _NESTED,
        _attribute(_CTA_FILTER_ORIG_FLAGS, struct.pack("=I", flags[0]))
        + _attribute(_CTA_FILTER_REPLY_FLAGS, struct.pack("=I", flags[1])),
    )
    body = _FAMILY_HEADER + wanted + chosen
    return Request(_CT_GET, 0, body, "list tracked connections")


def _delete_request(entry: bytes) -> Request:
    """Name the entry by its own tuple and its id, so that a successor is left alone."""
    parts = b"".join(_identity(entry))
    gone = frozenset({errno.ENOENT})
    return Request(_CT_DELETE, 0, _FAMILY_HEADER + parts, "forget a tracked connection", gone)


def _identity(entry: bytes) -> Iterator[bytes]:
    for kind, value in attributes(entry[len(_FAMILY_HEADER) :]):
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
