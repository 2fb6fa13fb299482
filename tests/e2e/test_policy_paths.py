"""What policies do to packets of the kernel, in namespaces of the test's own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mk8s_agent.assignments import Assigned, Assignments
from mk8s_agent.network.pods import PodNetwork
from mk8s_agent.policy.enforcing import PolicyEnforcer
from mk8s_agent.proxy import ServiceProxy
from mk8s_agent.proxy.fixed import families_of

from tests.support.agentnode import pod_json, view
from tests.support.netlab import (
    CLIENT_ADDRESS,
    NODE_ADDRESS,
    NetLab,
    Space,
    eventually,
    inside,
    net_lab,
    run,
)
from tests.support.nodeconfig import NODE, NodeConfig

CLUSTER_IP = "10.96.0.10"
WEB, FRIEND, STRANGER = "10.244.0.2", "10.244.0.3", "10.244.0.4"
BLOCKED = 0.3
"""Seconds after which nothing comes any more: what is let through takes milliseconds."""


@dataclass
class World:
    """A node with three pods whose policies are enforced, and the objects that it is given."""

    lab: NetLab
    network: PodNetwork
    assignments: Assignments
    proxy: ServiceProxy
    policies: PolicyEnforcer
    events: list[tuple[str, str]]
    pods: dict[str, Space] = field(default_factory=dict)

    async def add_pod(self, address: str, **labels: str) -> Space:
        space = self.pods[address] = self.lab.pod(address)
        name = labels.get("app", address)
        pod = pod_json(name=name, uid=address, metadata={"labels": labels})
        await self.policies.admit(view(pod), address, ipv6(address))
        await self.network.plug(space.pid, address, f"default/{name}")
        return space

    def give(self, resource: str, obj: dict[str, Any], name: str = "") -> None:
        meta = obj.get("metadata", obj)
        key = (meta.get("namespace", ""), name or meta["name"])
        item: Assigned[Any] = Assigned(resource, key, 1, msgspec.json.encode(obj))
        self.assignments.update([item], [], 1)

    def take(self, resource: str, name: str) -> None:
        self.assignments.update([], [(resource, ("default", name))], 1)

    async def policy(self, name: str = "p", **spec: Any) -> None:
        """Give a policy for the pod `web` and wait until it is enforced."""
        spec = {"podSelector": {"matchLabels": {"app": "web"}}, **spec}
        self.give(
            "networkpolicies", {"metadata": {"namespace": "default", "name": name}, "spec": spec}
        )
        await self.proxy.keeper.settled()

    def reaches(self, source: str | Space, address: str, port: int = 80) -> bool:
        """Whether the other side answers; by IPv6 it says no, because nobody listens there."""
        space = self.pods[source] if isinstance(source, str) else source
        try:
            self.lab.connect(space, address, port, BLOCKED)
        except TimeoutError:
            return False
        except ConnectionRefusedError:
            return ":" in address
        return True


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        lab = stack.enter_context(net_lab())
        config = NodeConfig(
            tmp_path,
            cluster_cidr="10.244.0.0/16,fd00:244::/48",
            service_cidr="10.96.0.0/12,fd00:96::/112",
        )
        assignments = Assignments()
        network = PodNetwork(config)
        stack.push_async_callback(network.close)
        await network.setup("10.244.0.0/24", pod_cidr_ipv6="fd00:244::/64")
        assignments.replace([], 1)
        proxy = ServiceProxy(config, assignments)
        stack.push_async_callback(proxy.close)
        events: list[tuple[str, str]] = []
        enforcer = PolicyEnforcer(
            NODE,
            families_of(config.cluster_cidr),
            assignments,
            proxy.keeper,
            lambda involved, *told: events.append((involved["name"], told[-1])),
        )
        stack.push_async_callback(_stop, asyncio.create_task(proxy.run()))
        made = World(lab, network, assignments, proxy, enforcer, events)
        made.give("namespaces", {"metadata": {"name": "default", "labels": {"team": "blue"}}})
        await made.add_pod(WEB, app="web")
        await made.add_pod(FRIEND, app="friend")
        await made.add_pod(STRANGER, app="stranger")
        yield made


async def _stop(running: asyncio.Task[None]) -> None:
    running.cancel()
    await asyncio.wait([running])


def ipv6(address: str) -> str:
    """The other address of the pod that has this one."""
    return f"fd00:244::{address.rpartition('.')[2]}"


def pods(**labels: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": labels}}


async def test_default_deny_lets_nobody_in_but_the_node_and_the_answers(world: World) -> None:
    assert world.reaches(FRIEND, WEB)
    await world.policy()
    assert not world.reaches(FRIEND, WEB)
    assert world.reaches(world.lab.node, WEB)
    assert world.reaches(WEB, FRIEND)
    world.take("networkpolicies", "p")
    await world.proxy.keeper.settled()
    assert world.reaches(FRIEND, WEB)


async def test_peers_are_known_by_their_labels_and_by_those_of_their_namespaces(
    world: World,
) -> None:
    await world.policy(ingress=[{"from": [pods(app="friend")]}])
    assert world.reaches(FRIEND, WEB)
    assert not world.reaches(STRANGER, WEB)
    await world.policy(
        ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"team": "red"}}}]}]
    )
    assert not world.reaches(FRIEND, WEB)
    world.give("namespaces", {"metadata": {"name": "default", "labels": {"team": "red"}}})
    await world.proxy.keeper.settled()
    assert world.reaches(STRANGER, WEB)


async def test_blocks_ports_and_ranges_are_looked_at(world: World) -> None:
    block = {"cidr": "10.244.0.0/24", "except": [f"{STRANGER}/32"]}
    ports = [{"port": 70, "endPort": 80}]
    await world.policy(ingress=[{"from": [{"ipBlock": block}], "ports": ports}])
    assert world.reaches(FRIEND, WEB)
    assert not world.reaches(STRANGER, WEB)
    await world.policy(ingress=[{"ports": [{"port": 81, "endPort": 90}]}])
    assert not world.reaches(FRIEND, WEB)
    more = {"port": 80, "protocol": "SCTP"}
    await world.policy(ingress=[{"ports": [{"port": 80, "protocol": "UDP"}, more]}])
    assert not world.reaches(FRIEND, WEB)
    assert world.lab.udp(world.pods[FRIEND], WEB, 80).startswith(WEB)


async def test_what_leaves_is_judged_after_it_was_sent_to_an_endpoint(world: World) -> None:
    spec = {"clusterIP": CLUSTER_IP, "ports": [{"port": 8080}]}
    meta = {"namespace": "default", "name": "s"}
    world.give("services", {"metadata": meta, "spec": spec})
    of = {**meta, "labels": {"kubernetes.io/service-name": "s"}}
    ends = [{"addresses": [FRIEND]}]
    world.give("endpointslices", {"metadata": of, "ports": [{"port": 80}], "endpoints": ends})
    await world.policy(
        policyTypes=["Egress"], egress=[{"to": [pods(app="friend")], "ports": [{"port": 80}]}]
    )
    assert world.reaches(WEB, CLUSTER_IP, 8080)
    assert not world.reaches(WEB, STRANGER)
    assert not world.reaches(WEB, CLIENT_ADDRESS, 9)
    with pytest.raises(ConnectionRefusedError):
        world.lab.connect(world.pods[WEB], NODE_ADDRESS, 9)


async def test_a_pod_reaches_itself_through_its_service_whatever_policies_say(world: World) -> None:
    spec = {"clusterIP": CLUSTER_IP, "ports": [{"port": 80}]}
    meta = {"namespace": "default", "name": "s"}
    world.give("services", {"metadata": meta, "spec": spec})
    of = {**meta, "labels": {"kubernetes.io/service-name": "s"}}
    ends = [{"addresses": [WEB], "nodeName": NODE}]
    world.give("endpointslices", {"metadata": of, "ports": [{"port": 80}], "endpoints": ends})
    await world.policy(policyTypes=["Ingress", "Egress"])
    assert world.reaches(WEB, CLUSTER_IP)


async def test_connections_that_exist_go_on_when_a_policy_comes(world: World) -> None:
    with inside(world.lab.spaces[0]), socket.socket() as listener:
        listener.bind(("0.0.0.0", 7000))
        listener.listen()
        with inside(world.pods[FRIEND]):
            client = socket.create_connection((WEB, 7000), 3)
        server, _ = listener.accept()
    with client, server:
        await world.policy()
        client.sendall(b"still here")
        server.settimeout(3)
        assert server.recv(64) == b"still here"
    assert not world.reaches(FRIEND, WEB)


async def test_a_new_peer_changes_elements_and_no_chain(world: World) -> None:
    await world.policy(ingress=[{"from": [pods(app="late")]}])
    chains = [line for line in run("nft list table inet mk8s-test").splitlines() if "chain" in line]
    assert any("pol_default_p_in" in line for line in chains)
    await world.add_pod("10.244.0.9", app="late")
    assert world.reaches("10.244.0.9", WEB)
    again = [line for line in run("nft list table inet mk8s-test").splitlines() if "chain" in line]
    assert again == chains
    await world.network.unplug("10.244.0.9")
    world.policies.release("10.244.0.9")
    await world.proxy.keeper.settled()
    assert "10.244.0.9" not in run("nft list table inet mk8s-test")


async def test_a_pod_is_isolated_from_the_moment_it_has_its_address(world: World) -> None:
    """Somebody knocks all the time, from before the address exists."""
    await world.policy(podSelector={"matchLabels": {"app": "late"}})
    address, answers, over = "10.244.0.9", [], False

    def knock() -> None:
        with inside(world.pods[FRIEND]), socket.socket(type=socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            while not over:
                with suppress(OSError):
                    channel.sendto(b"?", (address, 80))
                with suppress(OSError):
                    answers.append(channel.recv(64))

    knocking = asyncio.create_task(asyncio.to_thread(knock))
    await world.add_pod(address, app="late")
    await eventually(lambda: world.reaches(world.lab.node, address))
    over = True
    await knocking
    assert not answers
    assert not world.reaches(FRIEND, address)


async def test_peers_on_other_nodes_are_let_in_once_they_are_known(world: World) -> None:
    """The machine outside plays a pod of another node."""
    await world.policy(ingress=[{"from": [pods(app="far")]}])
    with inside(world.lab.client):
        run(f"ip route add 10.244.0.0/24 via {NODE_ADDRESS}")
        run("ip addr add 10.244.1.7/32 dev lo")
        run(f"ip route change 10.244.0.0/24 via {NODE_ADDRESS} src 10.244.1.7")
    run(f"ip route add 10.244.1.0/24 via {CLIENT_ADDRESS}")
    assert not world.reaches(world.lab.client, WEB)
    far = {"namespace": "default", "name": "far", "uid": "f", "node": "two"}
    world.give("peers", {**far, "ips": ["10.244.1.7"], "labels": {"app": "far"}})
    await world.proxy.keeper.settled()
    assert world.reaches(world.lab.client, WEB)
    world.take("peers", "far")
    await world.proxy.keeper.settled()
    assert not world.reaches(world.lab.client, WEB)


async def test_a_policy_that_cannot_be_read_closes_its_pods_and_no_others(world: World) -> None:
    block = {"ipBlock": {"cidr": "10.0.0.0/99"}}
    await world.policy("bad", ingress=[{"from": [block]}])
    await world.policy("good", podSelector={}, ingress=[{"from": [pods(app="friend")]}])
    assert [name for name, _ in world.events] == ["bad"]
    assert "10.0.0.0/99" in world.events[0][1]
    assert world.reaches(FRIEND, STRANGER)
    assert world.reaches(FRIEND, WEB), "policies add up: the other one lets it in"
    world.take("networkpolicies", "good")
    await world.proxy.keeper.settled()
    assert not world.reaches(FRIEND, WEB)
    assert world.reaches(FRIEND, STRANGER)


async def test_policies_hold_for_both_families(world: World) -> None:
    assert world.reaches(FRIEND, ipv6(WEB))
    await world.policy(ingress=[{"from": [pods(app="friend")], "ports": [{"port": 80}]}])
    assert world.reaches(FRIEND, ipv6(WEB))
    assert not world.reaches(STRANGER, ipv6(WEB))
    assert not world.reaches(FRIEND, ipv6(WEB), 81)
    assert world.reaches(world.lab.node, ipv6(WEB), 81)
    block = {"cidr": "fd00:244::/64", "except": [f"{ipv6(FRIEND)}/128"]}
    await world.policy(ingress=[{"from": [{"ipBlock": block}]}])
    assert world.reaches(STRANGER, ipv6(WEB))
    assert not world.reaches(FRIEND, ipv6(WEB))
    assert not world.reaches(STRANGER, WEB)
