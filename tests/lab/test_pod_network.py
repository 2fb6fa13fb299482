"""Pods of several nodes reach each other: nodes and pods are namespaces, the packets are real."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from mk8s_agent.network.names import hardware_address, tunnel_name

from tests.support.netlab import Space, eventually, inside, kernel_state, run
from tests.support.netnode import Node, join_up, routed_links, shared_link

TUNNEL = tunnel_name("test")
_IP_MTU_DISCOVER, _IP_PMTUDISC_DO = 10, 2
_IP_AND_UDP = 28
_SET_BY_HAND = "3"
"""NET_ADDR_SET of linux/netdevice.h: udev leaves such an address alone."""


@pytest.fixture
def link(tmp_path: Path) -> Iterator[list[Node]]:
    with shared_link(tmp_path) as nodes:
        yield nodes


@pytest.fixture
def routed(tmp_path: Path) -> Iterator[list[Node]]:
    with routed_links(tmp_path) as nodes:
        yield nodes


def ask(source: Space, address: str, timeout: float = 0.5) -> str:
    """What the server there answers: its name, and the address that it sees."""
    with inside(source), socket.create_connection((address, 80), timeout) as connection:
        connection.settimeout(timeout)
        return connection.recv(64).decode()


def answers(source: Space, address: str) -> str:
    with suppress(OSError):
        return ask(source, address)
    return ""


def passes(source: Space, address: str, size: int) -> bool:
    """Whether a packet of that size, which must not be taken apart, is answered."""
    with inside(source), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(2.0)
        channel.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DO)
        channel.connect((address, 80))
        with suppress(OSError):
            channel.send(bytes(size - _IP_AND_UDP))
            return bool(channel.recv(64))
        return False


async def pods_meet(nodes: list[Node]) -> dict[str, Space]:
    """A pod on each node, each of which reaches all the others as itself."""
    pods = {node.pod_address(2): node.pod(2) for node in nodes}
    for own, pod in pods.items():
        for node in nodes:
            other = node.pod_address(2)
            if other != own:
                expected = f"{node.name}-2 {own}"
                await eventually(lambda p=pod, o=other, e=expected: answers(p, o) == e)
    return pods


async def test_pods_on_one_link_reach_each_other_and_all_nodes_as_themselves(
    link: list[Node],
) -> None:
    join_up(link)
    pods = await pods_meet(link)

    assert TUNNEL not in link[0].run("ip link")
    assert "10.244.2.0/24 via 192.0.2.12 dev uplink proto 109" in link[0].run("ip route")
    one = pods["10.244.1.2"]
    assert passes(one, "10.244.2.2", 1500)
    with inside(link[1].space):
        listener = socket.create_server(("192.0.2.12", 8099))
    with listener, inside(one), socket.create_connection(("192.0.2.12", 8099), 1.0):
        assert listener.accept()[1][0] == "10.244.1.2"
    assert ask(link[2].space, "10.244.1.2") == "node1-2 10.244.3.1"


async def test_pods_behind_a_router_reach_each_other_by_vxlan_as_themselves(
    routed: list[Node],
) -> None:
    join_up(routed)
    pods = await pods_meet(routed)

    shown = routed[0].run(f"ip -d link show {TUNNEL}")
    assert hardware_address("10.244.1.1") in shown
    assert "nolearning" in shown
    assert "mtu 1450" in shown
    assert "dst 203.0.113.12" in routed[0].run(f"bridge fdb show dev {TUNNEL}")
    assert "PERMANENT" in routed[0].run(f"ip neigh show dev {TUNNEL}")
    assert passes(pods["10.244.1.2"], "10.244.2.2", 1450)
    assert not passes(pods["10.244.1.2"], "10.244.2.2", 1451)
    assert ask(routed[0].space, "10.244.2.2") == "node2-2 10.244.1.1"


async def test_machines_of_one_image_have_vxlan_links_with_addresses_of_their_own(
    routed: list[Node],
) -> None:
    """They share a machine-id, from which systemd makes the addresses that nobody has set."""
    join_up(routed)
    await pods_meet(routed)
    shown = [node.run(f"ip -o link show {TUNNEL}").split()[-3] for node in routed[:2]]
    assert shown == [hardware_address("10.244.1.1"), hardware_address("10.244.2.1")]
    kind = f"mount -t sysfs none /sys && cat /sys/class/net/{TUNNEL}/addr_assign_type"
    for node in routed[:2]:
        assert node.run(f"unshare --mount sh -c '{kind}'").strip() == _SET_BY_HAND


async def test_pods_have_the_mtu_that_their_way_allows(routed: list[Node]) -> None:
    join_up(routed, "vxlan")
    pod = routed[0].pod(2)
    with inside(pod):
        assert "mtu 1450" in run("ip link show eth0")


async def test_a_large_transfer_finds_its_packet_size_where_ways_are_mixed(
    routed: list[Node],
) -> None:
    """A pod of 1500 bytes meets the tunnel of 1450, and is told."""
    join_up(routed)
    pods = await pods_meet(routed)
    one, two = pods["10.244.1.2"], pods["10.244.2.2"]
    with inside(two):
        listener = socket.create_server(("10.244.2.2", 9000))
    with inside(one):
        sender = socket.create_connection(("10.244.2.2", 9000), 3.0)
    with listener, sender:
        receiver = listener.accept()[0]
        receiver.settimeout(3.0)
        sender.sendall(bytes(60_000))
        received = 0
        while received < 60_000:
            received += len(receiver.recv(65536))
        receiver.close()


async def test_vxlan_is_used_on_one_link_when_it_is_chosen(link: list[Node]) -> None:
    join_up(link, "vxlan")
    await pods_meet(link)
    assert f"10.244.2.0/24 via 10.244.2.1 dev {TUNNEL}" in link[0].run("ip route")


async def test_nodes_that_do_not_agree_on_the_way_reach_each_other_all_the_same(
    link: list[Node],
) -> None:
    """Each takes the other's packets, though its own would leave by another link."""
    one, two, between = link
    for node in link:
        node.run("sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.uplink.rp_filter=1")
    between.run("sysctl -qw net.ipv4.conf.all.send_redirects=0")
    two.run("ip route add 192.0.2.11/32 via 192.0.2.13")
    one.run("ip route add default via 192.0.2.13")
    for node in link:
        node.setup()
    one.knows([two, Node("far", one.space, "203.0.113.9", "10.244.9.0/24", two.state_dir)])
    two.knows(link)
    between.knows(link)
    pods = {node.pod_address(2): node.pod(2) for node in (one, two)}
    await eventually(lambda: answers(pods["10.244.2.2"], "10.244.1.2") == "node1-2 10.244.2.2")
    assert "via 192.0.2.12 dev uplink" in one.run("ip route show 10.244.2.0/24")
    assert f"dev {TUNNEL}" in two.run("ip route show 10.244.1.0/24")


async def test_host_gw_behind_a_router_is_told_with_a_way_out(routed: list[Node]) -> None:
    join_up(routed, "host-gw")
    await eventually(lambda: bool(routed[0].unreachable()))
    (sentence,) = routed[0].unreachable()
    assert "pods of node node2 (10.244.2.0/24) cannot be reached" in sentence
    assert "--pod-network auto or vxlan" in sentence


@pytest.mark.parametrize("mode", ["auto", "vxlan"])
async def test_what_somebody_takes_away_is_put_back(link: list[Node], mode: str) -> None:
    join_up(link, mode)
    pods = await pods_meet(link)
    commands = ["ip route del 10.244.2.0/24"]
    if mode == "vxlan":
        mac = hardware_address("10.244.2.1")
        commands += [
            f"ip link del {TUNNEL}",
            f"ip neigh del 10.244.2.1 dev {TUNNEL}",
            f"bridge fdb del {mac} dev {TUNNEL} dst 192.0.2.12",
        ]
    for command in commands:
        link[0].run(command)
        await eventually(lambda: answers(pods["10.244.1.2"], "10.244.2.2") != "")


async def test_a_node_with_a_new_address_is_reached_by_it(link: list[Node]) -> None:
    join_up(link)
    pods = await pods_meet(link)
    link[1].run("ip addr del 192.0.2.12/24 dev uplink")
    link[1].run("ip addr add 192.0.2.99/24 dev uplink")
    link[1].address = "192.0.2.99"
    for node in link:
        node.knows(link)
    await eventually(lambda: answers(pods["10.244.1.2"], "10.244.2.2") == "node2-2 10.244.1.2")
    assert "via 192.0.2.12" not in link[0].run("ip route")


async def test_an_agent_that_was_killed_finds_its_routes_and_changes_nothing(
    link: list[Node],
) -> None:
    join_up(link, "vxlan")
    pods = await pods_meet(link)
    with inside(link[0].space):
        before = kernel_state()
    link[0].kill()
    assert answers(pods["10.244.1.2"], "10.244.2.2")
    link[0].start()
    link[0].setup("vxlan")
    with inside(link[0].space):
        assert kernel_state() == before
    link[0].knows(link[:2])
    await eventually(lambda: "10.244.3.0/24" not in link[0].run("ip route"))
    assert "192.0.2.13" not in link[0].run(f"bridge fdb show dev {TUNNEL}")
    assert answers(pods["10.244.1.2"], "10.244.2.2")


@pytest.mark.parametrize("mode", ["auto", "vxlan"])
async def test_removal_leaves_the_node_as_it_was(link: list[Node], mode: str) -> None:
    node = link[0]
    node.run("sysctl -qw net.ipv4.conf.uplink.rp_filter=1")
    with inside(node.space):
        before = kernel_state()
    join_up(link, mode)
    await pods_meet(link)
    node.ask("remove")
    with inside(node.space):
        assert kernel_state() == before


async def test_a_firewall_that_drops_forwarded_traffic_lets_pods_of_other_nodes_through(
    link: list[Node],
) -> None:
    """As a node port sends them: from outside, through a node that has no such pod."""
    one, two, outside = link
    one.run("iptables -P FORWARD DROP")
    for node in (one, two):
        node.setup()
        node.knows([one, two])
    two.pod(2)
    outside.run("ip route add 10.244.2.0/24 via 192.0.2.11")
    two.run("ip route add 198.51.100.0/24 via 192.0.2.11")
    outside.run("ip addr add 198.51.100.7/32 dev lo")
    outside.run("ip route replace 10.244.2.0/24 via 192.0.2.11 src 198.51.100.7")
    one.run("ip route add 198.51.100.0/24 via 192.0.2.13")
    await eventually(lambda: answers(outside.space, "10.244.2.2") == "node2-2 198.51.100.7")
