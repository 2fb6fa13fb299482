"""`kubectl debug`: ephemeral containers, copies of pods, a look at the node."""

from __future__ import annotations

import re

import pytest

from tests.support.cluster import Cluster, kubectls
from tests.support.manifests import SLEEP, container, pod
from tests.support.podlife import apply, container_status, gone, ready
from tests.support.wait import until

DEBUGS = [version for version in kubectls() if int(version.split(".")[1]) >= 25]


@pytest.mark.parametrize("version", DEBUGS)
def test_an_ephemeral_container_sees_the_processes_of_its_target(
    cluster: Cluster, version: str
) -> None:
    name = f"patient-{version.replace('.', '-')}"
    apply(cluster, pod(name, container(*SLEEP)))
    ready(cluster, name)
    debug = cluster.kubectl(
        "debug", "-i", name, "--image=busybox", "--target=main", "-c", "debugger",
        "--image-pull-policy=IfNotPresent", "--", "sh",
        version=version, input="ps -o args; exit 3\n",
    )  # fmt: skip
    assert "sleep 86400" in debug.out, debug
    assert "ephemeralContainers" not in debug.err
    told = until(
        "its end is told",
        lambda: container_status(cluster, name, "debugger")["state"]["terminated"],
    )
    assert told["exitCode"] == 3
    assert container_status(cluster, name, "debugger")["restartCount"] == 0
    assert "sleep 86400" in cluster.kubectl("logs", name, "-c", "debugger").ok()
    ready(cluster, name)
    cluster.kubectl("delete", "pod", name, "--now").ok()
    gone(cluster, name)


def test_exec_reaches_an_ephemeral_container(cluster: Cluster) -> None:
    apply(cluster, pod("visited", container(*SLEEP)))
    ready(cluster, "visited")
    cluster.kubectl(
        "debug", "visited", "--image=busybox", "-c", "visitor",
        "--image-pull-policy=IfNotPresent", "--", *SLEEP,
    ).ok()  # fmt: skip
    until(
        "it runs",
        lambda: container_status(cluster, "visited", "visitor")["state"]["running"],
    )
    said = cluster.kubectl("exec", "visited", "-c", "visitor", "--", "echo", "hello").ok()
    assert said == "hello\n"
    shown = cluster.kubectl("describe", "pod", "visited").ok()
    assert re.search(r"Ephemeral Containers:\n\s+visitor:", shown)
    cluster.kubectl("delete", "pod", "visited", "--now").ok()
    gone(cluster, "visited")


def test_a_copy_of_a_pod_runs_another_command(cluster: Cluster) -> None:
    apply(cluster, pod("original", container("sh", "-c", "exit 1")))
    copied = cluster.kubectl(
        "debug", "original", "--copy-to=copy", "--container=main", "-i",
        "--", "sh", "-c", "echo from the copy",
    )  # fmt: skip
    assert "from the copy" in copied.out + cluster.kubectl("logs", "copy", "-c", "main").out
    cluster.kubectl("delete", "pod", "original", "copy", "--now").ok()
    gone(cluster, "original", "copy")


def test_the_node_can_be_debugged_from_a_pod(cluster: Cluster) -> None:
    """It sees the node's processes, its network and, below /host, its files."""
    script = "ls /host/etc/passwd; ps -o args | grep -c mk8s_agen[t]; exit\n"
    debug = cluster.kubectl(
        "debug", "node/node1", "-i", "--image=busybox", "--", "sh", input=script, seconds=40
    )
    *_, listed, agents = debug.out.splitlines()
    # other clusters of the tests may have some, too
    assert listed == "/host/etc/passwd" and int(agents) >= 1, debug
    (name,) = [
        one["metadata"]["name"] for one in cluster.pods() if "debugger" in one["metadata"]["name"]
    ]
    spec = cluster.get("pod", name)["spec"]
    assert spec["hostPID"] and spec["hostNetwork"] and spec["hostIPC"]
    assert "mk8s stores" not in debug.err
    cluster.kubectl("delete", "pod", name, "--now").ok()
    gone(cluster, name)
