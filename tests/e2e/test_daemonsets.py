"""DaemonSets through kubectl on the one node: whether it gets a pod, and which."""

from __future__ import annotations

from typing import Any

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.manifests import SLEEP, container
from tests.support.wait import until

Json = dict[str, Any]


def daemon(name: str, **pod: Any) -> Json:
    """A DaemonSet whose pods sleep."""
    made = manifests.deployment(name, 1, container(*SLEEP, image="ubuntu:16.04"))
    made["kind"] = "DaemonSet"
    del made["spec"]["replicas"]
    made["spec"]["template"]["spec"] |= {"terminationGracePeriodSeconds": 5, **pod}
    return made


def apply(cluster: Cluster, made: Json) -> None:
    done = cluster.kubectl("apply", "-f", "-", input=manifests.text(made))
    assert "Warning" not in done.err
    done.ok()


def rolled_out(cluster: Cluster, name: str) -> None:
    cluster.kubectl("rollout", "status", f"ds/{name}", "--timeout=60s").ok()


def image(cluster: Cluster, name: str) -> str:
    (pod,) = cluster.ready_pods(1, f"app={name}")
    found: str = pod["spec"]["containers"][0]["image"]
    return found


def numbers(cluster: Cluster, name: str) -> list[int]:
    status = cluster.get("ds", name)["status"]
    names = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady")
    return [status[name] for name in names]


def test_a_node_has_the_pod_while_its_labels_ask_for_it_even_when_it_is_cordoned(
    cluster: Cluster,
) -> None:
    apply(cluster, daemon("probe", nodeSelector={"probe": "yes"}))
    until(
        "the set is looked at", lambda: "observedGeneration" in cluster.get("ds", "probe")["status"]
    )
    assert numbers(cluster, "probe") == [0, 0, 0]
    cluster.kubectl("cordon", "node1").ok()
    try:
        cluster.kubectl("label", "node", "node1", "probe=yes").ok()
        (pod,) = cluster.ready_pods(1, "app=probe")
    finally:
        cluster.kubectl("uncordon", "node1").ok()
    until("all numbers", lambda: numbers(cluster, "probe") == [1, 1, 1])
    scheduled = next(one for one in pod["status"]["conditions"] if one["type"] == "PodScheduled")
    assert scheduled["status"] == "True"
    cluster.kubectl("label", "node", "node1", "probe-").ok()
    until("no pod", lambda: not cluster.pods("app=probe"))
    until("no numbers", lambda: numbers(cluster, "probe") == [0, 0, 0])
    cluster.kubectl("delete", "ds/probe").ok()


def test_versions_roll_out_and_back_by_a_deletion_or_by_a_surge(cluster: Cluster) -> None:
    apply(cluster, daemon("agent"))
    rolled_out(cluster, "agent")
    cluster.kubectl("set", "image", "ds/agent", "main=busybox").ok()
    rolled_out(cluster, "agent")
    assert image(cluster, "agent") == "busybox"
    surge = '{"spec":{"updateStrategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":0}}}}'
    cluster.kubectl("patch", "ds/agent", "-p", surge).ok()
    cluster.kubectl("rollout", "undo", "ds/agent", "--to-revision=1").ok()
    rolled_out(cluster, "agent")
    assert image(cluster, "agent") == "ubuntu:16.04"
    history = cluster.kubectl("rollout", "history", "ds/agent").ok().split()
    assert history[-4:] == ["2", "<none>", "3", "<none>"]
    described = cluster.kubectl("describe", "ds", "agent").ok()
    for word in ("SuccessfulCreate", "SuccessfulDelete", "daemonset-controller"):
        assert word in described
    cluster.kubectl("delete", "ds/agent").ok()


def test_a_pod_that_its_node_refuses_is_made_anew_later_and_later(cluster: Cluster) -> None:
    sysctls = {"sysctls": [{"name": "kernel.msgmax", "value": "65536"}]}
    apply(cluster, daemon("refused", securityContext=sysctls))

    def told() -> str:
        return cluster.kubectl("describe", "ds", "refused").ok()

    until("two refusals", lambda: "Found failed daemon pod default/refused-" in told())
    start = len(created(cluster, "refused"))
    until("the next", lambda: len(created(cluster, "refused")) > start)
    assert len(created(cluster, "refused")) <= start + 2
    cluster.kubectl("delete", "ds/refused").ok()


def created(cluster: Cluster, name: str) -> list[Json]:
    """The Events of created pods."""
    chosen = f"involvedObject.name={name},reason=SuccessfulCreate"
    events: list[Json] = cluster.get("events", "--field-selector", chosen)["items"]
    return [one for one in events for _ in range(one.get("count", 1))]
