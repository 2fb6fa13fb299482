"""What a node does when it runs short, or is about to end; thresholds make any machine short."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.wait import until

PLENTY = {"memory.available": "1Mi"}
NEVER_ENOUGH = "1000Ti"


class Configured:
    """A cluster of the module's own, whose agent can be given another configuration."""

    def __init__(self, cluster: Cluster) -> None:
        self.file = cluster.home.parent / "kubelet.yaml"
        self.cluster = cluster.with_settings(MK8S_KUBELET_CONFIG=str(self.file))

    def start(self, **fields: Any) -> Cluster:
        """Run the agent with these fields."""
        written = {"kind": "KubeletConfiguration", "evictionHard": PLENTY, **fields}
        self.file.write_text(json.dumps(written))
        if "agent" in self.cluster.daemons():
            self.cluster.kill("agent")
        self.cluster.mk8s("up").ok()
        return self.cluster


@pytest.fixture(scope="module")
def configured(
    engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Configured]:
    cluster = Cluster.beside(1, tmp_path_factory.mktemp("pressure") / "mk8s", engine)
    yield Configured(cluster)
    cluster.mk8s("down", "--purge")


def node_of(cluster: Cluster) -> dict[str, Any]:
    return cluster.get("node", "node1")


def condition(obj: dict[str, Any], type: str) -> dict[str, str]:
    found: dict[str, str] = next(one for one in obj["status"]["conditions"] if one["type"] == type)
    return found


def taints(cluster: Cluster) -> set[str]:
    return {one["key"] for one in node_of(cluster)["spec"].get("taints", ())}


def test_a_node_tells_what_it_has_and_keeps_back_what_is_reserved(configured: Configured) -> None:
    cluster = configured.start(systemReserved={"cpu": "100m"}, maxPods=42)
    until("images are told", lambda: node_of(cluster)["status"].get("images"))
    status = node_of(cluster)["status"]
    names = {name for one in status["images"] for name in one["names"]}
    assert any(name.startswith("mk8s/pause") for name in names)
    assert status["allocatable"]["pods"] == "42" and status["allocatable"]["cpu"].endswith("900m")
    told = cluster.kubectl("describe", "node", "node1").ok()
    for part in ("Allocated resources:", "System Info:", "ephemeral-storage", "KubeletHasNoDisk"):
        assert part in told
    assert "node1" in cluster.kubectl("get", "lease", "-n", "kube-node-lease").ok()


def pod(name: str, script: str = "sleep 100000", **fields: Any) -> dict[str, Any]:
    """A pod of one container, a busybox unless another image is named."""
    container = {"name": "app", "image": "busybox", "command": ["sh", "-c", script]}
    if "image" in fields:
        del container["command"]
    for field in ("image", "resources", "volumeMounts"):
        if field in fields:
            container[field] = fields.pop(field)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [container], **fields},
    }


def apply(cluster: Cluster, *objects: dict[str, Any]) -> None:
    content = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    cluster.kubectl("apply", "-f", "-", input=json.dumps(content)).ok()


def clear(cluster: Cluster) -> None:
    cluster.kubectl("delete", "pods", "--all", "--now").ok()


def failed(cluster: Cluster, name: str, reason: str) -> dict[str, Any]:
    """Wait until the pod failed for that reason."""

    def look() -> dict[str, Any] | None:
        one = cluster.get("pod", name)
        ended = one["status"].get("phase") == "Failed" and one["status"].get("reason") == reason
        return one if ended else None

    return until(f"{name} is {reason}", look, 40) or {}


def events(cluster: Cluster, reason: str) -> list[str]:
    found = cluster.get("events", "-A", "--field-selector", f"reason={reason}")["items"]
    return [one["message"] for one in found]


def test_low_memory_costs_pods_in_order_and_keeps_new_ones_away(configured: Configured) -> None:
    cluster = configured.start()
    modest = {"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}}
    greedy = 'x=$(head -c 16777216 /dev/zero | tr "\\0" x); sleep 100000; :'
    apply(cluster, pod("modest", resources=modest), pod("greedy", greedy))
    cluster.ready_pods(2)
    configured.start(evictionHard={"memory.available": NEVER_ENOUGH})
    first, then = failed(cluster, "greedy", "Evicted"), failed(cluster, "modest", "Evicted")
    said = first["status"]["message"]
    assert said.startswith(
        "The node was low on resource: memory. Threshold quantity: 1000Ti, available: "
    )
    assert "Container app was using" in said and "request is 0, has larger consumption" in said
    assert "Container" not in then["status"]["message"]
    why = [condition(one, "DisruptionTarget") for one in (first, then)]
    assert why[0]["reason"] == "TerminationByKubelet" and why[0]["message"] == said
    assert why[0]["lastTransitionTime"] < why[1]["lastTransitionTime"], "one at a time"
    assert condition(node_of(cluster), "MemoryPressure")["reason"] == "KubeletHasInsufficientMemory"
    assert "node.kubernetes.io/memory-pressure" in taints(cluster)
    until("it is told", lambda: said in events(cluster, "Evicted"))
    assert "Attempting to reclaim memory" in events(cluster, "EvictionThresholdMet")
    until("of the node, too", lambda: events(cluster, "NodeHasInsufficientMemory"))
    apply(cluster, pod("late"))
    until(
        "it is kept away", lambda: "memory-pressure" in "".join(events(cluster, "FailedScheduling"))
    )
    configured.start()
    until("the taint goes", lambda: not taints(cluster))
    until("the pod runs", lambda: cluster.get("pod", "late")["status"]["phase"] == "Running")
    clear(cluster)


def test_a_pod_that_fills_the_disk_beyond_its_limit_goes(configured: Configured) -> None:
    cluster = configured.start()
    limits = {"limits": {"ephemeral-storage": "1Mi"}}
    write = "head -c 3145728 /dev/zero >{}/file; sleep 1000"
    volume = {
        "volumes": [{"name": "cache", "emptyDir": {"sizeLimit": "2Mi"}}],
        "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
    }
    apply(
        cluster,
        pod("writer", write.format("/tmp"), resources=limits),
        pod("hoarder", write.format("/cache"), **volume),
    )
    said = {
        name: failed(cluster, name, "Evicted")["status"]["message"]
        for name in ("writer", "hoarder")
    }
    assert said == {
        "writer": "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ",
        "hoarder": 'Usage of EmptyDir volume "cache" exceeds the limit "2Mi". ',
    }
    clear(cluster)


def test_a_full_disk_costs_unused_images_of_pods_and_none_of_the_users(
    configured: Configured,
) -> None:
    cluster, engine = configured.start(), configured.cluster.engine

    def images() -> list[str]:
        return engine.run("images", "--format", "{{.Repository}}:{{.Tag}}").split()

    for image in ("busybox", "nginx:1.10"):
        engine.run("rmi", image, check=False)
    apply(cluster, pod("idle"), pod("web", image="nginx:1.10"))
    cluster.ready_pods(2)
    engine.run("tag", "busybox:latest", "built-by-hand:1")
    cluster.kubectl("delete", "pod", "idle", "--now").ok()
    full = {"imageGCHighThresholdPercent": 1, "imageGCLowThresholdPercent": 0}
    configured.start(**full, imageMinimumGCAge="0s")
    until("the idle image is gone", lambda: "busybox:latest" not in images())
    assert {"nginx:1.10", "built-by-hand:1", "mk8s/pause:1.1"} <= set(images())
    clear(cluster)
    configured.start(**full, imageMinimumGCAge="0s")
    until("the other image is gone", lambda: "nginx:1.10" not in images())
    assert {"built-by-hand:1", "mk8s/pause:1.1"} <= set(images())
    engine.run("rmi", "built-by-hand:1")


def test_a_pod_that_names_its_node_itself_must_fit(configured: Configured) -> None:
    cluster = configured.start()
    huge = {"requests": {"cpu": "900"}}
    apply(
        cluster,
        pod("huge", resources=huge, nodeName="node1"),
        pod("picky", nodeSelector={"disk": "ssd"}, nodeName="node1"),
    )
    said = failed(cluster, "huge", "OutOfcpu")["status"]["message"]
    assert said.startswith(
        "Pod was rejected: Node didn't have enough resource: cpu, requested: 900000, used: "
    )
    wanted = [said.removeprefix("Pod was rejected: ")]
    until("an Event says so", lambda: events(cluster, "OutOfcpu") == wanted)
    assert cluster.column("pod", "huge", "STATUS") == "OutOfcpu"
    failed(cluster, "picky", "NodeAffinity")
    clear(cluster)
    cluster.kubectl("label", "node", "node1", "disk=ssd").ok()
    apply(cluster, pod("picky", nodeSelector={"disk": "ssd"}, nodeName="node1"))
    cluster.ready_pods(1)
    clear(cluster)


def test_before_the_machine_is_shut_down_pods_end_in_order(configured: Configured) -> None:
    cluster = configured.start(shutdownGracePeriod="6s", shutdownGracePeriodCriticalPods="3s")
    system = pod("system", priorityClassName="system-node-critical")
    deaf = pod("deaf", "trap : TERM; while :; do sleep 0.1; done")
    deaf["spec"]["terminationGracePeriodSeconds"] = 30
    apply(cluster, deaf, system)
    cluster.ready_pods(2)
    os.kill(cluster.daemons()["agent"], signal.SIGPWR)
    until("the agent has ended", lambda: "agent" not in cluster.daemons())
    ends = {}
    for name in ("deaf", "system"):
        status = failed(cluster, name, "Terminated")["status"]
        assert status["message"] == "Pod was terminated in response to imminent node shutdown."
        (one,) = status["containerStatuses"]
        ends[name] = one["state"]["terminated"]["finishedAt"]
    assert ends["deaf"] <= ends["system"]
    ready = condition(node_of(cluster), "Ready")
    assert (ready["status"], ready["message"]) == ("False", "node is shutting down")
    configured.start()
    until("it is ready", lambda: condition(node_of(cluster), "Ready")["status"] == "True")
    apply(cluster, pod("late"))
    until("a pod runs", lambda: cluster.get("pod", "late")["status"].get("phase") == "Running")
    clear(cluster)
