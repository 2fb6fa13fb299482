"""What agents are told of NetworkPolicies: all of it while there is one, and nothing otherwise."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from minikube8s.api.peers import peer_of
from minikube8s.api.resources import NAMESPACES, NETWORKPOLICIES, PODS
from minikube8s.api.views import PeerPod, PeerPort, Pod, from_dict
from minikube8s.nodes.peers import Peers
from minikube8s.registry import DeleteOptions
from minikube8s.store.entry import Entry
from tests.support.links import Cluster, FakeAgent, until

AT_ONCE = DeleteOptions(grace_period_seconds=0)


@pytest.fixture
async def cluster(tmp_path) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path) as made:
        yield made


def pod_json(name: str = "web", **changes: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "shop", "uid": f"u-{name}", "labels": {"a": "b"}},
        "spec": {"nodeName": "one", "containers": [], **changes.get("spec", {})},
        "status": {"podIP": "10.0.0.1", **changes.get("status", {})},
    }


def entry(pod: dict[str, Any], revision: int = 1) -> Entry:
    return Entry(f"pods/shop/{pod['metadata']['name']}", msgspec.json.encode(pod), revision)


def test_a_peer_is_what_policies_look_at():
    ports = [{"name": "http", "containerPort": 80}, {"containerPort": 81}]
    queue = [{"name": "q", "containerPort": 9, "protocol": "UDP"}]
    spec = {
        "containers": [{"name": "c", "ports": ports}],
        "initContainers": [
            {"name": "once", "ports": [{"name": "no", "containerPort": 1}]},
            {"name": "side", "restartPolicy": "Always", "ports": queue},
        ],
    }
    addresses = {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}
    assert peer_of(from_dict(Pod, pod_json(spec=spec, status=addresses))) == PeerPod(
        namespace="shop",
        name="web",
        uid="u-web",
        node="one",
        ips=("10.0.0.1", "fd00::1"),
        labels={"a": "b"},
        ports=(PeerPort(name="http", port=80), PeerPort(name="q", protocol="UDP", port=9)),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"status": {"podIP": ""}},
        {"status": {"phase": "Succeeded"}},
        {"status": {"phase": "Failed"}},
        {"spec": {"hostNetwork": True}},
    ],
)
def test_a_pod_without_an_address_of_its_own_is_no_peer(changes: dict[str, Any]):
    assert peer_of(from_dict(Pod, pod_json(**changes))) is None


def test_a_terminating_pod_is_a_peer_as_long_as_it_has_its_address():
    pod = pod_json()
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert peer_of(from_dict(Pod, pod)) is not None


def test_nodes_hear_of_a_pod_only_when_policies_would_see_it_otherwise():
    peers = Peers()
    first = peers.apply(entry(pod_json()), deleted=False)
    assert first is not None and first.entry is not None
    ready = pod_json(status={"conditions": [{"type": "Ready", "status": "True"}]})
    assert peers.apply(entry(ready, 2), deleted=False) is None
    moved = pod_json(status={"podIP": "10.0.0.2"})
    assert peers.apply(entry(moved, 3), deleted=False) is not None
    gone = peers.apply(entry(moved, 4), deleted=True)
    assert gone is not None and gone.entry is None
    assert peers.apply(entry(moved, 5), deleted=True) is None
    assert not peers.entries()


async def add_policy(cluster: Cluster, name: str = "deny") -> None:
    body = {"metadata": {"name": name}, "spec": {"podSelector": {}}}
    await cluster.registry.create(NETWORKPOLICIES, "default", body)


async def add_pod(cluster: Cluster, name: str, node: str, address: str) -> None:
    await cluster.pod(name, node)

    def running(pod: dict[str, Any]) -> dict[str, Any]:
        return {**pod, "status": {"phase": "Running", "podIP": address}}

    await cluster.registry.update(PODS, "default", name, running, "status")


def known(agent: FakeAgent) -> set[str]:
    assigned = agent.assignments
    return {name for one in (assigned.policies(), assigned.peers()) for _, name in one}


async def test_without_a_policy_agents_hear_of_neither_namespaces_nor_peers(cluster: Cluster):
    agent = await cluster.connected()
    await add_pod(cluster, "elsewhere", "two", "10.244.1.2")
    await add_pod(cluster, "web", "one", "10.244.0.2")
    await until("its pod", agent.assignments.pods)
    assert not agent.assignments.peers()
    assert not agent.assignments.namespaces()


async def test_the_first_policy_brings_all_that_it_may_speak_of_and_the_last_takes_it_away(
    cluster: Cluster,
):
    one, two = await cluster.connected("one"), await cluster.connected("two")
    await add_pod(cluster, "web", "one", "10.244.0.2")
    await add_policy(cluster)
    for agent in (one, two):
        await until("the policy", lambda agent=agent: known(agent) == {"deny", "web"})
        assert agent.assignments.peers()["default", "web"].view.ips == ("10.244.0.2",)
        assert agent.assignments.namespaces()["", "default"].view.metadata.labels
    await add_policy(cluster, "second")
    await cluster.registry.delete(NETWORKPOLICIES, "default", "deny")
    await until("the change", lambda: known(two) == {"second", "web"})
    await cluster.registry.delete(NETWORKPOLICIES, "default", "second")
    for agent in (one, two):
        await until("the end", lambda agent=agent: not known(agent))
        assert not agent.assignments.namespaces()


async def test_changes_of_pods_and_namespaces_go_to_every_node(cluster: Cluster):
    await add_policy(cluster)
    agent = await cluster.connected("two")
    assert known(agent) == {"deny"}
    await add_pod(cluster, "web", "one", "10.244.0.2")
    await until("the pod", lambda: "web" in known(agent))

    def relabel(obj: dict[str, Any]) -> dict[str, Any]:
        return {**obj, "metadata": {**obj["metadata"], "labels": {"team": "blue"}}}

    await cluster.registry.update(PODS, "default", "web", relabel)
    await cluster.registry.update(NAMESPACES, None, "default", relabel)
    peers, namespaces = agent.assignments.peers(), agent.assignments.namespaces()
    await until("the labels", lambda: peers["default", "web"].view.labels == {"team": "blue"})
    labels = lambda: namespaces["", "default"].view.metadata.labels.get("team")  # noqa: E731
    await until("the namespace's", lambda: labels() == "blue")
    await cluster.registry.delete(PODS, "default", "web", AT_ONCE)
    await until("the end", lambda: known(agent) == {"deny"})


async def test_a_complete_sync_holds_policies_and_all_that_they_speak_of(cluster: Cluster):
    await add_policy(cluster)
    await add_pod(cluster, "web", "one", "10.244.0.2")
    agent = await cluster.connected("two")
    assert known(agent) == {"deny", "web"}
    assert agent.assignments.namespaces()
    await agent.disconnect()
    await cluster.registry.delete(NETWORKPOLICIES, "default", "deny")
    again = cluster.agent("two")
    again.assignments = agent.assignments
    again.connect()
    await until("nothing", lambda: not known(again) and not again.assignments.namespaces())
