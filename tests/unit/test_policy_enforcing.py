"""Policies and their pods in a table that a keeper applies: what is refused, and who has what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from mk8s_agent.assignments import Assigned, Assignments
from mk8s_agent.network.names import PluggedPod
from mk8s_agent.policy import model
from mk8s_agent.policy.enforcing import PolicyEnforcer
from mk8s_agent.proxy import keeper as keepers
from mk8s_agent.proxy.fixed import IPV4, POLICY_INGRESS
from mk8s_agent.proxy.keeper import TableKeeper

from tests.support.agentnode import pod_json, view
from tests.support.fakenft import CONFIG, FakeNft, no_commits


@dataclass
class Node:
    """An agent's policies without a kernel."""

    assignments: Assignments
    nft: FakeNft
    keeper: TableKeeper
    enforcer: PolicyEnforcer
    events: list[tuple[str, str, str]] = field(default_factory=list)

    def give(self, resource: str, namespace: str, name: str, **obj: Any) -> None:
        meta = {"namespace": namespace, "name": name}
        whole = {"metadata": meta, **meta, **obj}
        item: Assigned[Any] = Assigned(resource, (namespace, name), 1, msgspec.json.encode(whole))
        self.assignments.update([item], [], 1)

    def take(self, resource: str, name: str) -> None:
        self.assignments.update([], [(resource, ("default", name))], 1)

    def policy(self, name: str, app: str, **spec: Any) -> None:
        selector = {"matchLabels": {"app": app}}
        self.give("networkpolicies", "default", name, spec={"podSelector": selector, **spec})

    def has_pod(self, name: str, uid: str, address: str = "", **labels: str) -> None:
        """The API shows a pod of this node."""
        self.give(
            "pods",
            "default",
            name,
            metadata={"namespace": "default", "name": name, "uid": uid, "labels": labels},
            spec={"containers": []},
            status={"phase": "Running", "podIP": address},
        )

    async def isolated(self) -> dict[str, str]:
        """The addresses that policies for what comes in hold for, with where they lead."""
        await asyncio.wait_for(self.keeper.settled(), 10)
        assert self.nft.table.content is not None
        found = self.nft.table.content.containers[POLICY_INGRESS].elements
        return {address: verdict.partition(".")[0] for address, verdict in found.items()}

    def rules(self, start: str) -> list[str]:
        assert self.nft.table.content is not None
        chains = self.nft.table.content.chains
        (chain,) = (one for name, one in chains.items() if name.startswith(start))
        return [" ".join(rule) for rule in chain.rules]


@pytest.fixture
async def node(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Node]:
    monkeypatch.setattr(keepers, "commits", no_commits)
    assignments, nft = Assignments(), FakeNft()
    assignments.replace([], 1)
    keeper = TableKeeper(CONFIG, lambda _: None, nft)
    events: list[tuple[str, str, str]] = []
    enforcer = PolicyEnforcer(
        "n1",
        (IPV4,),
        assignments,
        keeper,
        lambda involved, type, *told: events.append((involved["name"], *told)),
    )
    running = asyncio.create_task(keeper.run())
    yield Node(assignments, nft, keeper, enforcer, events)
    running.cancel()
    await asyncio.wait([running])


def pod(name: str, uid: str, **labels: str) -> Any:
    return view(pod_json(name=name, uid=uid, metadata={"labels": labels}))


async def test_a_policy_that_the_kernel_refuses_lets_nothing_through_and_others_stay(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    await node.enforcer.admit(pod("a", "1", app="a"), "10.244.0.2")
    await node.enforcer.admit(pod("b", "2", app="b"), "10.244.0.3")
    node.policy("good", "a", ingress=[{"ports": [{"port": 80}]}])
    assert await node.isolated() == {"10.244.0.2": "goto pods_default_good_in"}
    make = model.policy_chain
    monkeypatch.setattr(
        model,
        "policy_chain",
        lambda one, *rest: ("goto nowhere",) if one.name == "bad" else make(one, *rest),
    )
    node.policy("bad", "b", ingress=[{}])
    node.policy("also", "a", ingress=[{"ports": [{"port": 81}]}])
    assert await node.isolated() == {
        "10.244.0.2": "goto pods_default_also_good_in",
        "10.244.0.3": "goto pods_default_bad_in",
    }
    assert node.rules("pol_default_bad_in") == []
    assert node.rules("pol_default_good_in") == ["tcp dport 80 accept"]
    assert node.rules("pods_default_bad_in")[-1] == "drop"
    ((name, reason, message),) = node.events
    assert (name, reason) == ("bad", "NotEnforceable")
    assert "node n1" in message and "nowhere" in message
    node.policy("bad", "b", ingress=[{}, {"ports": [{"port": 9}]}])
    assert (await node.isolated())["10.244.0.3"] == "goto pods_default_bad_in"
    monkeypatch.undo()
    monkeypatch.setattr(keepers, "commits", no_commits)
    node.policy("bad", "b", ingress=[{}])
    await node.isolated()
    assert node.rules("pol_default_bad_in") == ["accept"]


async def test_a_pod_of_an_earlier_agent_is_isolated_by_what_the_api_says_of_it(
    node: Node,
) -> None:
    node.policy("p", "a")
    node.has_pod("web", "1", "10.244.0.2", app="a")
    assert "10.244.0.2" in await node.isolated()
    await node.enforcer.admit(pod("web", "1", app="a"), "10.244.0.2")
    assert "10.244.0.2" in await node.isolated()
    node.enforcer.release("10.244.0.2")
    # The API still shows its address: the node knows better.
    node.has_pod("web", "1", "10.244.0.2", app="a", more="labels")
    assert not await node.isolated()


async def test_a_pod_that_an_earlier_agent_connected_is_isolated_before_the_api_shows_its_address(
    node: Node,
) -> None:
    node.policy("p", "a")
    node.has_pod("web", "1", app="a")
    link = PluggedPod("10.244.0.2", "default/web", "mk8s0af40002")
    strange = PluggedPod("10.244.0.3", "default/nobody", "mk8s0af40003")
    node.enforcer.adopt([link, strange], ["10.244.0.0/24"])
    assert list(await node.isolated()) == ["10.244.0.2"]
    await node.enforcer.admit(pod("web", "1", app="a"), "10.244.0.2")
    node.enforcer.release("10.244.0.2")
    assert not await node.isolated()


async def test_a_pod_may_get_another_address(node: Node) -> None:
    node.policy("p", "a")
    for address in ("10.244.0.2", "10.244.0.3"):
        await node.enforcer.admit(pod("web", "1", app="a"), address)
        assert list(await node.isolated()) == [address]
    node.enforcer.release("10.244.0.2")
    assert list(await node.isolated()) == ["10.244.0.3"]


async def test_pods_from_before_the_first_policy_are_isolated_by_it(node: Node) -> None:
    await node.enforcer.admit(pod("web", "1", app="a"), "10.244.0.2")
    node.policy("p", "a")
    assert list(await node.isolated()) == ["10.244.0.2"]


async def test_a_pod_of_an_earlier_agent_that_the_api_no_longer_shows_is_forgotten(
    node: Node,
) -> None:
    node.policy("p", "a")
    node.has_pod("web", "1", "10.244.0.2", app="a")
    assert await node.isolated()
    node.take("pods", "web")
    assert not await node.isolated()


async def test_a_pod_stays_isolated_when_its_object_is_gone_before_it_is(node: Node) -> None:
    node.policy("p", "a")
    node.has_pod("web", "1", app="a")
    await node.enforcer.admit(pod("web", "1", app="a"), "10.244.0.2")
    node.take("pods", "web")
    assert "10.244.0.2" in await node.isolated()
    node.enforcer.release("10.244.0.2")
    assert not await node.isolated()


async def test_labels_of_a_pod_may_change(node: Node) -> None:
    node.policy("p", "a")
    node.has_pod("web", "1", "10.244.0.2", app="b")
    assert not await node.isolated()
    node.has_pod("web", "1", "10.244.0.2", app="a")
    assert await node.isolated()


async def test_the_labels_that_count_are_those_that_the_api_has_now(node: Node) -> None:
    node.policy("p", "a")
    node.has_pod("web", "1", app="a")
    await node.enforcer.admit(pod("web", "1", app="b"), "10.244.0.2")
    assert await node.isolated()


async def test_an_address_is_that_of_the_pod_that_got_it_last(node: Node) -> None:
    node.policy("p", "a")
    await node.enforcer.admit(pod("old", "1", app="a"), "10.244.0.2")
    await node.enforcer.admit(pod("new", "2", app="b"), "10.244.0.2")
    assert not await node.isolated()
    node.give("networkpolicies", "default", "q", spec={"podSelector": {}})
    assert await node.isolated() == {"10.244.0.2": "goto pods_default_q_in"}
    node.enforcer.release("10.244.0.2")
    assert not await node.isolated()


async def test_what_the_master_says_of_this_nodes_own_pods_is_not_needed(node: Node) -> None:
    node.policy("p", "a", ingress=[{"from": [{"podSelector": {}}]}])
    peer = {"uid": "u", "ips": ["10.244.0.9"]}
    node.give("peers", "default", "mine", node="n1", **peer)
    await node.isolated()
    assert node.nft.table.content is not None
    sets = node.nft.table.content.containers
    (name,) = (name for name in sets if name.startswith("peers_"))
    assert not sets[name].elements
    node.give("peers", "default", "far", node="n2", **peer)
    await node.isolated()
    assert list(sets[name].elements) == ["10.244.0.9"]
