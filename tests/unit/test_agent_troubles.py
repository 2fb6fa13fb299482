"""What a pod makes of an engine that fails in the middle, and of others who meddle."""

from __future__ import annotations

import errno
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from mk8s_agent.pods.actions import image_target
from mk8s_agent.pods.identity import CONTAINER
from mk8s_agent.pods.listening import TOUCH_SECONDS
from mk8s_agent.runtime.errors import EngineUnavailable
from mk8s_agent.runtime.fake import IGNORES_TERM
from mk8s_agent.runtime.pause import IMAGE
from mk8s_agent.runtime.vocabulary import Container, ContainerSpec, Phase

from tests.support.agentnode import (
    IMAGE_PRESENT,
    OWNER,
    Node,
    container,
    elapsed,
    on_a_node,
    pod_json,
)
from tests.support.troubledengine import Fault, TroubledEngine
from tests.support.virtualtime import VirtualClock, run


@on_a_node
async def test_a_removed_container_is_replaced_and_its_restart_counted(node: Node) -> None:
    node.sync(pod_json())
    await node.running()
    for restarts in (1, 2):
        node.runtime.vanish(node.newest().id)
        await node.until(lambda n=restarts: node.container_status()["restartCount"] == n)
        await node.running()
        assert node.reports.statuses["uid-1"]["phase"] == "Running"
    lost = [one["containerStatuses"][0]["lastState"] for one in node.reports.history]
    assert {"ContainerStatusUnknown"} <= {one.get("terminated", {}).get("reason") for one in lost}


@on_a_node
async def test_restarts_are_remembered_by_the_master_when_nothing_else_is_left(node: Node) -> None:
    pod = pod_json()
    node.sync(pod)
    await node.running()
    node.runtime.exit(node.newest().id, 1)
    await node.until(lambda: node.container_status().get("restartCount") == 1)
    status = await node.running()
    await node.stop()
    for one in node.containers():
        node.runtime.vanish(one.id)
    await node.restart()
    node.sync({**pod, "status": status})
    await node.until(lambda: node.container_status()["restartCount"] == 2)
    await node.until(lambda: "running" in node.state())
    assert node.newest().labels["io.mk8s.attempt"] == "2"


@on_a_node
async def test_a_pod_deleted_before_its_actions_have_begun_goes(node: Node) -> None:
    pod = pod_json()
    node.sync(pod)
    await node.running()
    node.runtime.exit(node.newest().id, 1)
    worker = node.pods._workers["uid-1"]
    while image_target("app") not in worker._tasks:
        await node.clock.sleep(0)
    node.delete(pod, grace=0)
    await node.until(lambda: node.reports.gone == ["uid-1"])
    assert node.containers() == []


def test_a_container_that_is_made_after_its_pod_has_gone_is_removed(tmp_path: Path) -> None:
    async def play() -> None:
        clock = VirtualClock()
        engine = TroubledEngine(clock)
        engine.add_image(IMAGE)
        engine.add_image(IMAGE_PRESENT)
        node = Node(engine, clock, tmp_path)
        node.start()
        engine.faults = [Fault.LATE]
        pod = pod_json()
        node.sync(pod)
        await clock.sleep(0.5)
        node.delete(pod, grace=0)
        await node.until(lambda: node.reports.gone == ["uid-1"], 5)
        node.sync()
        await clock.sleep(20)
        assert len(engine.made) == 1
        assert node.containers() == []
        await node.stop()

    run(play())


@on_a_node
async def test_an_engine_that_falls_silent_is_noticed_and_nothing_is_missed(node: Node) -> None:
    node.sync(pod_json())
    await node.running()

    def silent(call: str) -> None:
        raise EngineUnavailable("The container engine did not answer in time.")

    engine, begun = node.runtime, elapsed(node)
    engine.before_call, engine.losing = silent, True
    engine.exit(node.newest().id, 1)
    while node.engine_states[-1]:
        await node.clock.sleep(1)
    assert elapsed(node) - begun <= 2 * TOUCH_SECONDS
    engine.before_call, engine.losing = (lambda _: None), False
    await node.until(lambda: node.container_status().get("restartCount") == 1)
    assert node.engine_states[-1]


@on_a_node
async def test_an_agent_that_did_not_run_for_a_while_looks_at_everything(node: Node) -> None:
    node.sync(pod_json())
    await node.running()
    node.runtime.losing = True
    node.clock.slower = 6.0
    node.runtime.exit(node.newest().id, 1)
    begun = elapsed(node)
    await node.until(lambda: node.container_status().get("restartCount") == 1, 100)
    assert elapsed(node) - begun <= 7 * TOUCH_SECONDS
    assert all(node.engine_states)


def test_a_container_that_the_engine_cannot_look_at_holds_up_no_other_pod(tmp_path: Path) -> None:
    async def play() -> None:
        clock = VirtualClock()
        engine = TroubledEngine(clock)
        engine.add_image(IMAGE)
        engine.add_image(IMAGE_PRESENT)
        node = Node(engine, clock, tmp_path)
        node.start()
        node.sync(pod_json(name="bad", uid="bad"))
        await node.running("bad")
        await node.stop()
        engine.hanging = {one.id for one in engine.of("bad")}
        await node.restart()
        node.put("pods", pod_json(name="good", uid="good"))
        await node.until(lambda: node.condition("Ready", "good") == "True", 5)
        assert node.engine_states[-1]
        await node.stop()

    run(play())


@on_a_node
async def test_a_pod_that_the_master_takes_away_at_once_is_removed_at_once(node: Node) -> None:
    node.sync(pod_json(container(args=[IGNORES_TERM])))
    await node.running()
    begun = elapsed(node)
    node.assignments.update([], [("pods", ("default", "web"))], 2)
    await node.until(lambda: node.reports.gone == ["uid-1"])
    assert elapsed(node) - begun < 0.1
    assert node.containers() == []
    assert not any(call.startswith("kill") for call in node.runtime.calls)


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(hours=1)], ids=["back", "on"])
def test_setting_the_clock_changes_no_wait(tmp_path: Path, jump: timedelta) -> None:
    @on_a_node
    async def scenario(node: Node) -> None:
        pod = pod_json(container(args=[IGNORES_TERM]), container("side"))
        node.sync(pod)
        await node.running()
        for _ in range(2):
            node.runtime.exit(node.newest("side").id, 1)
            await node.clock.sleep(0.5)
        node.clock.ahead = jump
        await node.until(lambda: node.container_status("side")["restartCount"] == 2, 15)
        node.delete(pod, grace=30)
        await node.clock.sleep(5)
        begun = elapsed(node)
        node.clock.ahead = timedelta()
        node.runtime.exit(node.newest("side").id, 1)
        await node.until(lambda: node.reports.gone == ["uid-1"])
        assert 20 < elapsed(node) - begun < 30

    scenario(tmp_path)


@on_a_node
async def test_a_full_disk_is_told_and_the_pod_comes_when_there_is_room(node: Node) -> None:
    write = node.context.files.write

    def full(*_: object) -> list[str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    node.context.files.write = full
    node.sync(pod_json())
    await node.until(lambda: "FailedCreatePodSandBox" in node.reports.reasons())
    assert "No space left on device" in node.reports.message("FailedCreatePodSandBox")
    assert node.containers() == []
    node.context.files.write = write
    status = await node.running()
    assert status["containerStatuses"][0]["restartCount"] == 0


@on_a_node
async def test_a_container_that_others_gave_our_labels_is_let_alone(node: Node) -> None:
    odd = ContainerSpec(name="odd", image=IMAGE_PRESENT, labels=OWNER)
    before = await node.runtime.create(odd)
    node.sync(pod_json())
    await node.running()
    after = await node.runtime.create(msgspec.structs.replace(odd, name="odder"))
    await node.restart()
    await node.clock.sleep(400)
    assert {before, after} <= {one.id for one in node.containers()}
    assert node.engine_states[-1]


@on_a_node
async def test_what_somebody_starts_again_does_not_run_twice(node: Node) -> None:
    node.sync(pod_json())
    await node.running()
    first = node.newest().id
    node.runtime.exit(first, 1)
    await node.until(lambda: node.container_status().get("restartCount") == 1)
    await node.running()
    await node.runtime.start(first)
    await node.clock.sleep(1)
    assert [one.id for one in _running(node, "app")] == [node.newest().id]
    second = node.newest().id
    node.runtime.exit(second, 1)
    await node.clock.sleep(1)
    await node.runtime.start(second)
    await node.clock.sleep(600)
    assert [one.id for one in _running(node, "app")] == [second]
    assert node.container_status()["restartCount"] == 1


def _running(node: Node, name: str) -> list[Container]:
    return [
        one
        for one in node.containers()
        if one.labels[CONTAINER] == name and one.phase is Phase.RUNNING
    ]


@on_a_node
async def test_pods_go_on_when_their_manager_begins_anew(node: Node) -> None:
    def fail(call: str) -> None:
        if call == "events":
            raise LookupError(call)

    node.sync(pod_json())
    await node.running()
    node.runtime.before_call = fail
    node.runtime.stop_engine()
    node.runtime.start_engine()
    with pytest.raises(LookupError):
        await node.ended()
    node.runtime.before_call = lambda call: None
    node.run_again()
    node.runtime.exit(node.newest().id, 1)
    await node.until(lambda: node.container_status()["restartCount"] == 1)
    await node.running()


@on_a_node
async def test_a_reason_that_no_node_gives_lets_no_pod_fail(node: Node) -> None:
    pod = pod_json()
    node.sync(pod)
    status = await node.running()
    await node.restart()
    node.sync({**pod, "status": {**status, "reason": "Whatever"}})
    node.runtime.exit(node.newest().id, 1)
    await node.until(lambda: node.container_status().get("restartCount") == 1)
    await node.running()
