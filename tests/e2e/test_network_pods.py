"""Pods' links, addresses and routes, in namespaces of the test's own."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mk8s_agent.network import messages
from mk8s_agent.network.errors import NetworkError, ProcessGone
from mk8s_agent.network.names import PluggedPod
from mk8s_agent.network.namespaces import enter, namespace_of
from mk8s_agent.network.netlink import Netlink
from mk8s_agent.network.pods import PodNetwork

from tests.support.netlab import (
    CLIENT_ADDRESS,
    NODE_ADDRESS,
    NetLab,
    eventually,
    inside,
    kernel_state,
    net_lab,
    run,
)
from tests.support.nodeconfig import NodeConfig

POD_CIDR = "10.244.0.0/24"


@pytest.fixture
def lab() -> Iterator[NetLab]:
    with net_lab() as made:
        yield made


@pytest.fixture
async def network(lab: NetLab, tmp_path: Path) -> AsyncIterator[PodNetwork]:
    made = PodNetwork(NodeConfig(tmp_path))
    await made.setup(POD_CIDR)
    yield made
    await made.close()


async def test_a_plugged_pod_reaches_pods_the_node_and_is_reached_by_it(
    lab: NetLab, network: PodNetwork
) -> None:
    one, two = lab.pod("one"), lab.pod("two")
    await network.plug(one.pid, "10.244.0.2", "default/one")
    await network.plug(two.pid, "10.244.0.3", "default/two")

    assert lab.tcp(one, "10.244.0.3", 80) == "two 10.244.0.2"
    assert lab.tcp(one, "127.0.0.1", 80) == "one 127.0.0.1"
    assert lab.tcp(lab.node, "10.244.0.2", 80) == "one 10.244.0.1"
    with inside(one):
        assert "default via 169.254.1.1 dev eth0" in run("ip route")
    with socket.create_server((NODE_ADDRESS, 8099)):
        lab.connect(one, NODE_ADDRESS, 8099)


async def test_a_machine_without_any_other_address_still_connects_its_pods(tmp_path: Path) -> None:
    with net_lab(default_route=False) as lab:
        run("ip link del uplink")
        network = PodNetwork(NodeConfig(tmp_path))
        await network.setup(POD_CIDR)
        pod = lab.pod("one")
        await network.plug(pod.pid, "10.244.0.2", "default/one")
        assert lab.tcp(lab.node, "10.244.0.2", 80) == "one 10.244.0.1"
        await network.close()


async def test_plugging_twice_changes_nothing(lab: NetLab, network: PodNetwork) -> None:
    pod = lab.pod("one")
    await network.plug(pod.pid, "10.244.0.2", "default/one")
    before = run("ip -o link")
    await network.plug(pod.pid, "10.244.0.2", "default/one")
    assert run("ip -o link") == before


async def test_a_link_left_by_an_earlier_pod_of_the_address_is_replaced(
    lab: NetLab, network: PodNetwork
) -> None:
    old, new = lab.pod("old"), lab.pod("new")
    await network.plug(old.pid, "10.244.0.2", "default/old")
    await network.plug(new.pid, "10.244.0.2", "default/new")
    assert lab.tcp(lab.node, "10.244.0.2", 80) == "new 10.244.0.1"
    assert await network.plugged() == {PluggedPod("10.244.0.2", "default/new", "mk8s0af40002")}


async def test_another_agent_finds_what_is_plugged(
    lab: NetLab, network: PodNetwork, tmp_path: Path
) -> None:
    pod = lab.pod("one")
    await network.plug(pod.pid, "10.244.0.2", "default/one")
    restarted = PodNetwork(NodeConfig(tmp_path))
    assert {item.name for item in await restarted.plugged()} == {"default/one"}
    other = PodNetwork(NodeConfig(tmp_path, cluster="other"))
    assert await other.plugged() == set()
    with pytest.raises(NetworkError, match="another cluster uses the pod address"):
        await other.setup(POD_CIDR)
        await other.plug(pod.pid, "10.244.0.2", "default/one")
    await restarted.close()
    await other.close()


async def test_the_address_of_dns_is_the_nodes_own_and_goes_with_the_rest(
    lab: NetLab, network: PodNetwork
) -> None:
    pod = lab.pod("one")
    await network.setup(POD_CIDR, dns="10.96.0.11")
    await network.setup(POD_CIDR, dns="10.96.0.10")
    await network.plug(pod.pid, "10.244.0.2", "default/one")
    assert "10.96.0.11" not in run("ip addr show dev lo")
    with socket.create_server(("10.96.0.10", 8053)):
        lab.connect(pod, "10.96.0.10", 8053)
    await network.teardown()
    assert "10.96.0." not in run("ip addr show dev lo")


async def test_unplugging_is_done_when_the_pod_is_gone_already(
    lab: NetLab, network: PodNetwork
) -> None:
    pod = lab.pod("one")
    await network.plug(pod.pid, "10.244.0.2", "default/one")
    await network.unplug("10.244.0.2")
    await network.unplug("10.244.0.2")
    assert await network.plugged() == set()


async def test_a_half_done_plug_is_undone(
    lab: NetLab, network: PodNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise NetworkError("the second half failed")

    pod = lab.pod("one")
    before = kernel_state()
    monkeypatch.setattr("mk8s_agent.network.plugging._configure_pod", fail)
    with pytest.raises(NetworkError, match="second half"):
        await network.plug(pod.pid, "10.244.0.2", "default/one")
    assert kernel_state() == before


async def test_a_process_that_cannot_be_plugged_is_named(lab: NetLab, network: PodNetwork) -> None:
    with pytest.raises(NetworkError, match="still in the node's"):
        await network.plug(os.getpid(), "10.244.0.2", "default/one")
    pod = lab.pod("gone")
    pod.process.kill()
    pod.process.wait()
    with pytest.raises(ProcessGone, match="has ended"):
        await network.plug(pod.pid, "10.244.0.2", "default/one")
    assert await network.plugged() == set()


def test_more_requests_than_a_socket_holds_answers_to_are_all_carried_out(lab: NetLab) -> None:
    wanted = [f"10.9.{n // 250}.{n % 250 + 1}" for n in range(1000)]
    with Netlink() as netlink:
        netlink.run([messages.add_address(one, messages.LOOPBACK_INDEX) for one in wanted])
    shown = run("ip -o -4 addr show dev lo")
    assert [one for one in wanted if f" {one}/32" not in shown] == []


def test_a_process_of_the_machines_network_is_not_taken_for_a_labs_pod(lab: NetLab) -> None:
    """One whose pause has not left the machine's network yet, when a node's agent was killed."""

    def as_an_agent_of_the_lab() -> None:
        enter(Path(f"/proc/{lab.client.pid}/ns/net"))
        with namespace_of(os.getpid()):
            run("ip link add in-the-machine type veth peer name its-peer")

    with ThreadPoolExecutor(1) as threads, pytest.raises(NetworkError, match="still in the node's"):
        threads.submit(as_an_agent_of_the_lab).result()
    assert "in-the-machine" not in run("ip link")


@pytest.mark.parametrize("whole_machine", ["0", "1", "2"])
async def test_a_pod_cannot_send_from_an_address_that_is_not_its_own(
    lab: NetLab, network: PodNetwork, whole_machine: str
) -> None:
    """The laxest setting of the machine counts, but not for links without an address."""
    run(f"sysctl -qw net.ipv4.conf.all.rp_filter={whole_machine}")
    one, two = lab.pod("one"), lab.pod("two")
    await network.plug(one.pid, "10.244.0.2", "default/one")
    await network.plug(two.pid, "10.244.0.3", "default/two")
    with inside(two):
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with inside(one):
        run("ip addr add 10.244.0.9/32 dev eth0")
        sender, liar = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "12")
    with listener, sender, liar:
        listener.bind(("10.244.0.3", 9000))
        listener.settimeout(0.5)
        sender.sendto(b"own", ("10.244.0.3", 9000))
        assert listener.recv(8) == b"own"
        liar.bind(("10.244.0.9", 0))
        liar.sendto(b"false", ("10.244.0.3", 9000))
        with pytest.raises(TimeoutError):
            listener.recv(8)


async def test_pods_have_the_mtu_of_the_uplink(lab: NetLab, tmp_path: Path) -> None:
    run("ip link set uplink mtu 1400")
    network = PodNetwork(NodeConfig(tmp_path))
    await network.setup(POD_CIDR)
    pod = lab.pod("one")
    await network.plug(pod.pid, "10.244.0.2", "default/one")
    with inside(pod):
        assert "mtu 1400" in run("ip link show eth0")
    await network.close()


async def test_removal_leaves_the_kernel_as_it_was(lab: NetLab, tmp_path: Path) -> None:
    run("sysctl -qw net.ipv4.ip_forward=0")
    run("iptables -P FORWARD DROP")
    before = kernel_state()
    network = PodNetwork(NodeConfig(tmp_path))
    await network.setup(POD_CIDR)
    for number in (2, 3):
        pod = lab.pod(str(number))
        await network.plug(pod.pid, f"10.244.0.{number}", f"default/{number}")
    await network.close()
    assert kernel_state() != before

    await PodNetwork.remove_everything(NodeConfig(tmp_path))

    assert kernel_state() == before
    assert os.listdir(tmp_path) == []  # noqa: PTH208


@pytest.mark.parametrize("program", ["iptables", "iptables-legacy"])
async def test_pods_get_through_a_firewall_that_drops_forwarded_traffic(
    lab: NetLab, tmp_path: Path, program: str
) -> None:
    """Docker's engine sets the policy, keeps DOCKER-USER, and makes both anew when it starts."""
    for command in ("-P FORWARD DROP", "-N DOCKER-USER", "-A FORWARD -j DOCKER-USER"):
        run(f"{program} {command}")
    network = PodNetwork(NodeConfig(tmp_path))
    await network.setup(POD_CIDR)
    pod = lab.pod("one")
    await network.plug(pod.pid, "10.244.0.2", "default/one")
    with inside(lab.client):
        run(f"ip route add 10.244.0.0/24 via {NODE_ADDRESS}")
    assert lab.tcp(lab.client, "10.244.0.2", 80) == f"one {CLIENT_ADDRESS}"
    assert run(f"{program} -S DOCKER-USER").count("mk8s: test") == 4

    await network.repair()
    assert run(f"{program} -S DOCKER-USER").count("mk8s: test") == 4

    await PodNetwork.remove_everything(NodeConfig(tmp_path))
    assert "mk8s" not in run(f"{program} -S")
    await network.close()


async def test_the_way_through_the_firewall_is_restored_when_the_engine_rebuilds_it(
    lab: NetLab, network: PodNetwork
) -> None:
    watcher = asyncio.create_task(network.watch_firewall())
    await asyncio.sleep(0)
    pod = lab.pod("one")
    await network.plug(pod.pid, "10.244.0.2", "default/one")
    with inside(lab.client):
        run(f"ip route add 10.244.0.0/24 via {NODE_ADDRESS}")
    run("iptables -P FORWARD DROP")
    await eventually(lambda: "mk8s: test" in run("iptables -S FORWARD"))
    assert lab.tcp(lab.client, "10.244.0.2", 80) == f"one {CLIENT_ADDRESS}"
    watcher.cancel()


async def test_a_firewall_of_another_kind_is_named_with_a_way_out(
    lab: NetLab, network: PodNetwork, caplog: pytest.LogCaptureFixture
) -> None:
    run("nft add table inet strict")
    hook = "{ type filter hook forward priority 0; policy drop; }"
    run(f"nft 'add chain inet strict passing {hook}'")
    await network.repair()
    await network.repair()
    told = [record.getMessage() for record in caplog.records]
    assert (
        len([line for line in told if "inet strict passing drops forwarded traffic" in line]) == 1
    )
