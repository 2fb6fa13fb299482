"""In a cluster of both families pods of several nodes reach each other by IPv6, too."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from mk8s_agent.network.names import tunnel_name

from tests.support.netlab import Space, eventually, inside, kernel_state, run
from tests.support.netnode import Node, join_up, routed_links, shared_link
from tests.support.wait import until

TUNNEL = tunnel_name("test")


@pytest.fixture
def link(tmp_path: Path) -> Iterator[list[Node]]:
    with shared_link(tmp_path, 2) as nodes:
        for number, node in enumerate(nodes, 1):
            # addresses of their own come some time later: states could not be compared
            node.run("sysctl -qw net.ipv6.conf.uplink.accept_dad=0")
            node.run("sysctl -qw net.ipv6.conf.uplink.disable_ipv6=0")
            node.run(f"ip addr add 2001:db8::{number}/64 dev uplink nodad")
        for node in nodes:
            until("it has its own address", lambda node=node: has_own_address(node))
        yield nodes


def has_own_address(node: Node) -> bool:
    shown = node.run("ip -6 -o addr show dev uplink")
    local = node.run("ip -6 route show table local dev uplink")
    return "scope link" in shown and "tentative" not in shown and "local fe80" in local


@pytest.fixture
def routed(tmp_path: Path) -> Iterator[list[Node]]:
    with routed_links(tmp_path) as nodes:
        yield nodes


def seen(source: Space, target: Space, address: str) -> str:
    """The address that a server sees of a client; empty while there is no way."""
    with inside(target):
        listener = socket.create_server((address, 0), family=socket.AF_INET6)
    with listener, suppress(OSError):
        with inside(source):
            client = socket.create_connection((address, listener.getsockname()[1]), 5)
        with client:
            return str(listener.accept()[1][0])
    return ""


async def pods_meet(nodes: list[Node]) -> None:
    one, two = (node.pod(5) for node in nodes)
    await eventually(lambda: seen(one, two, "fd00:10:244:2::5") == "fd00:10:244:1::5")
    assert seen(two, one, "fd00:10:244:1::5") == "fd00:10:244:2::5"
    assert seen(one, one, "fd00:10:244:1::5") == "fd00:10:244:1::5"
    assert seen(nodes[0].space, two, "fd00:10:244:2::5") == "fd00:10:244:1::1"
    assert seen(nodes[0].space, one, "fd00:10:244:1::5") == "fd00:10:244:1::1"


async def test_by_routes_where_nodes_have_ipv6_addresses_on_one_link(link: list[Node]) -> None:
    for node in link:
        node.setup(both=True)
    one, two = link
    one.ask("peers", [["node2", two.subnets, [two.address, "2001:db8::2"]]])
    two.ask("peers", [["node1", one.subnets, [one.address, "2001:db8::1"]]])
    await pods_meet(link)
    assert TUNNEL not in one.run("ip link")
    assert "fd00:10:244:2::/64 via 2001:db8::2" in one.run("ip -6 route")


async def test_by_vxlan_where_nodes_have_no_ipv6_at_all(routed: list[Node]) -> None:
    join_up(routed, both=True)
    await pods_meet(routed)
    assert f"via fd00:10:244:2::1 dev {TUNNEL}" in routed[0].run("ip -6 route")


async def test_a_pod_works_by_ipv6_the_moment_that_it_is_plugged(routed: list[Node]) -> None:
    node = routed[0]
    node.setup(both=True)
    one, two = node.pod(2), node.pod(3)
    assert seen(one, two, "fd00:10:244:1::3") == "fd00:10:244:1::2"
    with inside(one):
        shown = run("ip -6 -o addr show eth0")
        assert "fd00:10:244:1::2/128" in shown
        assert "tentative" not in shown
        assert "fe80" not in shown


async def test_pods_of_a_cluster_of_one_family_have_no_ipv6(routed: list[Node]) -> None:
    join_up(routed)
    pod = routed[0].pod(2)
    with inside(pod):
        assert run("ip -6 -o addr show eth0") == ""
    assert "fd00" not in routed[0].run("ip -6 route") + routed[0].run("ip -6 addr")


@pytest.mark.parametrize("wraps", [False, True])
async def test_removal_leaves_the_node_as_it_was(
    request: pytest.FixtureRequest, wraps: bool
) -> None:
    nodes: list[Node] = request.getfixturevalue("routed" if wraps else "link")
    node = nodes[0]
    with inside(node.space):
        before = kernel_state() | {"six": run("ip -6 route show table all")}
    join_up(nodes, both=True)
    node.pod(5)
    await eventually(lambda: "fd00:10:244:2::" in node.run("ip -6 route"))
    node.ask("remove")
    with inside(node.space):
        assert kernel_state() | {"six": run("ip -6 route show table all")} == before
