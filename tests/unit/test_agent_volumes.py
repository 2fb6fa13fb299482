"""What becomes of a pod's volumes on a node, on virtual time and the fake engine."""

from __future__ import annotations

from typing import Any

from mk8s_agent.link.errors import NoAnswer
from mk8s_agent.runtime.vocabulary import Phase

from tests.support.agentnode import Node, container, pod_json
from tests.unit.test_agent_pods import elapsed, on_a_node

Json = dict[str, Any]
HOUR = 3600.0


def config(name: str = "settings", **data: str) -> Json:
    return {"metadata": {"name": name, "namespace": "default"}, "data": data}


def pod_with(*volumes: Json, **fields: Any) -> Json:
    """A pod that mounts each of its volumes at /NAME."""
    mounts = [{"name": one["name"], "mountPath": f"/{one['name']}"} for one in volumes]
    return pod_json(container(volumeMounts=mounts), volumes=list(volumes), **fields)


SETTINGS = {"name": "v", "configMap": {"name": "settings"}}
LABELS = {
    "name": "v",
    "downwardAPI": {"items": [{"path": "f", "fieldRef": {"fieldPath": "metadata.labels"}}]},
}
TOKEN = {
    "name": "v",
    "projected": {
        "sources": [{"serviceAccountToken": {"path": "f", "expirationSeconds": int(HOUR)}}]
    },
}


def file(node: Node, name: str = "f") -> str:
    """What a file of the volume `v` holds."""
    return (node.memory / "uid-1" / "v" / name).read_text()


def outage(node: Node, why: str = "the master cannot be reached") -> None:
    node.tokens.failure = NoAnswer(why)


@on_a_node
async def test_what_is_missing_is_told_and_its_arrival_wakes_the_pod(node: Node) -> None:
    node.sync(pod_with(SETTINGS))
    await node.until(lambda: "FailedMount" in node.reports.reasons())
    assert node.reports.message("FailedMount") == (
        'MountVolume.SetUp failed for volume "v" : configmap "settings" not found'
    )
    await node.clock.sleep(100)
    assert node.state() == {"waiting": {"reason": "ContainerCreating"}}
    begun = elapsed(node)
    node.put("configmaps", config(f="1"))
    await node.running()
    assert elapsed(node) - begun < 1
    assert file(node) == "1"


@on_a_node
async def test_the_pauses_between_attempts_grow_to_two_minutes(node: Node) -> None:
    node.sync(pod_with(SETTINGS))
    await node.clock.sleep(290)
    told = [message for _, reason, message in node.reports.events if reason == "FailedMount"]
    whole = [one for one in told if one.startswith("Unable to attach or mount volumes: ")]
    assert len(told) - len(whole) == 10
    assert whole == [
        "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], "
        "failed to process volumes=[]: context deadline exceeded"
    ]


@on_a_node
async def test_a_running_pod_sees_what_changes_at_the_master(node: Node) -> None:
    node.put("configmaps", config(f="1"))
    node.sync(pod_with(SETTINGS))
    node.put("configmaps", config(f="1"))
    await node.running()
    node.put("configmaps", config(f="2"))
    await node.clock.sleep(1)
    assert file(node) == "2"
    assert len(node.containers()) == 2


@on_a_node
async def test_a_pods_labels_are_kept_up_to_date(node: Node) -> None:
    pod = pod_with(LABELS, metadata={"labels": {"a": "1"}})
    node.sync(pod)
    await node.running()
    node.put("pods", {**pod, "metadata": {**pod["metadata"], "labels": {"a": "2"}}})
    await node.clock.sleep(1)
    assert file(node) == 'a="2"'


@on_a_node
async def test_a_change_that_no_volume_shows_renews_none(node: Node) -> None:
    pod = pod_with(LABELS, metadata={"labels": {"a": "1"}})
    node.sync(pod)
    await node.running()
    (node.memory / "uid-1" / "v" / "..data").unlink()
    node.put("pods", {**pod, "metadata": {**pod["metadata"], "resourceVersion": "9"}})
    await node.clock.sleep(1)
    assert not (node.memory / "uid-1" / "v" / "f").exists()


@on_a_node
async def test_a_container_that_crashes_finds_its_volume_though_its_source_is_gone(
    node: Node,
) -> None:
    node.sync(pod_with(SETTINGS))
    node.put("configmaps", config(f="1"))
    await node.running()
    node.assignments.update([], [("configmaps", ("default", "settings"))], 1)
    await node.until(lambda: "FailedMount" in node.reports.reasons())
    node.runtime.exit(node.newest().id, 1)
    await node.until(lambda: node.container_status()["restartCount"] == 1)
    await node.running()
    assert file(node) == "1"


@on_a_node
async def test_a_token_is_renewed_in_time_and_only_then(node: Node) -> None:
    node.sync(pod_with(TOKEN))
    await node.running()
    assert node.tokens.asked == [("default/web", "", 3600)]
    first = file(node)
    await node.clock.sleep(0.79 * HOUR)
    assert file(node) == first
    await node.clock.sleep(0.02 * HOUR)
    assert len(node.tokens.asked) == 2 and file(node) != first


@on_a_node
async def test_a_new_agent_knows_when_the_token_is_due(node: Node) -> None:
    node.sync(pod_with(TOKEN))
    await node.running()
    await node.clock.sleep(0.5 * HOUR)
    await node.restart()
    await node.clock.sleep(60)
    assert len(node.tokens.asked) == 1
    await node.clock.sleep(0.31 * HOUR)
    assert len(node.tokens.asked) == 2


@on_a_node
async def test_while_the_master_is_away_the_old_token_stays(node: Node) -> None:
    node.sync(pod_with(TOKEN))
    await node.running()
    first = file(node)
    outage(node)
    await node.clock.sleep(0.85 * HOUR)
    assert file(node) == first
    assert "FailedMount" not in node.reports.reasons()
    node.tokens.failure = None
    await node.clock.sleep(0.1 * HOUR)
    assert file(node) != first
    assert node.newest().phase is Phase.RUNNING


@on_a_node
async def test_a_pod_waits_for_its_token(node: Node) -> None:
    outage(node, 'serviceaccounts "robot" not found')
    node.sync(pod_with(TOKEN))
    await node.until(lambda: "FailedMount" in node.reports.reasons())
    assert node.reports.message("FailedMount") == (
        'MountVolume.SetUp failed for volume "v" : '
        'failed to fetch token: serviceaccounts "robot" not found'
    )
    node.tokens.failure = None
    await node.running()


@on_a_node
async def test_nothing_is_left_of_a_pod_that_went(node: Node) -> None:
    disk = {"name": "disk", "emptyDir": {}}
    pod = pod_with(TOKEN, disk)
    node.sync(pod)
    await node.running()
    (node.directory / "uid-1" / "volumes" / "disk" / "file").write_text("x")
    node.delete(pod, grace=1)
    await node.until(lambda: node.reports.gone == ["uid-1"])
    assert not (node.directory / "uid-1").exists() and not (node.memory / "uid-1").exists()


@on_a_node
async def test_what_dead_agents_left_behind_goes_after_a_complete_sync(node: Node) -> None:
    await node.stop()
    for place in (node.directory / "uid-9" / "volumes" / "v", node.memory / "uid-9" / "v"):
        place.mkdir(parents=True)
    (node.directory / "uid-9" / "hosts").touch()
    node.start()
    await node.clock.sleep(10)
    assert (node.directory / "uid-9").exists()
    node.sync(pod_json())
    await node.running()
    await node.clock.sleep(1)
    assert not (node.directory / "uid-9").exists() and not (node.memory / "uid-9").exists()
    assert (node.directory / "uid-1").exists()


@on_a_node
async def test_the_volumes_of_a_pod_that_has_ended_are_given_back(node: Node) -> None:
    node.sync(pod_with(TOKEN, restartPolicy="Never"))
    await node.running()
    node.runtime.exit(node.newest().id, 0)
    await node.until(lambda: node.reports.statuses["uid-1"]["phase"] == "Succeeded")
    await node.clock.sleep(2 * HOUR)
    assert not (node.memory / "uid-1").exists()
    assert len(node.tokens.asked) == 1


@on_a_node
async def test_a_volume_that_cannot_be_found_keeps_only_its_container_back(node: Node) -> None:
    mounts = [{"name": "v", "mountPath": "/v", "subPathExpr": "$(WHERE)/x"}]
    disk = {"name": "v", "emptyDir": {}}
    node.sync(pod_json(container(volumeMounts=mounts), container("other"), volumes=[disk]))
    waiting = await node.waits("CreateContainerConfigError")
    assert waiting["message"] == 'missing value for "WHERE"'
    await node.until(lambda: "running" in node.state("other"))
