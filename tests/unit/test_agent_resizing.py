"""Resizing pods in place: what is done to containers, and what is told of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from mk8s_agent.pods.actions import Resize, Signal
from mk8s_agent.pods.next_step import next_step
from mk8s_agent.pods.resizing import limits_of
from mk8s_agent.pods.values import Desired, Pending
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.vocabulary import Limits

from tests.support.agentnode import Node, container, on_a_node, pod_json, view
from tests.support.seenpods import NOW, REF, RUNNING, observed, seen, told

POD = seen("POD", RUNNING)
HALF = {"requests": {"cpu": "500m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}
WHOLE = {"requests": {"cpu": "1", "memory": "128Mi"}, "limits": {"memory": "128Mi"}}
MEBI = 1 << 20


def resized(resources: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return pod_json(container(resources=resources, **fields), metadata={"generation": 2})


def wanted(resources: dict[str, Any], **fields: Any) -> Desired:
    return Desired(ref=REF, pod=view(resized(resources, **fields)))


def limits(resources: dict[str, Any]) -> Limits:
    return limits_of(view(pod_json(container(resources=resources))).spec.containers[0])


def running(resources: dict[str, Any]) -> Any:
    has = msgspec.structs.replace(limits(resources), oom_score_adj=900)
    return msgspec.structs.replace(seen("app", RUNNING), limits=has)


def test_what_has_what_it_wants_is_left_alone() -> None:
    assert next_step(wanted(HALF), observed(POD, running(HALF)), NOW).actions == ()


def test_a_running_container_gets_what_it_wants_now() -> None:
    (action,) = next_step(wanted(WHOLE), observed(POD, running(HALF)), NOW).actions
    assert isinstance(action, Resize)
    assert action.limits == Limits(cpu_shares=1024, memory=128 * MEBI, oom_score_adj=900)


def test_what_the_engine_was_told_is_not_told_again() -> None:
    told_already = msgspec.structs.replace(limits(WHOLE), oom_score_adj=900)
    state = observed(POD, running(HALF), resized={"app-0": told_already})
    assert next_step(wanted(WHOLE), state, NOW).actions == ()


def test_a_resize_that_waits_is_not_begun() -> None:
    waits = msgspec.structs.replace(wanted(WHOLE), pending=Pending("Deferred", "no room"))
    assert next_step(waits, observed(POD, running(HALF)), NOW).actions == ()


@pytest.mark.parametrize(
    ("policy", "restart"),
    [
        ({"cpu": "NotRequired", "memory": "NotRequired"}, False),
        ({"cpu": "NotRequired", "memory": "RestartContainer"}, True),
        ({"cpu": "RestartContainer"}, False),
    ],
)
def test_a_container_may_ask_to_begin_anew(policy: dict[str, str], restart: bool) -> None:
    rules = [{"resourceName": name, "restartPolicy": how} for name, how in policy.items()]
    more_memory = {**HALF, "limits": {"memory": "128Mi"}}
    desired = wanted(more_memory, resizePolicy=rules)
    (action,) = next_step(desired, observed(POD, running(HALF)), NOW).actions
    assert isinstance(action, Signal if restart else Resize)
    if isinstance(action, Signal):
        assert action.event == "Container app resize requires restart"


def test_plain_init_containers_stay_as_they_are() -> None:
    init = container("app", resources=WHOLE)
    spec = {"initContainers": [init], "metadata": {"generation": 2}}
    pod = view(pod_json(container("main"), **spec))
    assert told(next_step(Desired(ref=REF, pod=pod), observed(POD, running(HALF)), NOW)) == []


def condition(node: Node, type: str) -> dict[str, Any]:
    conditions = node.reports.statuses["uid-1"]["conditions"]
    return next((one for one in conditions if one["type"] == type), {})


@on_a_node
async def test_a_resize_is_seen_in_the_status_and_restarts_nothing(node: Node) -> None:
    node.sync(pod_json(container(resources=HALF)))
    await node.running()
    assert node.container_status()["resources"] == HALF
    assert node.container_status()["allocatedResources"] == HALF["requests"]
    node.put("pods", resized(WHOLE))
    await node.until(lambda: node.container_status()["resources"] == WHOLE)
    has = node.newest().limits
    assert has is not None and (has.cpu_shares, has.memory) == (1024, 128 * MEBI)
    assert node.container_status()["restartCount"] == 0
    await node.until(lambda: not condition(node, "PodResizeInProgress"))


@on_a_node
async def test_a_resize_that_the_engine_refuses_is_told_and_tried_again(node: Node) -> None:
    node.sync(pod_json(container(resources=HALF)))
    await node.running()
    refused = []

    def refuse(call: str) -> None:
        if call.startswith("update") and len(refused) < 2:
            refused.append(call)
            raise RuntimeFault("device or resource busy")

    node.runtime.before_call = refuse
    node.put("pods", resized(WHOLE))
    await node.until(lambda: condition(node, "PodResizeInProgress").get("reason") == "Error")
    assert condition(node, "PodResizeInProgress")["message"] == "device or resource busy"
    assert node.container_status()["resources"] == HALF
    await node.until(lambda: node.container_status()["resources"] == WHOLE)
    await node.until(lambda: not condition(node, "PodResizeInProgress"))


@on_a_node
async def test_more_than_the_node_has_is_infeasible(node: Node) -> None:
    node.sync(pod_json(container(resources=HALF)))
    await node.running()
    huge = {"requests": {"cpu": "3"}}
    node.put("pods", resized(huge))
    await node.until(lambda: condition(node, "PodResizePending"))
    pending = condition(node, "PodResizePending")
    assert (pending["status"], pending["reason"]) == ("True", "Infeasible")
    why = "Node didn't have enough capacity: cpu, requested: 3000, capacity: 2000"
    assert pending["message"] == why
    assert node.container_status()["resources"] == HALF
    node.put("pods", resized(WHOLE))
    await node.until(lambda: node.container_status()["resources"] == WHOLE)
    assert not condition(node, "PodResizePending")


@on_a_node
async def test_what_others_have_is_waited_for(node: Node) -> None:
    other = pod_json(container(resources={"requests": {"cpu": "1500m"}}), name="b", uid="uid-2")
    node.sync(pod_json(container(resources=HALF)), other)
    await node.running("uid-1")
    await node.running("uid-2")
    node.put("pods", resized(WHOLE))
    await node.until(lambda: condition(node, "PodResizePending"))
    pending = condition(node, "PodResizePending")
    assert pending["reason"] == "Deferred"
    why = "Node didn't have enough resource: cpu, requested: 1000, used: 1500, capacity: 2000"
    assert pending["message"] == why
    node.put("pods", {**other, "status": {"phase": "Succeeded"}})
    await node.until(lambda: node.container_status()["resources"] == WHOLE)


@on_a_node
async def test_a_container_that_begins_anew_has_its_new_resources(node: Node) -> None:
    rule = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    node.sync(pod_json(container(resources=HALF, resizePolicy=rule)))
    await node.running()
    node.put("pods", resized(WHOLE, resizePolicy=rule))
    await node.until(lambda: node.container_status()["restartCount"] == 1)
    await node.running()
    assert node.newest().limits is not None
    assert node.newest().limits.memory == 128 * MEBI
    assert "update" not in " ".join(node.runtime.calls)
