"""What becomes of a pod on a node, on virtual time and the fake engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mk8s_agent.link.errors import StreamError
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.pods.logs import PodLogs
from mk8s_agent.runtime import pause
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.fake import IGNORES_TERM, NO_SUCH_COMMAND, FakeRuntime
from mk8s_agent.runtime.vocabulary import ContainerSpec, Phase

from tests.support.agentnode import Node, container, elapsed, fake_engine, on_a_node, pod_json, view
from tests.support.virtualtime import VirtualClock, run


@on_a_node
async def test_a_pod_runs_and_says_so(node: Node) -> None:
    node.sync(pod_json(container("a"), container("b")))
    status = await node.running()
    assert status["phase"] == "Running"
    assert status["podIP"] == "10.244.0.2" and status["hostIP"] == "192.0.2.10"
    assert [one["ready"] for one in status["containerStatuses"]] == [True, True]
    assert {one["type"] for one in status["conditions"] if one["status"] == "True"} == {
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    }
    assert node.network.links == {"10.244.0.2": "default/web"}
    assert sorted(node.reports.reasons()) == sorted(["Pulled", "Created", "Started"] * 2)


@on_a_node
async def test_containers_join_the_sandbox_of_their_pod(node: Node) -> None:
    node.sync(pod_json())
    await node.running()
    names = {one.name: one for one in node.containers()}
    assert set(names) == {"k8s_POD_web_default_uid-1_0", "k8s_app_web_default_uid-1_0"}
    sandbox, app = names["k8s_POD_web_default_uid-1_0"], names["k8s_app_web_default_uid-1_0"]
    assert app.labels["io.mk8s.sandbox"] == sandbox.id
    assert sandbox.labels["io.mk8s.pod-ip"] == "10.244.0.2"


@on_a_node
async def test_a_deleted_pod_ends_within_its_grace_period_and_leaves_nothing(node: Node) -> None:
    pod = pod_json(container("polite"), container("deaf", args=[IGNORES_TERM]))
    node.sync(pod)
    await node.running()
    begun = elapsed(node)
    node.delete(pod, grace=7)
    await node.until(lambda: node.reports.gone == ["uid-1"])
    assert 6 <= elapsed(node) - begun <= 8
    assert node.containers() == [] and node.network.links == {}
    ended = [one["state"]["terminated"] for one in node.reports.history[-1]["containerStatuses"]]
    codes = [one["exitCode"] for one in ended]
    assert codes == [143, 137]
    assert list(node.directory.iterdir()) == []


@on_a_node
async def test_a_shorter_second_deletion_counts(node: Node) -> None:
    pod = pod_json(container(args=[IGNORES_TERM]))
    node.sync(pod)
    await node.running()
    node.delete(pod, grace=600)
    begun = elapsed(node)
    node.delete(pod, grace=1)
    await node.until(lambda: node.reports.gone)
    assert elapsed(node) - begun <= 2


@on_a_node
async def test_a_crashing_container_waits_longer_each_time(node: Node) -> None:
    node.sync(pod_json())
    await node.running()
    waits: list[float] = []
    for _ in range(8):
        ended = elapsed(node)
        dead = node.newest()
        node.runtime.exit(dead.id, 1)
        count = node.container_status()["restartCount"]
        await node.until(lambda n=count: node.container_status()["restartCount"] == n + 1, 1000)
        await node.running()
        waits.append(round(elapsed(node) - ended))
    assert waits == [0, 10, 20, 40, 80, 160, 300, 300]


@on_a_node
async def test_back_off_is_shown_as_kubernetes_shows_it(node: Node) -> None:
    node.sync(pod_json())
    await node.running()
    for _ in range(2):
        node.runtime.exit(node.newest().id, 3)
        await node.until(lambda: node.state().get("waiting") or node.state().get("running"))
        if not node.state().get("waiting"):
            await node.until(lambda: node.container_status()["restartCount"] == 1)
    waiting = await node.waits("CrashLoopBackOff")
    assert waiting["message"] == (
        "back-off 10s restarting failed container=app pod=web_default(uid-1)"
    )
    assert node.container_status()["lastState"]["terminated"]["exitCode"] == 3
    assert node.reports.message("BackOff") == (
        "Back-off restarting failed container app in pod web_default(uid-1)"
    )


@on_a_node
async def test_a_container_that_ran_long_enough_restarts_at_once(node: Node) -> None:
    node.sync(pod_json())
    await node.running()
    for _ in range(3):
        await node.clock.sleep(601)
        ended = elapsed(node)
        count = node.container_status()["restartCount"]
        node.runtime.exit(node.newest().id, 1)
        await node.until(lambda n=count: node.container_status()["restartCount"] == n + 1)
        assert elapsed(node) - ended < 1


@on_a_node
async def test_only_the_last_dead_container_is_kept(node: Node) -> None:
    node.sync(pod_json())
    await node.running()
    for count in range(3):
        node.runtime.exit(node.newest().id, 1)
        await node.until(lambda n=count: node.container_status()["restartCount"] == n + 1, 100)
        await node.running()
    await node.clock.sleep(1)
    attempts = sorted(
        one.labels["io.mk8s.attempt"]
        for one in node.containers()
        if one.labels["io.kubernetes.container.name"] == "app"
    )
    assert attempts == ["2", "3"]


@pytest.mark.parametrize(
    ("policy", "code", "phase"),
    [("Never", 0, "Succeeded"), ("Never", 2, "Failed"), ("OnFailure", 0, "Succeeded")],
)
def test_a_pod_that_ended_stays_ended(tmp_path: Path, policy: str, code: int, phase: str) -> None:
    async def play() -> None:
        clock = VirtualClock()
        node = Node(fake_engine(clock), clock, tmp_path)
        node.start()
        node.sync(pod_json(restartPolicy=policy))
        await node.running()
        node.runtime.exit(node.newest().id, code)
        await node.until(lambda: node.reports.statuses["uid-1"]["phase"] == phase)
        await node.clock.sleep(1000)
        assert node.newest().labels["io.mk8s.attempt"] == "0"
        assert node.network.links == {}
        ready = [c for c in node.reports.statuses["uid-1"]["conditions"] if c["type"] == "Ready"]
        assert ready[0]["reason"] == ("PodCompleted" if phase == "Succeeded" else "PodFailed")
        assert node.condition("PodReadyToStartContainers") == "False"
        await node.stop()

    run(play())


@on_a_node
async def test_on_failure_restarts_what_failed_only(node: Node) -> None:
    node.sync(pod_json(container("good"), container("bad"), restartPolicy="OnFailure"))
    await node.running()
    node.runtime.exit(node.newest("good").id, 0)
    node.runtime.exit(node.newest("bad").id, 1)
    await node.until(lambda: node.container_status("bad").get("restartCount") == 1)
    assert node.state("good")["terminated"]["reason"] == "Completed"
    assert node.reports.statuses["uid-1"]["phase"] == "Running"


@on_a_node
async def test_a_command_that_is_not_there_is_a_start_error(node: Node) -> None:
    node.sync(pod_json(container(command=[NO_SUCH_COMMAND]), restartPolicy="Never"))
    await node.until(lambda: node.state().get("terminated"))
    ended = node.state()["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("StartError", 128)
    assert "no such file" in ended["message"]
    assert node.reports.statuses["uid-1"]["phase"] == "Failed"
    assert node.reports.message("Failed").startswith("Error: ")


@on_a_node
async def test_a_missing_image_is_an_error_then_a_back_off(node: Node) -> None:
    node.runtime.registry["app:nope"] = "manifest for app:nope not found: manifest unknown"
    node.sync(pod_json(container(image="app:nope")))
    waiting = await node.waits("ErrImagePull")
    assert waiting["message"] == "manifest for app:nope not found: manifest unknown"
    waiting = await node.waits("ImagePullBackOff")
    assert waiting["message"] == (
        'Back-off pulling image "app:nope": ErrImagePull: '
        "manifest for app:nope not found: manifest unknown"
    )
    assert node.reports.events[:5] == [
        ("Normal", "Pulling", 'Pulling image "app:nope"'),
        (
            "Warning",
            "Failed",
            'Failed to pull image "app:nope": manifest for app:nope not found: manifest unknown',
        ),
        ("Warning", "Failed", "Error: ErrImagePull"),
        ("Normal", "BackOff", 'Back-off pulling image "app:nope"'),
        ("Warning", "Failed", "Error: ImagePullBackOff"),
    ]
    node.runtime.registry["app:nope"] = node.runtime.images["app:1"]
    await node.running()
    assert 9 < elapsed(node) < 11


@on_a_node
async def test_an_image_that_was_made_here_is_used_where_no_registry_gives_another_one(
    node: Node,
) -> None:
    node.runtime.registry["app:1"] = "no such host"
    node.sync(pod_json(container(image="app:1", imagePullPolicy="Always")))
    await node.running()
    assert "pull app:1" in node.runtime.calls
    assert node.reports.message("Pulled") == (
        'Container image "app:1" was made on this node and is used, as no registry gives another '
        "one: no such host"
    )
    assert "Failed" not in {reason for _, reason, _ in node.reports.events}


@on_a_node
async def test_an_image_of_a_registry_that_cannot_be_pulled_again_is_not_used(node: Node) -> None:
    node.runtime.registry["app:1"] = "no such host"
    node.runtime.add_image("app:1", digests=(f"app@sha256:{'0' * 64}",))
    node.sync(pod_json(container(image="app:1", imagePullPolicy="Always")))
    waiting = await node.waits("ErrImagePull")
    assert waiting["message"] == (
        "no such host; an image of that name is on this node: imagePullPolicy IfNotPresent would "
        "use it"
    )


@on_a_node
async def test_pull_policies(node: Node) -> None:
    node.runtime.registry["app:1"] = node.runtime.images["app:1"]
    node.sync(
        pod_json(container("always", imagePullPolicy="Always"), name="a", uid="uid-1"),
        pod_json(container("never", "app:2", imagePullPolicy="Never"), name="b", uid="uid-2"),
        pod_json(container("bad", "No:Such:Name"), name="c", uid="uid-3"),
    )
    await node.running("uid-1")
    assert "pull app:1" in node.runtime.calls
    await node.waits("ErrImageNeverPull", "never", "uid-2")
    assert "pull app:2" not in node.runtime.calls
    await node.waits("InvalidImageName", "bad", "uid-3")


@on_a_node
async def test_pods_that_want_the_same_image_share_one_pull(node: Node) -> None:
    node.runtime.registry["new:1"] = node.runtime.images["app:1"]
    pods = [pod_json(container(image="new:1"), name=f"p{n}", uid=f"uid-{n}") for n in range(5)]
    node.sync(*pods)
    for n in range(5):
        await node.running(f"uid-{n}")
    assert node.runtime.calls.count("pull new:1") == 1


@on_a_node
async def test_a_missing_configmap_is_waited_for(node: Node) -> None:
    reference = {"configMapKeyRef": {"name": "settings", "key": "color"}}
    node.sync(pod_json(container(env=[{"name": "COLOR", "valueFrom": reference}])))
    waiting = await node.waits("CreateContainerConfigError")
    assert waiting["message"] == 'configmap "settings" not found'
    configmap: dict[str, Any] = {
        "metadata": {"namespace": "default", "name": "settings"},
        "data": {"colour": "blue"},
    }
    node.put("configmaps", configmap)
    await node.until(lambda: "couldn't find key" in node.state()["waiting"].get("message", ""))
    begun = elapsed(node)
    node.put("configmaps", {**configmap, "data": {"color": "blue"}})
    await node.running()
    assert elapsed(node) - begun < 1


@on_a_node
async def test_a_node_without_free_addresses_says_what_helps_and_goes_on_when_one_is_free(
    node: Node,
) -> None:
    node.context.addresses.set_ranges("10.244.0.0/30")
    node.context.addresses.adopt("other", "10.244.0.2")
    node.sync(pod_json())
    await node.until(lambda: "FailedCreatePodSandBox" in node.reports.reasons())
    told = node.reports.message("FailedCreatePodSandBox")
    assert "all 1 pod addresses of 10.244.0.0/30 are in use: delete pods" in told
    node.context.addresses.release("other")
    await node.running()


@on_a_node
async def test_a_network_failure_is_told_and_tried_again(node: Node) -> None:
    node.network.failure = NetworkError("cannot add the link: Device busy")
    node.sync(pod_json())
    await node.until(lambda: "FailedCreatePodSandBox" in node.reports.reasons())
    assert "Device busy" in node.reports.message("FailedCreatePodSandBox")
    node.network.failure = None
    await node.running()


@on_a_node
async def test_a_dead_sandbox_is_replaced_with_all_that_was_in_it(node: Node) -> None:
    node.sync(pod_json())
    await node.running()
    node.runtime.exit(node.newest("POD").id, 137)
    await node.until(lambda: node.container_status()["restartCount"] == 1)
    await node.running()
    sandbox = node.newest("POD")
    assert sandbox.labels["io.mk8s.attempt"] == "1"
    assert node.newest().labels["io.mk8s.sandbox"] == sandbox.id
    lost = node.reports.events[node.reports.reasons().index("SandboxChanged") :][:2]
    assert lost == [
        ("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created."),
        ("Normal", "Killing", "Stopping container app"),
    ]
    assert node.reports.reasons().count("SandboxChanged") == 1


@on_a_node
async def test_what_cannot_be_killed_is_told_and_tried_again(node: Node) -> None:
    pod = pod_json()
    node.sync(pod)
    await node.running()

    def stuck(call: str) -> None:
        if call.startswith("kill"):
            raise RuntimeFault("tried to kill container, but did not receive an exit event")

    node.runtime.before_call = stuck
    node.delete(pod, grace=1)
    await node.until(lambda: "FailedKillPod" in node.reports.reasons())
    assert node.reports.message("FailedKillPod") == (
        'error killing pod: failed to "KillContainer" for "app" with KillContainerError: '
        '"tried to kill container, but did not receive an exit event"'
    )
    node.runtime.before_call = lambda call: None
    await node.until(lambda: not node.runtime.present())


@on_a_node
async def test_init_containers_run_one_after_the_other_before_the_rest(node: Node) -> None:
    node.sync(pod_json(initContainers=[container("one"), container("two")]))
    await node.until(lambda: node.state("one").get("running"))
    assert "waiting" in node.state("two")
    assert node.state("app") == {"waiting": {"reason": "PodInitializing"}}
    node.runtime.exit(node.newest("one").id, 1)
    await node.until(lambda: node.container_status("one").get("restartCount") == 1)
    await node.until(lambda: node.state("one").get("running"))
    node.runtime.exit(node.newest("one").id, 0)
    await node.until(lambda: node.state("two").get("running"))
    node.runtime.exit(node.newest("two").id, 0)
    status = await node.running()
    assert [one["ready"] for one in status["initContainerStatuses"]] == [True, True]


@on_a_node
async def test_a_pod_whose_init_container_fails_for_good_fails(node: Node) -> None:
    node.sync(pod_json(initContainers=[container("one")], restartPolicy="Never"))
    await node.until(lambda: node.state("one").get("running"))
    node.runtime.exit(node.newest("one").id, 1)
    await node.until(lambda: node.reports.statuses["uid-1"]["phase"] == "Failed")
    assert not node.runtime.calls.count("create k8s_app_web_default_uid-1_0")


@on_a_node
async def test_a_pod_in_the_hosts_network_has_the_nodes_address(node: Node) -> None:
    node.sync(pod_json(hostNetwork=True))
    status = await node.running()
    assert status["podIP"] == "192.0.2.10"
    assert node.network.links == {}


@on_a_node
async def test_a_new_agent_adopts_what_runs(node: Node) -> None:
    node.sync(pod_json())
    before = await node.running()
    ids = {one.id for one in node.containers()}
    await node.clock.sleep(100)
    node.reports.statuses.clear()
    await node.restart()
    node.sync(pod_json(status=before))
    after = await node.running()
    assert {one.id for one in node.containers()} == ids
    assert after == before


@on_a_node
async def test_what_was_unassigned_while_the_agent_was_away_goes_after_a_complete_sync(
    node: Node,
) -> None:
    kept, dropped = pod_json(), pod_json(name="old", uid="uid-2")
    node.sync(kept, dropped)
    await node.running("uid-1")
    await node.running("uid-2")
    node.assignments.synced.clear()
    await node.restart()
    await node.clock.sleep(10)
    assert len(node.containers()) == 4
    node.sync(kept)
    await node.until(lambda: "uid-2" in node.reports.gone)
    assert {one.labels["io.kubernetes.pod.uid"] for one in node.containers()} == {"uid-1"}


@on_a_node
async def test_a_deletion_goes_on_after_a_restart(node: Node) -> None:
    pod = pod_json(container(args=[IGNORES_TERM]))
    node.sync(pod)
    await node.running()
    node.delete(pod, grace=20)
    await node.until(lambda: "Killing" in node.reports.reasons())
    await node.clock.sleep(5)
    await node.restart()
    await node.until(lambda: node.reports.gone)
    assert 19 <= elapsed(node) <= 22


@on_a_node
async def test_when_the_engine_comes_back_everything_is_looked_at(node: Node) -> None:
    node.sync(pod_json())
    await node.running()
    app = node.newest()
    node.runtime.stop_engine()
    node.runtime.exit(app.id, 1)
    await node.clock.sleep(30)
    assert node.engine_states[-1] is False
    node.runtime.start_engine()
    await node.until(lambda: node.container_status()["restartCount"] == 1)
    assert node.engine_states[-1] is True


@on_a_node
async def test_a_pod_and_its_successor_of_the_same_name_do_not_meet(node: Node) -> None:
    old = pod_json(container(args=[IGNORES_TERM]))
    node.sync(old)
    await node.running()
    node.put("pods", pod_json(uid="uid-2"))
    await node.running("uid-2")
    assert node.reports.statuses["uid-2"]["podIP"] != node.reports.statuses["uid-1"]["podIP"]
    await node.until(lambda: node.reports.gone == ["uid-1"])
    assert node.newest().phase is Phase.RUNNING


@on_a_node
async def test_a_changed_image_restarts_the_container(node: Node) -> None:
    node.runtime.add_image("app:2")
    node.sync(pod_json())
    await node.running()
    node.put("pods", pod_json(container(image="app:2")))
    await node.until(lambda: node.container_status().get("image") == "app:2")
    await node.running()
    assert node.newest().image == "app:2"


@on_a_node
async def test_a_pod_that_never_came_up_can_be_deleted(node: Node) -> None:
    pod = pod_json(container(image="app:nope"))
    node.sync(pod)
    await node.waits("ImagePullBackOff")
    node.delete(pod)
    await node.until(lambda: node.reports.gone == ["uid-1"], seconds=2)
    assert node.containers() == []


@on_a_node
async def test_a_killed_container_is_told_as_out_of_memory(node: Node) -> None:
    node.sync(pod_json(restartPolicy="Never"))
    await node.running()
    node.runtime.exit(node.newest().id, 137, oom_killed=True)
    await node.until(lambda: node.state().get("terminated"))
    assert node.state()["terminated"]["reason"] == "OOMKilled"


class Forbidding(FakeRuntime):
    """A machine on which pause may not make its own network namespace."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock.now)
        self.networks: list[str] = []
        self._leaves: dict[str, bool] = {}

    async def create(self, spec: ContainerSpec) -> str:
        made = await super().create(spec)
        self.networks.append(spec.network)
        self._leaves[made] = spec.args == (pause.NETNS,)
        return made

    async def start(self, container_id: str) -> None:
        await super().start(container_id)
        if self._leaves[container_id]:
            self.exit(container_id, pause.REFUSED_EXIT)


def test_where_pause_may_not_leave_the_hosts_network_the_engine_makes_one(tmp_path: Path) -> None:
    async def play() -> None:
        clock = VirtualClock()
        engine = Forbidding(clock)
        engine.add_image(pause.IMAGE)
        engine.add_image("app:1")
        node = Node(engine, clock, tmp_path)
        node.start()
        node.sync(pod_json())
        await node.running()
        node.put("pods", pod_json(name="next", uid="uid-2"))
        await node.running("uid-2")
        sandboxes = [one for one in engine.networks if not one.startswith("container:")]
        assert sandboxes == ["host", "none", "none"]
        await node.stop()

    run(play())


@on_a_node
async def test_a_pruned_pause_image_comes_back_by_itself(node: Node) -> None:
    image = node.runtime.images.pop(pause.IMAGE)

    async def load(archive: bytes) -> None:
        assert archive == pause.archive(pause.IMAGE, "amd64")
        node.runtime.images[pause.IMAGE] = image

    node.runtime.load = load  # type: ignore[method-assign]
    node.sync(pod_json())
    await node.running()


@on_a_node
async def test_a_pod_that_the_node_does_not_take_fails_and_is_never_begun(node: Node) -> None:
    pod = pod_json(os={"name": "windows"})
    node.sync(pod)
    await node.until(lambda: node.reports.statuses.get("uid-1"))
    status = node.reports.statuses["uid-1"]
    assert (status["phase"], status["reason"]) == ("Failed", "PodOSNotSupported")
    assert "containerStatuses" not in status
    why = status["message"].removeprefix("Pod was rejected: ")
    assert node.reports.events == [("Warning", "PodOSNotSupported", why)]
    node.put("pods", {**pod, "status": status})
    node.delete({**pod, "status": status})
    await node.until(lambda: node.reports.gone == ["uid-1"])
    assert node.containers() == [] and len(node.reports.history) == 1


@on_a_node
async def test_a_host_port_leads_to_the_pod_as_long_as_it_runs(node: Node) -> None:
    ports = [{"containerPort": 80, "hostPort": 8080}]
    pod = pod_json(container(ports=ports))
    node.sync(pod)
    await node.running()
    assert node.host_ports.opened == {"uid-1": "10.244.0.2"}
    node.delete(pod)
    await node.until(lambda: node.reports.gone == ["uid-1"])
    assert node.host_ports.opened == {}


@on_a_node
async def test_a_host_port_of_a_pod_of_which_nothing_was_found_goes_with_it(node: Node) -> None:
    """Its address, which the API shows, may be another pod's soon."""
    pod = pod_json(
        container(ports=[{"containerPort": 80, "hostPort": 8080}]), os={"name": "windows"}
    )
    node.host_ports.open(view(pod), "10.244.0.2")
    node.sync(pod)
    await node.until(lambda: node.reports.statuses.get("uid-1"))
    node.delete(pod)
    await node.until(lambda: node.reports.gone == ["uid-1"])
    assert node.host_ports.opened == {}


@on_a_node
async def test_a_taken_host_port_is_told_and_tried_again(node: Node) -> None:
    node.host_ports.taken = "cannot open hostport 8080"
    node.sync(pod_json())
    await node.until(lambda: "FailedCreatePodSandBox" in node.reports.reasons())
    message = "Failed to create pod sandbox: cannot open hostport 8080"
    assert node.reports.message("FailedCreatePodSandBox") == message
    assert node.state()["waiting"]["reason"] == "ContainerCreating"
    node.host_ports.taken = ""
    await node.running()


@on_a_node
async def test_the_log_of_a_removed_container_is_not_waited_for(node: Node) -> None:
    pod = pod_json(restartPolicy="Never")
    node.sync(pod)
    await node.running()
    dead = node.newest().id
    node.runtime.exit(dead, 0)
    await node.until(lambda: node.reports.statuses["uid-1"]["phase"] == "Succeeded")
    node.sync({**pod, "status": node.reports.statuses["uid-1"]})
    (spare,) = node.pods.spare_containers()
    assert spare == dead
    await node.runtime.remove(spare)
    await node.clock.sleep(60)
    assert node.pods.spare_containers() == []
    assert node.reports.statuses["uid-1"]["phase"] == "Succeeded"
    assert node.state()["terminated"]["exitCode"] == 0, "it stays told"
    with pytest.raises(StreamError, match=f"unable to retrieve container logs for docker://{dead}"):
        await PodLogs(node.context).open({"namespace": "default", "pod": "web", "container": "app"})


@on_a_node
async def test_a_pod_is_connected_once_policies_hold_for_its_address(node: Node) -> None:
    node.policies.open.clear()
    node.sync(pod_json(container()))
    await node.until(lambda: node.runtime.containers)
    await node.clock.sleep(10)
    assert not node.network.links
    node.policies.open.set()
    await node.running()
    assert node.policies.addresses == node.network.links.keys()
    node.sync()
    await node.until(lambda: not node.network.links)
    assert not node.policies.addresses
