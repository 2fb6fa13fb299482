"""Reading the kernel's notifications."""

from __future__ import annotations

import struct

from mk8s_agent.proxy.monitor import Commit, CommitReader

NEWTABLE, NEWRULE, NEWGEN = 0xA00, 0xA06, 0xA0F


def message(kind: int, attribute: int, text: str) -> bytes:
    value = text.encode() + b"\0"
    data = struct.pack("=HH", 4 + len(value), attribute) + value
    data += b"\0" * (-len(data) % 4)
    return struct.pack("=IHHII", 20 + len(data), kind, 0, 0, 0) + bytes(4) + data


def test_a_transaction_names_its_tables_and_who_made_it() -> None:
    reader = CommitReader()
    first = message(NEWTABLE, 1, "a") + message(NEWRULE, 1, "filter")
    assert list(reader.feed(first)) == []
    assert list(reader.feed(message(NEWGEN, 3, "nft"))) == [
        Commit("nft", frozenset({"a", "filter"}))
    ]
    assert list(reader.feed(message(NEWGEN, 3, "iptables"))) == [Commit("iptables", frozenset())]


def test_other_subsystems_and_broken_datagrams_are_ignored() -> None:
    reader = CommitReader()
    assert list(reader.feed(message(0x100, 1, "conntrack"))) == []
    assert list(reader.feed(b"\0" * 40)) == []
    assert list(reader.feed(b"\1")) == []
