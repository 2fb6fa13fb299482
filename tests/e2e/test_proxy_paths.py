"""What connections to Services meet, packet by packet, in namespaces of the test's own."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mk8s_agent.assignments import Assigned, Assignments
from mk8s_agent.network import conntrack
from mk8s_agent.network.pods import PodNetwork
from mk8s_agent.proxy import ServiceProxy

from tests.support import sctp
from tests.support.agentnode import container, pod_json, view
from tests.support.netlab import (
    CLIENT_ADDRESS,
    NODE_ADDRESS,
    NetLab,
    Space,
    eventually,
    exchange,
    inside,
    kernel_state,
    net_lab,
    refused_quickly,
    run,
)
from tests.support.nodeconfig import NODE, NodeConfig

CLUSTER_IP = "10.96.0.10"
NODE_PORT = 30080


@dataclass
class World:
    """A node with three pods, its proxy running, and the objects that it is given."""

    lab: NetLab
    config: NodeConfig
    network: PodNetwork
    assignments: Assignments
    proxy: ServiceProxy
    running: asyncio.Task[None]
    pods: dict[str, Space] = field(default_factory=dict)
    revision: int = 0

    async def add_pod(self, address: str) -> Space:
        pod = self.pods[address] = self.lab.pod(address)
        await self.network.plug(pod.pid, address, f"default/{address}")
        return pod

    def give(self, resource: str, obj: dict[str, Any]) -> None:
        self.revision += 1
        meta = obj["metadata"]
        key = (meta["namespace"], meta["name"])
        raw = msgspec.json.encode(obj)
        item: Assigned[Any] = Assigned(resource, key, self.revision, raw)
        self.assignments.update([item], [], self.revision)

    def take(self, resource: str, name: str) -> None:
        self.assignments.update([], [(resource, ("default", name))], self.revision)

    async def service(
        self,
        *backends: str,
        protocol: str = "TCP",
        status: dict[str, Any] | None = None,
        **spec: Any,
    ) -> None:
        """Give Service `web` with these backends and wait until the rules are there."""
        port = {"port": 80, "protocol": protocol, "nodePort": NODE_PORT}
        spec = {"type": "NodePort", "clusterIP": CLUSTER_IP, "ports": [port]} | spec
        obj = {"metadata": _meta("web"), "spec": spec, "status": status or {}}
        self.give("services", obj)
        await self.endpoints(*backends, protocol=protocol)

    async def endpoints(self, *backends: str, protocol: str = "TCP", node: str = NODE) -> None:
        self.give("endpointslices", _slice(backends, protocol, node))
        await eventually(lambda: _rules_name(backends))


def _meta(name: str, **labels: str) -> dict[str, Any]:
    return {"namespace": "default", "name": name, "labels": labels}


def _slice(backends: tuple[str, ...], protocol: str, node: str) -> dict[str, Any]:
    return {
        "metadata": _meta("web-1", **{"kubernetes.io/service-name": "web"}),
        "ports": [{"port": 80, "protocol": protocol}],
        "endpoints": [
            {"addresses": [each], "conditions": {"ready": True}, "nodeName": node}
            for each in backends
        ],
    }


def _rules_name(backends: tuple[str, ...]) -> bool:
    """Whether the table knows exactly these backends, and nothing is left to be swept."""
    listing = run("nft list table inet mk8s-test")
    chains = [line for line in listing.splitlines() if line.strip().startswith("chain svc_")]
    known = {address for address in (f"10.244.0.{n}" for n in range(2, 20)) if address in listing}
    led_to = "80 : goto svc_" in listing
    return known == set(backends) and len(chains) == led_to == bool(backends)


def _replaced(old: str, new: str) -> bool:
    """Whether the table knows the new and no longer the old: it is swept after it was changed."""
    listing = run("nft list table inet mk8s-test")
    return new in listing and old not in listing


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        lab = stack.enter_context(net_lab())
        config = NodeConfig(tmp_path)
        network = PodNetwork(config)
        stack.push_async_callback(network.close)
        await network.setup("10.244.0.0/24")
        assignments = Assignments()
        assignments.replace([], 1)
        proxy = ServiceProxy(config, assignments)
        stack.push_async_callback(proxy.close)
        running = asyncio.create_task(proxy.run())
        stack.push_async_callback(_stop, running)
        made = World(lab, config, network, assignments, proxy, running)
        for address in ("10.244.0.2", "10.244.0.3", "10.244.0.4"):
            await made.add_pod(address)
        await eventually(lambda: "inet mk8s-test" in run("nft list tables"))
        yield made


async def _stop(running: asyncio.Task[None]) -> None:
    running.cancel()
    await asyncio.wait([running])


async def test_a_cluster_ip_answers_pods_and_the_node(world: World) -> None:
    await world.service("10.244.0.2")
    caller = world.pods["10.244.0.3"]
    assert world.lab.tcp(caller, CLUSTER_IP, 80) == "10.244.0.2 10.244.0.3"
    assert world.lab.tcp(world.lab.node, CLUSTER_IP, 80) == "10.244.0.2 10.244.0.1"


async def test_a_cluster_ip_answers_the_node_without_a_default_route(world: World) -> None:
    run("ip route del default")
    await world.service("10.244.0.2")
    assert world.lab.tcp(world.lab.node, CLUSTER_IP, 80) == "10.244.0.2 10.244.0.1"
    await world.endpoints()
    assert refused_quickly(lambda: world.lab.tcp(world.lab.node, CLUSTER_IP, 80))


async def test_a_pod_reaches_itself_through_its_service(world: World) -> None:
    await world.service("10.244.0.2")
    answer = world.lab.tcp(world.pods["10.244.0.2"], CLUSTER_IP, 80)
    assert answer.startswith("10.244.0.2 ")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.5", NODE_ADDRESS, "10.244.0.1"])
async def test_a_node_port_answers_on_every_address_of_the_node(world: World, address: str) -> None:
    await world.service("10.244.0.2")
    assert world.lab.tcp(world.lab.node, address, NODE_PORT).startswith("10.244.0.2 ")


async def test_a_node_port_answers_pods_and_the_outside(world: World) -> None:
    await world.service("10.244.0.2")
    pod = world.pods["10.244.0.3"]
    assert world.lab.tcp(pod, NODE_ADDRESS, NODE_PORT) == "10.244.0.2 10.244.0.3"
    answer = world.lab.tcp(world.lab.client, NODE_ADDRESS, NODE_PORT)
    assert answer == f"10.244.0.2 {CLIENT_ADDRESS}"


async def test_connections_from_outside_to_another_nodes_backend_come_back_through_this_node(
    world: World,
) -> None:
    """The backend is the outside machine here: it must see the node, not the client."""
    await world.service("10.244.0.2")
    far = world.lab.pod("far")
    with inside(world.lab.client):
        run(f"ip link add far type veth peer name eth0 netns {far.pid}")
        run("ip addr add 10.244.1.1/24 dev far")
        run("ip link set far up")
        run("sysctl -qw net.ipv4.ip_forward=1")
    with inside(far):
        run("ip addr add 10.244.1.2/24 dev eth0")
        run("ip link set eth0 up")
        run("ip route add default via 10.244.1.1")
    run(f"ip route add 10.244.1.0/24 via {CLIENT_ADDRESS}")
    far_slice = _slice(("10.244.1.2",), "TCP", "node-2")
    world.give("endpointslices", far_slice)
    await eventually(lambda: _replaced("10.244.0.2", "10.244.1.2"))
    answer = world.lab.tcp(world.lab.client, NODE_ADDRESS, NODE_PORT)
    assert answer == f"far {NODE_ADDRESS}"
    assert world.lab.tcp(world.lab.node, "127.0.0.1", NODE_PORT) == f"far {NODE_ADDRESS}"


async def test_nobody_outside_reaches_the_nodes_loopback(world: World) -> None:
    with inside(world.lab.client):
        run("sysctl -qw net.ipv4.conf.all.route_localnet=1")
        run("ip route del table local 127.0.0.0/8 dev lo")
        run("ip addr del 127.0.0.1/8 dev lo")
        run(f"ip route add 127.0.0.0/8 via {NODE_ADDRESS} src {CLIENT_ADDRESS}")
    with socket.create_server(("127.0.0.1", 8099)), pytest.raises(TimeoutError):
        world.lab.connect(world.lab.client, "127.0.0.1", 8099, timeout=0.5)


async def test_nobody_outside_passes_for_the_nodes_loopback(world: World) -> None:
    """The kernel itself knows 127.0.0.1 alone where it lets such addresses through at all."""
    run("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.uplink.rp_filter=0")
    with inside(world.lab.client):
        run("sysctl -qw net.ipv4.conf.all.route_localnet=1")
        liar = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with listener, liar:
        listener.bind((NODE_ADDRESS, 8098))
        listener.settimeout(0.5)
        liar.bind(("127.0.0.2", 0))
        liar.sendto(b"false", (NODE_ADDRESS, 8098))
        with pytest.raises(TimeoutError):
            listener.recv(8)


async def test_without_endpoints_connections_are_refused_at_once(world: World) -> None:
    await world.service()
    lab, pod = world.lab, world.pods["10.244.0.2"]
    assert refused_quickly(lambda: lab.tcp(pod, CLUSTER_IP, 80))
    assert refused_quickly(lambda: lab.tcp(lab.node, CLUSTER_IP, 80))
    assert refused_quickly(lambda: lab.tcp(lab.node, "127.0.0.1", NODE_PORT))
    assert refused_quickly(lambda: lab.tcp(lab.client, NODE_ADDRESS, NODE_PORT))
    assert refused_quickly(lambda: lab.udp(pod, CLUSTER_IP, 80))


async def test_an_address_or_port_that_no_service_has_is_refused_at_once(world: World) -> None:
    await world.service("10.244.0.2")
    pod = world.pods["10.244.0.3"]
    assert refused_quickly(lambda: world.lab.tcp(pod, "10.96.5.5", 80))
    assert refused_quickly(lambda: world.lab.tcp(pod, CLUSTER_IP, 81))


async def test_all_endpoints_get_connections(world: World) -> None:
    backends = ("10.244.0.2", "10.244.0.3", "10.244.0.4")
    await world.service(*backends)
    answers = Counter(
        world.lab.tcp(world.lab.client, NODE_ADDRESS, NODE_PORT).split()[0] for _ in range(120)
    )
    assert set(answers) == set(backends)
    assert min(answers.values()) > 15


async def test_policy_local_keeps_the_clients_address_and_uses_local_endpoints(
    world: World,
) -> None:
    await world.service("10.244.0.2", externalTrafficPolicy="Local")
    lab = world.lab
    assert lab.tcp(lab.client, NODE_ADDRESS, NODE_PORT) == f"10.244.0.2 {CLIENT_ADDRESS}"
    await world.endpoints("10.244.0.3", node="node-2")
    with pytest.raises(TimeoutError):
        lab.tcp(lab.client, NODE_ADDRESS, NODE_PORT, timeout=0.5)
    assert lab.tcp(lab.node, "127.0.0.1", NODE_PORT).startswith("10.244.0.3 ")
    assert lab.tcp(world.pods["10.244.0.2"], CLUSTER_IP, 80) == "10.244.0.3 10.244.0.2"


async def test_internal_policy_local_uses_local_endpoints_only(world: World) -> None:
    await world.service("10.244.0.2", internalTrafficPolicy="Local")
    pod = world.pods["10.244.0.4"]
    assert world.lab.tcp(pod, CLUSTER_IP, 80) == "10.244.0.2 10.244.0.4"
    world.give("endpointslices", _slice(("10.244.0.3",), "TCP", "node-2"))
    await eventually(lambda: _replaced("10.244.0.2", "10.244.0.3"))
    with pytest.raises(TimeoutError):
        world.lab.tcp(pod, CLUSTER_IP, 80, timeout=0.5)


async def test_a_client_with_affinity_keeps_its_endpoint_while_others_come_and_go(
    world: World,
) -> None:
    await world.service("10.244.0.2", "10.244.0.3", sessionAffinity="ClientIP")
    lab, pod = world.lab, world.pods["10.244.0.4"]
    first = lab.tcp(pod, CLUSTER_IP, 80)
    assert {lab.tcp(pod, CLUSTER_IP, 80) for _ in range(20)} == {first}
    chosen = first.split()[0]
    await world.endpoints(*sorted({chosen, "10.244.0.4"}))
    assert {lab.tcp(pod, CLUSTER_IP, 80) for _ in range(20)} == {first}
    remaining = "10.244.0.4"
    await world.endpoints(remaining)
    assert lab.tcp(world.pods["10.244.0.2"], CLUSTER_IP, 80).startswith(remaining)


async def test_an_external_ip_leads_to_the_service(world: World) -> None:
    await world.service("10.244.0.2", externalIPs=["203.0.113.7"])
    with inside(world.lab.client):
        run(f"ip route add 203.0.113.7 via {NODE_ADDRESS}")
    assert world.lab.tcp(world.lab.client, "203.0.113.7", 80).startswith("10.244.0.2 ")
    await world.endpoints()
    assert refused_quickly(lambda: world.lab.tcp(world.lab.client, "203.0.113.7", 80))


async def test_source_ranges_let_only_some_use_a_load_balancers_address(world: World) -> None:
    lab, balancer = world.lab, "203.0.113.200"
    with inside(lab.client):
        run(f"ip route add {balancer} via {NODE_ADDRESS}")
    status = {"loadBalancer": {"ingress": [{"ip": balancer}]}}
    before = "none before"
    for wanted, allowed in (("198.51.100.0/24", True), ("192.0.2.0/24", False)):
        spec = {"type": "LoadBalancer", "loadBalancerSourceRanges": [wanted]}
        await world.service("10.244.0.2", status=status, **spec)
        await eventually(lambda old=before, new=wanted: _replaced(old, new))
        before = wanted
        if allowed:
            assert lab.tcp(lab.client, balancer, 80) == f"10.244.0.2 {CLIENT_ADDRESS}"
        else:
            with pytest.raises(TimeoutError):
                lab.tcp(lab.client, balancer, 80, timeout=0.3)
        with pytest.raises(TimeoutError):
            lab.tcp(world.pods["10.244.0.3"], balancer, 80, timeout=0.3)
        assert lab.tcp(lab.client, NODE_ADDRESS, NODE_PORT).startswith("10.244.0.2 ")


async def test_a_load_balancer_is_told_where_the_endpoints_are(world: World) -> None:
    def told() -> int:
        try:
            with inside(world.lab.client):
                asking = socket.create_connection((NODE_ADDRESS, 31000), 3)
            with asking:
                asking.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                return int((asking.recv(256).split() or [0, -1])[1])
        except ConnectionRefusedError:
            return 0
        except ConnectionResetError:
            return -1

    async def until_told(status: int) -> None:
        async with asyncio.timeout(30):
            while await asyncio.to_thread(told) != status:
                pass

    spec = {"externalTrafficPolicy": "Local", "healthCheckNodePort": 31000}
    await world.service("10.244.0.2", type="LoadBalancer", **spec)
    await until_told(200)
    await world.endpoints("10.244.0.3", node="node-2")
    await until_told(503)
    world.take("services", "web")
    await until_told(0)


async def test_sctp_is_led_to_an_endpoint(world: World) -> None:
    await world.service("10.244.0.2", protocol="SCTP")
    with sctp.listen(world.pods["10.244.0.2"]) as seeing:
        sctp.begin(world.pods["10.244.0.3"], CLUSTER_IP, 80)
        assert sctp.received(seeing) == ("10.244.0.3", 80)
        sctp.begin(world.lab.client, NODE_ADDRESS, NODE_PORT)
        assert sctp.received(seeing) == (CLIENT_ADDRESS, 80)


@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
async def test_a_host_port_leads_everyone_to_the_pod_and_shows_who_comes(
    world: World, protocol: str
) -> None:
    lab, call = world.lab, world.lab.tcp if protocol == "TCP" else world.lab.udp
    everywhere = {"containerPort": 80, "hostPort": 8080, "protocol": protocol}
    here = {**everywhere, "hostPort": 8081, "hostIP": NODE_ADDRESS}
    world.proxy.open(view(pod_json(container(ports=[everywhere, here]))), "10.244.0.2")
    await eventually(lambda: "8081 : goto" in run("nft list table inet mk8s-test"))
    assert call(lab.client, NODE_ADDRESS, 8080) == f"10.244.0.2 {CLIENT_ADDRESS}"
    assert call(lab.client, NODE_ADDRESS, 8081) == f"10.244.0.2 {CLIENT_ADDRESS}"
    assert call(world.pods["10.244.0.3"], NODE_ADDRESS, 8080) == "10.244.0.2 10.244.0.3"
    assert call(world.pods["10.244.0.2"], NODE_ADDRESS, 8080).startswith("10.244.0.2 ")
    assert call(lab.node, "127.0.0.1", 8080).startswith("10.244.0.2 ")
    assert refused_quickly(lambda: call(lab.node, "127.0.0.1", 8081))
    world.proxy.shut("uid-1")
    await eventually(lambda: refused_quickly(lambda: call(lab.client, NODE_ADDRESS, 8080)))


def _who(channel: socket.socket) -> str:
    """Who answers; "" for nobody: answers in the moment that a flow is forgotten are lost."""
    with suppress(TimeoutError):
        return exchange(channel, CLUSTER_IP, 80, timeout=0.5).split()[0]
    return ""


async def test_a_busy_udp_flow_moves_when_its_endpoint_goes(world: World) -> None:
    await world.service("10.244.0.2", protocol="UDP")
    with inside(world.pods["10.244.0.4"]):
        channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with channel:
        assert exchange(channel, CLUSTER_IP, 80) == "10.244.0.2 10.244.0.4"
        await world.endpoints("10.244.0.3", protocol="UDP")

        def moved() -> bool:
            return _who(channel) == "10.244.0.3"

        await eventually(moved)


@pytest.mark.parametrize("one_by_one", [8, 0])
async def test_a_busy_udp_flow_to_a_service_that_is_gone_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, one_by_one: int
) -> None:
    monkeypatch.setattr(conntrack, "_ONE_BY_ONE", one_by_one)
    await world.service("10.244.0.2", protocol="UDP")
    with inside(world.pods["10.244.0.4"]):
        channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with channel:
        assert exchange(channel, CLUSTER_IP, 80) == "10.244.0.2 10.244.0.4"
        world.take("services", "web")

        def refused() -> bool:
            with suppress(ConnectionRefusedError):
                _who(channel)
                return False
            return True

        await eventually(refused)


async def test_a_new_agent_moves_udp_flows_that_have_become_wrong_and_no_others(
    world: World,
) -> None:
    await world.service("10.244.0.2", "10.244.0.3", protocol="UDP")
    channels = []
    for _ in range(24):  # so that chance leads some to each
        with inside(world.pods["10.244.0.4"]):
            channels.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    before = [exchange(each, CLUSTER_IP, 80).split()[0] for each in channels]
    assert set(before) == {"10.244.0.2", "10.244.0.3"}
    await _stop(world.running)
    world.give("endpointslices", _slice(("10.244.0.3", "10.244.0.4"), "UDP", NODE))
    restarted = ServiceProxy(world.config, world.assignments)
    running = asyncio.create_task(restarted.run())

    def moved() -> bool:
        now = [_who(each) for each in channels]
        stayed = [n for b, n in zip(before, now, strict=True) if b == "10.244.0.3"]
        assert set(stayed) == {"10.244.0.3"}
        return "" not in now and "10.244.0.2" not in now

    await eventually(moved)
    await _stop(running)
    await restarted.close()
    for each in channels:
        each.close()


async def test_a_busy_udp_flow_finds_a_node_port_that_comes_later(world: World) -> None:
    with inside(world.lab.client):
        channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    channel.settimeout(1)
    with channel, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as earlier:
        earlier.bind((NODE_ADDRESS, NODE_PORT))
        channel.connect((NODE_ADDRESS, NODE_PORT))
        channel.send(b"?")
        assert earlier.recv(8) == b"?"
        await world.service("10.244.0.2", protocol="UDP")

        def found() -> bool:
            with suppress(TimeoutError):
                return exchange(channel, NODE_ADDRESS, NODE_PORT, 0.2).startswith("10.244.0.2 ")
            return False

        await eventually(found)


async def test_no_connection_is_refused_while_endpoints_change(world: World) -> None:
    await world.service("10.244.0.2", "10.244.0.3")
    done = asyncio.Event()

    def connect_all_the_time() -> int:
        count = 0
        while not done.is_set():
            world.lab.tcp(world.lab.client, NODE_ADDRESS, NODE_PORT)
            count += 1
        return count

    caller = asyncio.create_task(asyncio.to_thread(connect_all_the_time))
    for turn in range(30):
        await world.endpoints("10.244.0.2", "10.244.0.4" if turn % 2 else "10.244.0.3")
    done.set()
    assert await caller > 50


async def test_established_flows_survive_a_restart_of_the_proxy(world: World) -> None:
    await world.service("10.244.0.2", protocol="UDP")
    with inside(world.lab.client):
        channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with channel:
        assert exchange(channel, NODE_ADDRESS, NODE_PORT).startswith("10.244.0.2 ")
        before = run("nft -a list table inet mk8s-test")
        restarted = ServiceProxy(world.config, world.assignments)
        running = asyncio.create_task(restarted.run())
        await eventually(lambda: run("nft -a list table inet mk8s-test") != before)
        assert _rules_name(("10.244.0.2",))
        assert exchange(channel, NODE_ADDRESS, NODE_PORT).startswith("10.244.0.2 ")
        await _stop(running)
        await restarted.close()


@pytest.mark.parametrize(
    "damage",
    [
        "flush ruleset",
        "flush chain inet mk8s-test services",
        f"delete element inet mk8s-test node-ports {{ tcp . {NODE_PORT} }}",
        "delete chain inet mk8s-test nat-prerouting",
    ],
)
async def test_rules_that_others_took_away_come_back_by_themselves(
    world: World, damage: str
) -> None:
    await world.service("10.244.0.2")
    before = run("nft list table inet mk8s-test")
    run(f"nft '{damage}'")
    await eventually(lambda: "inet mk8s-test" in run("nft list tables"))
    await eventually(lambda: run("nft list table inet mk8s-test") == before)
    assert world.lab.tcp(world.lab.client, NODE_ADDRESS, NODE_PORT).startswith("10.244.0.2 ")


async def test_pods_reach_the_outside_with_the_nodes_address(world: World) -> None:
    server = world.lab.pod("outside")
    with inside(world.lab.client):
        run(f"ip link add out type veth peer name eth0 netns {server.pid}")
        run("ip addr add 192.0.2.1/24 dev out")
        run("ip link set out up")
        run("sysctl -qw net.ipv4.ip_forward=1")
    with inside(server):
        run("ip addr add 192.0.2.2/24 dev eth0")
        run("ip link set eth0 up")
        run("ip route add default via 192.0.2.1")
    answer = world.lab.tcp(world.pods["10.244.0.2"], "192.0.2.2", 80)
    assert answer == f"outside {NODE_ADDRESS}"


async def test_a_service_that_goes_takes_its_rules_along(world: World) -> None:
    empty = run("nft list table inet mk8s-test")
    await world.service("10.244.0.2", "10.244.0.3", sessionAffinity="ClientIP")
    world.take("endpointslices", "web-1")
    world.take("services", "web")
    await eventually(lambda: run("nft list table inet mk8s-test") == empty)


async def test_removal_leaves_the_kernel_as_it_was(tmp_path: Path) -> None:
    with net_lab():
        before = kernel_state()
        assignments = Assignments()
        assignments.replace([], 1)
        config = NodeConfig(tmp_path)
        network, proxy = PodNetwork(config), ServiceProxy(config, assignments)
        await network.setup("10.244.0.0/24")
        running = asyncio.create_task(proxy.run())
        await eventually(lambda: "inet mk8s-test" in run("nft list tables"))
        await _stop(running)
        await ServiceProxy.remove_everything("test")
        await ServiceProxy.remove_everything("test")
        await PodNetwork.remove_everything(config)
        assert kernel_state() == before
        await network.close()
        await proxy.close()
