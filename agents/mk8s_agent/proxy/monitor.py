"""Who changed nftables: the kernel's notifications, boiled down to one value a transaction.

Owns how notifications are parsed. Knows no rules and repairs nothing.
"""

import struct
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from minikube8s.kit import kernelnews

_NETLINK_NETFILTER = 12
_NFNLGRP_NFTABLES = 7
_SUBSYSTEM_NFTABLES = 10
_NFT_MSG_NEWGEN = 15
_NFTA_GEN_PROC_NAME = 3
_NFTA_TABLE = 1
_FIRST_ATTRIBUTE = 20
_BUFFER_BYTES = 32 << 20
"""The kernel uses of it what is not read yet. The agent hears of its own transactions, too: one
that makes 2,700 Services of 10 endpoints tells 6 MB, and a loss has the table made again."""

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")


@dataclass(frozen=True, slots=True)
class Commit:
    """One transaction: who committed it (thread name), and the names of the tables it touched.

    `complete` is false when notifications were lost: then anything may have changed.
    """

    thread: str
    tables: frozenset[str]
    complete: bool = True


LOST = Commit("", frozenset(), complete=False)


class CommitReader:
    """Puts notifications together; a transaction's messages come before the one that ends it."""

    def __init__(self) -> None:
        self._tables: set[str] = set()

    def feed(self, datagram: bytes) -> Iterator[Commit]:
        """The transactions that this datagram completes."""
        offset = 0
        while offset + _HEADER.size <= len(datagram):
            length, kind, *_ = _HEADER.unpack_from(datagram, offset)
            if length < _HEADER.size:
                return
            if kind >> 8 == _SUBSYSTEM_NFTABLES:
                attributes = _strings(datagram[offset + _FIRST_ATTRIBUTE : offset + length])
                if kind & 0xFF == _NFT_MSG_NEWGEN:
                    thread = attributes.get(_NFTA_GEN_PROC_NAME, b"")
                    yield Commit(_text(thread), frozenset(self._tables))
                    self._tables.clear()
                elif _NFTA_TABLE in attributes:
                    self._tables.add(_text(attributes[_NFTA_TABLE]))
            offset += (length + 3) & ~3

    def reset(self) -> None:
        """Forget a half-read transaction, after a loss."""
        self._tables.clear()


async def commits() -> AsyncIterator[list[Commit]]:
    """Every transaction in this network namespace from now on; never ends by itself.

    Yields all that happened since the last time. The kernel buffers up to 32 MB for a reader that
    takes its time; what does not fit is reported as `LOST`.
    """
    reader = CommitReader()
    groups = 1 << (_NFNLGRP_NFTABLES - 1)
    async for waiting in kernelnews.batches(_NETLINK_NETFILTER, groups, _BUFFER_BYTES):
        batch = [commit for datagram in waiting for commit in _read(reader, datagram)]
        if batch:
            yield batch


def _read(reader: CommitReader, datagram: bytes | None) -> Iterator[Commit]:
    if datagram is None:
        reader.reset()
        yield LOST
    else:
        yield from reader.feed(datagram)


def _strings(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    offset = 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            break
        found[kind & 0x3FFF] = data[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3
    return found


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")
