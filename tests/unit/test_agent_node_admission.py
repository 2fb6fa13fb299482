"""Which pods a node takes that were bound to it, and what it says of the others."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mk8s_agent.node.admission import Offer, refusal
from mk8s_agent.node.capacity import allocatable
from mk8s_agent.node.gate import Gate
from mk8s_agent.node.settings import KubeletSettings
from mk8s_agent.node.status import NodeState
from mk8s_agent.pods.refusing import Refusal

from minikube8s.api import podresources, views
from tests.support.agentnode import Node, container, fake_engine, pod_json, view
from tests.support.virtualtime import VirtualClock, run
from tests.unit.test_agent_node import MACHINE

OFFER = Offer(allocatable(MACHINE, KubeletSettings()), frozenset(), None, ending=False)


def own_node(**fields: Any) -> views.Node:
    content = {"metadata": {"name": "node1", "labels": {"disk": "ssd"}}, **fields}
    return views.decode(views.Node, json.dumps(content).encode())


def asking(**requests: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): amount for name, amount in requests.items()}
    return pod_json(container(resources={"requests": named}))


def verdict(
    pod: dict[str, Any], others: list[dict[str, Any]], offer: Offer = OFFER
) -> Refusal | None:
    needs = [podresources.requests(one["spec"]) for one in (pod, *others)]
    return refusal(view(pod), needs[0], needs[1:], offer)


@pytest.mark.parametrize(
    ("requests", "reason", "message"),
    [
        ({"cpu": "1700m"}, "", ""),
        (
            {"cpu": "2"},
            "OutOfcpu",
            "Node didn't have enough resource: cpu, requested: 2000, used: 300, capacity: 2000",
        ),
        (
            {"cpu": "2", "memory": "4Gi"},
            "OutOfcpu",
            "Node didn't have enough resource: cpu, requested: 2000, used: 300, capacity: 2000",
        ),
        (
            {"memory": "4Gi"},
            "OutOfmemory",
            "Node didn't have enough resource: memory, requested: 4294967296, used: 1048576, "
            "capacity: 4190109696",
        ),
        (
            {"ephemeral_storage": "10Gi"},
            "OutOfephemeral-storage",
            "Node didn't have enough resource: ephemeral-storage, requested: 10737418240, used: 0, "
            "capacity: 9663676416",
        ),
    ],
)
def test_what_is_left_is_what_pods_get(requests: dict[str, str], reason: str, message: str) -> None:
    found = verdict(asking(**requests), [asking(cpu="300m", memory="1Mi")])
    assert found == (Refusal(reason, message) if reason else None)


def test_a_node_takes_so_many_pods_and_no_more() -> None:
    offer = OFFER._replace(allocatable={**OFFER.allocatable, "pods": "2"})
    assert verdict(pod_json(), [pod_json()], offer) is None
    assert verdict(pod_json(), [pod_json()] * 2, offer) == Refusal(
        "OutOfpods", "Node didn't have enough resource: pods, requested: 1, used: 2, capacity: 2"
    )


MEMORY, DISK = frozenset({"MemoryPressure"}), frozenset({"DiskPressure"})
TOLERANT = {"tolerations": [{"key": "node.kubernetes.io/memory-pressure", "operator": "Exists"}]}


@pytest.mark.parametrize(
    ("pod", "pressures", "taken"),
    [
        (pod_json(), MEMORY, False),
        (pod_json(**TOLERANT), MEMORY, True),
        (asking(memory="1Mi"), MEMORY, True),
        (asking(memory="1Mi"), DISK, False),
        (asking(memory="1Mi"), MEMORY | DISK, False),
        (pod_json(priority=2_000_000_000), DISK, True),
    ],
)
def test_a_node_that_runs_short_takes_only_who_copes(
    pod: dict[str, Any], pressures: frozenset[str], taken: bool
) -> None:
    found = verdict(pod, [], OFFER._replace(pressures=pressures))
    assert (found is None) == taken
    if found is not None:
        assert found.reason == "Evicted"
        assert found.message.startswith("The node had condition: [DiskPressure") or (
            found.message == "The node had condition: [MemoryPressure]. "
        )


NO_EXECUTE = {"spec": {"taints": [{"key": "gone", "effect": "NoExecute"}]}}
NO_SCHEDULE = {"spec": {"taints": [{"key": "gone", "effect": "NoSchedule"}]}}


@pytest.mark.parametrize(
    ("pod", "node", "said"),
    [
        (pod_json(nodeSelector={"disk": "ssd"}), {}, None),
        (
            pod_json(nodeSelector={"disk": "hdd"}),
            {},
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        ),
        (pod_json(), NO_SCHEDULE, None),
        (
            pod_json(),
            NO_EXECUTE,
            "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
        ),
        (pod_json(tolerations=[{"operator": "Exists"}]), NO_EXECUTE, None),
    ],
)
def test_a_node_is_what_the_pod_asks_for(
    pod: dict[str, Any], node: dict[str, Any], said: str | None
) -> None:
    found = verdict(pod, [], OFFER._replace(node=own_node(**node)))
    assert (found.message if found else None) == said


def test_a_node_that_is_shutting_down_takes_nobody() -> None:
    assert verdict(pod_json(), [], OFFER._replace(ending=True)) == Refusal(
        "NodeShutdown", "Pod was rejected as the node is shutting down."
    )


def test_a_rejected_pod_fails_at_once_and_what_was_let_in_stays(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = VirtualClock()
        node = Node(fake_engine(clock), clock, tmp_path)
        state = NodeState(msgspec.structs.replace(MACHINE, cpus=1))
        node.gate = Gate(state, node.assignments)
        node.start()
        half = container(resources={"requests": {"cpu": "600m"}})
        first, second = pod_json(half, name="a"), pod_json(half, name="b", uid="uid-2")
        node.sync(first)
        running = await node.running()
        node.sync({**first, "status": running}, second)
        await node.until(lambda: "uid-2" in node.reports.statuses)
        status = node.reports.statuses["uid-2"]
        assert (status["phase"], status["reason"]) == ("Failed", "OutOfcpu")
        assert status["message"] == (
            "Pod was rejected: Node didn't have enough resource: cpu, requested: 600, used: 600, "
            "capacity: 1000"
        )
        assert "containerStatuses" not in status
        assert node.reports.message("OutOfcpu").startswith("Node didn't have enough resource: cpu")
        await node.restart()
        third = pod_json(half, name="c", uid="uid-3")
        node.sync({**first, "status": running}, {**second, "status": status}, third)
        await node.until(lambda: "uid-3" in node.reports.statuses)
        assert node.reports.statuses["uid-3"]["reason"] == "OutOfcpu"
        assert node.reports.statuses["uid-1"]["phase"] == "Running"
        node.pods.doom("uid-1", "Evicted", "why", timedelta())
        await node.until(lambda: node.reports.statuses["uid-1"]["phase"] == "Failed")
        fourth = pod_json(half, name="d", uid="uid-4")
        node.put("pods", fourth)
        await node.running("uid-4")
        let_in = {"status": {"startTime": "2026-01-01T00:00:00Z"}}
        node.put("pods", pod_json(half, name="e", uid="uid-5") | let_in)
        await node.running("uid-5")
        await node.stop()

    run(scenario())


def test_a_pod_whose_port_of_the_node_is_another_ones_is_rejected(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = VirtualClock()
        node = Node(fake_engine(clock), clock, tmp_path)
        node.gate = Gate(NodeState(MACHINE), node.assignments)
        node.start()
        server = container(ports=[{"containerPort": 80, "hostPort": 8080}])
        first, second = pod_json(server, name="a"), pod_json(server, name="b", uid="uid-2")
        node.sync(first)
        running = await node.running()
        node.sync({**first, "status": running}, second)
        await node.until(lambda: "uid-2" in node.reports.statuses)
        status = node.reports.statuses["uid-2"]
        assert (status["phase"], status["reason"]) == ("Failed", "NodePorts")
        assert node.reports.message("NodePorts") == (
            "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
        )
        assert node.host_ports.opened == {"uid-1": "10.244.0.2"}
        await node.stop()

    run(scenario())
