"""Hooks, deadlines and pods that their node lets fail, on virtual time and the fake engine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mk8s_agent.runtime.fake import IGNORES_TERM

from tests.support.agentnode import Node, container, elapsed, on_a_node, pod_json


def hook(kind: str, *command: str) -> dict[str, Any]:
    return {kind: {"exec": {"command": list(command)}}}


def phase(node: Node) -> str:
    return str(node.reports.statuses.get("uid-1", {}).get("phase"))


@on_a_node
async def test_a_container_counts_as_running_once_its_post_start_hook_has_ended(node: Node) -> None:
    node.sync(pod_json(container(lifecycle=hook("postStart", "sleep", "7")), container("next")))
    await node.until(lambda: node.hooks.ran)
    await node.clock.sleep(1)
    assert node.state()["waiting"] == {"reason": "ContainerCreating"}
    assert phase(node) == "Pending"
    await node.running()
    assert 7 <= elapsed(node) < 8
    assert phase(node) == "Running"


@on_a_node
async def test_a_post_start_hook_that_fails_ends_its_container(node: Node) -> None:
    lifecycle = {**hook("postStart", "fail"), **hook("preStop", "true")}
    node.sync(pod_json(container(lifecycle=lifecycle), restartPolicy="Never"))
    await node.until(lambda: phase(node) == "Failed")
    assert node.hooks.ran == ["app: fail", "app: true"]
    assert node.reports.message("FailedPostStartHook") == "PostStartHook failed"
    assert node.reports.message("Killing") == "FailedPostStartHook"
    assert node.state()["terminated"]["exitCode"] == 143


@on_a_node
async def test_a_container_whose_hook_fails_backs_off_like_one_that_crashes(node: Node) -> None:
    node.sync(pod_json(container(lifecycle=hook("postStart", "fail"))))
    await node.waits("CrashLoopBackOff")
    assert node.reports.reasons().count("FailedPostStartHook") == 2


@on_a_node
async def test_a_hook_that_an_earlier_agent_began_is_not_run_again(node: Node) -> None:
    node.sync(pod_json(container(lifecycle=hook("postStart", "sleep", "60"))))
    await node.until(lambda: node.hooks.ran)
    await node.restart()
    await node.running()
    assert len(node.hooks.ran) == 1


@on_a_node
async def test_a_pre_stop_hook_runs_within_the_grace_period(node: Node) -> None:
    pod = pod_json(container(args=[IGNORES_TERM], lifecycle=hook("preStop", "sleep", "100")))
    node.sync(pod)
    await node.running()
    begun = elapsed(node)
    node.delete(pod, grace=10)
    await node.until(lambda: node.reports.gone)
    assert 11 <= elapsed(node) - begun <= 13
    assert node.reports.reasons().count("Killing") == 1


@on_a_node
async def test_a_pre_stop_hook_that_fails_is_told_and_the_container_ends(node: Node) -> None:
    pod = pod_json(container(lifecycle=hook("preStop", "fail")))
    node.sync(pod)
    await node.running()
    node.delete(pod)
    await node.until(lambda: node.reports.gone, seconds=2)
    assert node.reports.message("FailedPreStopHook") == "PreStopHook failed"


@on_a_node
async def test_a_container_that_ends_by_itself_has_no_pre_stop_hook(node: Node) -> None:
    node.sync(pod_json(container(lifecycle=hook("preStop", "true")), restartPolicy="Never"))
    await node.running()
    node.runtime.exit(node.newest().id, 0)
    await node.until(lambda: phase(node) == "Succeeded")
    assert node.hooks.ran == []


@on_a_node
async def test_a_second_deletion_without_grace_ends_a_hook(node: Node) -> None:
    pod = pod_json(container(lifecycle=hook("preStop", "sleep", "600")))
    node.sync(pod)
    await node.running()
    node.delete(pod, grace=900)
    await node.until(lambda: node.hooks.ran)
    node.delete(pod, grace=0)
    await node.until(lambda: node.reports.gone, seconds=1)


@on_a_node
async def test_a_pod_past_its_deadline_fails(node: Node) -> None:
    spec = {"activeDeadlineSeconds": 60, "terminationGracePeriodSeconds": 5}
    node.sync(pod_json(container(args=[IGNORES_TERM]), **spec))
    await node.running()
    await node.until(lambda: phase(node) == "Failed", seconds=70)
    assert 64 <= elapsed(node) <= 66
    status = node.reports.statuses["uid-1"]
    message = "Pod was active on the node longer than the specified deadline"
    assert (status["reason"], status["message"]) == ("DeadlineExceeded", message)
    assert node.reports.events.count(("Normal", "DeadlineExceeded", message)) == 1
    assert node.reports.gone == []


@on_a_node
async def test_a_deadline_counts_from_the_pods_start_whichever_agent_saw_it(node: Node) -> None:
    pod = pod_json(activeDeadlineSeconds=60)
    node.sync(pod)
    before = await node.running()
    await node.clock.sleep(40)
    await node.restart()
    node.sync({**pod, "status": before})
    await node.until(lambda: phase(node) == "Failed", seconds=30)
    assert 59 <= elapsed(node) <= 62


@on_a_node
async def test_a_longer_deadline_counts_anew(node: Node) -> None:
    pod = pod_json(activeDeadlineSeconds=60)
    node.sync(pod)
    await node.running()
    node.put("pods", {**pod, "spec": {**pod["spec"], "activeDeadlineSeconds": 30}})
    await node.until(lambda: phase(node) == "Failed", seconds=40)


@on_a_node
async def test_a_pod_that_its_node_lets_fail_stays_failed_for_the_next_agent(node: Node) -> None:
    pod = pod_json(container(args=[IGNORES_TERM]))
    node.sync(pod)
    await node.running()
    message = "The node was low on resource: memory."
    node.pods.doom("uid-1", "Evicted", message, timedelta(seconds=600))
    await node.until(lambda: node.reports.statuses["uid-1"].get("reason") == "Evicted")
    status = node.reports.statuses["uid-1"]
    assert status["phase"] == "Running"
    await node.restart()
    node.sync({**pod, "status": status})
    await node.until(lambda: phase(node) == "Failed")
    assert node.reports.statuses["uid-1"]["reason"] == "Evicted"
    assert node.state()["terminated"]["exitCode"] == 137
    assert node.newest().labels["io.mk8s.attempt"] == "0"


@on_a_node
async def test_a_pod_ends_when_its_last_sidecar_has(node: Node) -> None:
    side = container("side", args=[IGNORES_TERM], restartPolicy="Always")
    spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 9}
    node.sync(pod_json(initContainers=[side], **spec))
    await node.running()
    node.runtime.exit(node.newest().id, 0)
    await node.until(lambda: node.state().get("terminated"))
    assert phase(node) == "Running"
    ended = elapsed(node)
    await node.until(lambda: phase(node) == "Succeeded")
    assert 8 <= elapsed(node) - ended <= 10


@on_a_node
async def test_an_ephemeral_container_is_told_of_and_does_not_count(node: Node) -> None:
    pod = pod_json()
    node.sync(pod)
    await node.running()
    debugger = container("debugger", targetContainerName="app")
    node.put("pods", {**pod, "spec": {**pod["spec"], "ephemeralContainers": [debugger]}})

    def told() -> dict[str, Any]:
        (one,) = node.reports.statuses["uid-1"].get("ephemeralContainerStatuses", [{}])
        return dict(one)

    await node.until(lambda: told().get("state", {}).get("running"))
    assert told()["ready"] is False and "started" not in told()
    node.runtime.exit(node.newest("debugger").id, 3)
    await node.until(lambda: told()["state"].get("terminated"))
    assert told()["state"]["terminated"]["exitCode"] == 3
    assert node.condition("Ready") == "True"
    await node.clock.sleep(1000)
    assert told()["restartCount"] == 0


@on_a_node
async def test_a_container_that_never_came_is_told_as_such_when_its_pod_fails(node: Node) -> None:
    node.sync(pod_json(container(image="app:nope"), activeDeadlineSeconds=30))
    await node.until(lambda: phase(node) == "Failed")
    ended = node.state()["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("ContainerStatusUnknown", 137)


@on_a_node
async def test_an_eviction_is_a_disruption(node: Node) -> None:
    node.sync(pod_json())
    await node.running()
    why = "The node was low on resource: memory."
    node.pods.doom("uid-1", "Evicted", why, timedelta(), disrupts=True)
    await node.until(lambda: phase(node) == "Failed")
    conditions = node.reports.statuses["uid-1"]["conditions"]
    (target,) = [one for one in conditions if one["type"] == "DisruptionTarget"]
    assert (target["status"], target["reason"]) == ("True", "TerminationByKubelet")
    assert target["message"] == why
    assert target["observedGeneration"] == 1
