"""`mk8s debug` of real pods and of the node."""

from __future__ import annotations

from tests.support import tmux
from tests.support.cluster import MK8S, Cluster
from tests.support.manifests import SLEEP, container, pod
from tests.support.podlife import apply, gone, ready


def test_a_debugger_is_talked_with_and_sees_its_target(cluster: Cluster) -> None:
    apply(cluster, pod("ailing", container(*SLEEP)))
    ready(cluster, "ailing")
    words = (
        str(MK8S), "debug", "-it", "ailing", "--image=busybox", "--target=main", "-c", "dbg",
        "--image-pull-policy=IfNotPresent", "--", "sh",
    )  # fmt: skip
    with tmux.opened(words, cluster.environment) as screen:
        screen.wait_for(r"^Targeting container \"main\"")
        screen.wait_for(r"^/ #", 40)
        screen.enter("clear; ps -o args | grep -c slee[p]; stty size")
        screen.wait_for(r"^[1-9]\n30 100$")
        screen.enter("exit")
        assert screen.exit_code() == 0
        screen.wait_for(r"^Session ended, the ephemeral container will not be restarted")
    cluster.kubectl("delete", "pod", "ailing", "--now").ok()
    gone(cluster, "ailing")


def test_a_copy_and_the_node_are_looked_into(cluster: Cluster) -> None:
    apply(cluster, pod("broken", container("sh", "-c", "exit 1")))
    copied = cluster.mk8s(
        "debug", "broken", "--copy-to=mended", "-c", "main", "-i", "-q",
        "--", "sh", "-c", "echo from the copy", input="",
    )  # fmt: skip
    assert "from the copy\n" in copied.ok()
    script = "ls /host/etc/passwd; exit\n"
    node = cluster.mk8s("debug", "node/node1", "-i", "--image=busybox", "--", "sh", input=script)
    first, *said = node.ok().splitlines()
    assert first.startswith("Creating debugging pod node-debugger-node1-")
    assert said == ["/host/etc/passwd"]
    name = first.split()[3]
    cluster.kubectl("delete", "pod", "broken", "mended", name, "--now").ok()
    gone(cluster, "broken", "mended", name)
