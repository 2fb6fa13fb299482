"""Links on a bridge, and what disturbs them, as the kernel's structures have it."""

from __future__ import annotations

import struct

import pytest
from mk8s_agent.network import bridging
from mk8s_agent.network.netlink import attributes


@pytest.mark.parametrize(
    ("delay", "loss", "latency", "lost"),
    [
        # one tick is 64 ns
        (1.0, 0.0, 15_625, 0),
        (60_000.0, 0.0, 937_500_000, 0),
        (0.0, 100.0, 0, 0xFFFFFFFF),
        (0.0, 50.0, 0, 0x7FFFFFFF),
    ],
)
def test_delay_and_loss_are_netems_options_on_the_links_root(
    delay: float, loss: float, latency: int, lost: int
) -> None:
    body = bridging.impair(7, delay_ms=delay, loss_percent=loss).body
    _, index, handle, parent, _ = struct.unpack_from("=BxxxiIII", body)
    assert (index, handle, parent) == (7, 0, 0xFFFFFFFF)
    found = dict(attributes(body[20:]))
    assert found[1] == b"netem\0"
    assert struct.unpack("=6I", found[2]) == (latency, 1000, lost, 0, 0, 0)
