"""What the kernel tells of links that go, read from its own bytes."""

from __future__ import annotations

import struct

from mk8s_agent.network.link_news import gone

_RTM_NEWLINK, _RTM_DELLINK = 16, 17


def message(kind: int, name: str) -> bytes:
    """A link message: an MTU, then the name."""
    value = name.encode() + b"\0"
    attributes = struct.pack("=HHI", 8, 4, 1500) + struct.pack("=HH", 4 + len(value), 3) + value
    attributes += b"\0" * (-len(attributes) % 4)
    body = struct.pack("=BxHiII", 0, 1, 7, 0, 0) + attributes
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def test_the_end_of_a_pods_link_tells_its_address_and_no_other_news_does() -> None:
    datagram = (
        message(_RTM_NEWLINK, "mk8s0af40005")
        + message(_RTM_DELLINK, "mk8s0af40007")
        + message(_RTM_DELLINK, "docker0")
        + message(_RTM_DELLINK, "mk8s0af40008")
    )
    assert list(gone(datagram)) == ["10.244.0.7", "10.244.0.8"]


def test_what_is_cut_off_tells_nothing() -> None:
    assert list(gone(message(_RTM_DELLINK, "mk8s0af40007")[:20])) == []
    assert list(gone(b"")) == []
