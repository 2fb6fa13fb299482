"""The pods of a hollow node: started after a while, told of, ended, and taken over."""

import asyncio
from typing import Any

import msgspec
from mk8s_agent.assignments import Assigned, Assignments
from mk8s_agent.hollow.pods import RUN_SECONDS, HollowPods
from mk8s_agent.link.reporter import Reporter
from mk8s_agent.runtime.fake import FakeRuntime

from tests.support.virtualtime import VirtualClock, run

Object = dict[str, Any]
START = 2.0


def pod(name: str = "web", uid: str = "1", **spec: Any) -> Object:
    containers = [{"name": "main", "image": "nginx:latest"}]
    spec = {"containers": containers, "nodeName": "hollow-0001", "restartPolicy": "Always", **spec}
    metadata = {"namespace": "default", "name": name, "uid": uid, "generation": 1}
    return {"metadata": metadata, "spec": spec, "status": {"phase": "Pending"}}


def deleted(obj: Object, grace: int) -> Object:
    marks = {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": grace}
    return {**obj, "metadata": {**obj["metadata"], **marks}}


class Node:
    """One hollow node, and the newest of what it told of each pod."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.runtime = FakeRuntime()
        self.reporter = Reporter(self.clock)
        self.assignments = Assignments(("pods",))
        pods = HollowPods(self.assignments, self.reporter, self.runtime, "100.64.0.1", START)
        pods.set_range("10.128.0.0/24")
        self.assignments.subscribe(lambda _, key: pods.changed(key))
        self.statuses: dict[str, Object] = {}
        self.gone: list[str] = []

    def assign(self, obj: Object) -> None:
        metadata = obj["metadata"]
        key = (metadata["namespace"], metadata["name"])
        one = Assigned("pods", key, 1, msgspec.json.encode(obj))
        self.assignments.update([one], [], 1)

    def remove(self, name: str) -> None:
        self.assignments.update([], [("pods", ("default", name))], 2)

    async def after(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        while (up := self.reporter.take()) is not None:
            if up.HasField("pod_status"):
                self.statuses[up.pod_status.name] = msgspec.json.decode(up.pod_status.status_json)
            else:
                self.gone.append(up.pod_gone.uid)


def test_a_pod_runs_after_its_start_and_is_ready_with_an_address_of_the_node():
    async def scenario() -> None:
        node = Node()
        node.assign(pod("a", "1"))
        node.assign(pod("b", "2"))
        await node.after(START - 0.1)
        assert not node.statuses
        await node.after(0.2)
        a, b = node.statuses["a"], node.statuses["b"]
        assert a["phase"] == "Running"
        assert {one["type"]: one["status"] for one in a["conditions"]}["Ready"] == "True"
        assert (a["podIP"], b["podIP"]) == ("10.128.0.2", "10.128.0.3")
        assert a["hostIP"] == "100.64.0.1"

    run(scenario())


def test_a_deleted_pod_is_gone_within_its_grace_and_leaves_nothing():
    async def scenario() -> None:
        node = Node()
        node.assign(pod("a", "1"))
        await node.after(START + 0.1)
        node.assign(deleted(pod("a", "1"), grace=1))
        await node.after(1.1)
        assert node.gone == ["1"]
        assert node.runtime.present() == []
        node.remove("a")
        node.assign(pod("c", "3"))
        await node.after(START + 0.1)
        assert node.statuses["c"]["podIP"] == "10.128.0.2", "its address is free again"
        assert node.gone == ["1"], "it is told once"

    run(scenario())


def test_a_pod_that_was_removed_or_replaced_at_once_leaves_nothing():
    async def scenario() -> None:
        node = Node()
        node.assign(pod("a", "1"))
        node.assign(pod("b", "2"))
        await node.after(START + 0.1)
        node.remove("a")
        node.assign(pod("b", "3"))
        await node.after(START + 0.1)
        owners = {one.labels["io.kubernetes.pod.uid"] for one in node.runtime.present()}
        assert owners == {"3"}

    run(scenario())


def test_what_ran_before_goes_on_with_its_containers_and_its_address():
    async def scenario() -> None:
        first, second = Node(), Node()
        first.assign(pod("a", "1"))
        await first.after(START + 0.1)
        before = first.statuses["a"]
        second.assign({**pod("a", "1"), "status": before})
        await second.after(0)
        after = second.statuses["a"]
        assert after == before
        second.assign(pod("b", "2"))
        await second.after(START + 0.1)
        assert second.statuses["b"]["podIP"] != after["podIP"]

    run(scenario())


def test_new_containers_never_take_the_place_of_those_that_ran_before():
    async def scenario() -> None:
        first, second = Node(), Node()
        first.assign(pod("a", "1"))
        await first.after(START + 0.1)
        second.assign({**pod("a", "1"), "status": first.statuses["a"]})
        second.assign(pod("b", "2"))
        await second.after(START + 0.1)
        owners = [one.labels["io.kubernetes.pod.uid"] for one in second.runtime.present()]
        assert sorted(owners) == ["1", "1", "2", "2"]

    run(scenario())


def test_a_pod_that_is_not_to_run_for_ever_succeeds_also_after_a_restart():
    async def scenario() -> None:
        first, second = Node(), Node()
        first.assign(pod("job", "1", restartPolicy="Never"))
        await first.after(START + 0.1)
        assert first.statuses["job"]["phase"] == "Running"
        running = {**pod("job", "1", restartPolicy="Never"), "status": first.statuses["job"]}
        for node in (first, second):
            node.assign(running)
            await node.after(RUN_SECONDS + 0.1)
            status = node.statuses["job"]
            assert status["phase"] == "Succeeded"
            (container,) = status["containerStatuses"]
            assert container["state"]["terminated"]["exitCode"] == 0

    run(scenario())


def test_init_containers_have_done_their_work():
    async def scenario() -> None:
        node = Node()
        node.assign(pod("a", "1", initContainers=[{"name": "first", "image": "busybox:latest"}]))
        await node.after(START + 0.1)
        (init,) = node.statuses["a"]["initContainerStatuses"]
        assert init["state"]["terminated"]["exitCode"] == 0
        assert node.statuses["a"]["phase"] == "Running"

    run(scenario())


def test_a_pod_that_has_ended_is_left_alone():
    async def scenario() -> None:
        node = Node()
        node.assign({**pod("a", "1"), "status": {"phase": "Succeeded"}})
        await node.after(START + 0.1)
        assert not node.statuses and not node.runtime.present()
        assert len(asyncio.all_tasks()) == 1

    run(scenario())
