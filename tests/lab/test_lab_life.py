"""A lab's life: it grows, loses nodes and gets them back, is killed half-made, and goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import kernel, manifests
from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.lab import pinned
from tests.support.wait import until

SUBNET = "192.168.128"


def a_lab(home: Path, engine: PrivateEngine, number: int = 8) -> Cluster:
    """A cluster that nobody else has, without nodes yet; a silent node is soon noticed."""
    return Cluster.beside(number, home, engine).with_settings(
        MK8S_NAME=f"life{number}", MK8S_LAB_CIDR=f"{SUBNET}.0/24", MK8S_NODE_GRACE="8"
    )


@pytest.fixture(scope="module")
def cluster(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A lab that begins as a single node with a pod."""
    made = a_lab(tmp_path_factory.mktemp("life") / "mk8s", engine)
    made.mk8s("up").ok()
    try:
        made.kubectl("apply", "-f", "-", input=manifests.text(manifests.pod("stays"))).ok()
        made.ready_pods(1)
        yield made
    finally:
        made.mk8s("down", "--purge")


def readiness(cluster: Cluster) -> dict[str, str]:
    """The Ready condition of every node."""
    return {
        node["metadata"]["name"]: condition["status"]
        for node in cluster.get("nodes")["items"]
        for condition in node["status"]["conditions"]
        if condition["type"] == "Ready"
    }


def addresses(cluster: Cluster) -> dict[str, str]:
    """The InternalIP of every node."""
    return {
        node["metadata"]["name"]: address["address"]
        for node in cluster.get("nodes")["items"]
        for address in node["status"]["addresses"]
        if address["type"] == "InternalIP"
    }


def start_of(pod: dict[str, Any]) -> str:
    """When a pod's container was started."""
    [container] = pod["status"]["containerStatuses"]
    return str(container["state"]["running"]["startedAt"])


def spec_call(cluster: Cluster, verb: str) -> subprocess.Popen[bytes]:
    """The lab's program, running."""
    command = [sys.executable, "-m", "mk8s_agent.lab", "--spec", f"{cluster.home}/lab.json", verb]
    return subprocess.Popen(command)


def test_a_running_cluster_grows_and_its_pods_stay(cluster: Cluster) -> None:
    [before] = cluster.ready_pods(1)
    cluster.mk8s("up", "--nodes", "2").ok()
    assert readiness(cluster) == {"node1": "True", "node2": "True"}
    assert addresses(cluster) == {"node1": f"{SUBNET}.1", "node2": f"{SUBNET}.2"}
    agents = cluster.daemons()
    cluster.mk8s("up", "--nodes", "3").ok()
    assert readiness(cluster) == {"node1": "True", "node2": "True", "node3": "True"}
    assert agents.items() <= cluster.daemons().items()
    [after] = cluster.ready_pods(1)
    assert start_of(after) == start_of(before)


def test_up_again_changes_nothing(cluster: Cluster) -> None:
    before = cluster.daemons()
    assert "up already" in cluster.mk8s("up").ok()
    assert cluster.daemons() == before


def test_a_node_that_is_cut_off_is_not_ready_until_it_is_healed_and_its_pods_go_on(
    cluster: Cluster,
) -> None:
    pod = pinned(manifests.pod("cut-off", labels={"app": "cut-off"}), "node3")
    cluster.kubectl("apply", "-f", "-", input=manifests.text(pod)).ok()
    [before] = cluster.ready_pods(1, "app=cut-off")
    cluster.mk8s("lab", "cut", "node3").ok()
    until("it is not ready", lambda: readiness(cluster)["node3"] == "Unknown")
    assert "node3 is cut off from the lab" in cluster.mk8s("status").out
    cluster.mk8s("lab", "heal", "node3").ok()
    until("it is ready", lambda: readiness(cluster)["node3"] == "True")
    assert "cut off" not in cluster.mk8s("status").out
    [after] = cluster.ready_pods(1, "app=cut-off")
    assert start_of(after) == start_of(before)


def test_neither_up_nor_a_new_agent_joins_a_node_that_is_cut_off(cluster: Cluster) -> None:
    cluster.mk8s("lab", "cut", "node2").ok()
    cluster.kill("agent-node2")
    cluster.mk8s("up").ok()
    assert "node2 is cut off" in cluster.mk8s("status").out
    cluster.mk8s("lab", "heal", "node2").ok()
    until("it is ready", lambda: readiness(cluster)["node2"] == "True")


def test_a_node_is_added_by_name_and_removed_with_all_that_it_had(
    cluster: Cluster, engine: PrivateEngine
) -> None:
    until("nothing is being made", lambda: cluster.mk8s("status").code == 0)
    before = kernel.snapshot(engine)
    cluster.mk8s("node", "add", "extra").ok()
    assert addresses(cluster)["extra"] == f"{SUBNET}.4"
    pod = pinned(manifests.pod("on-extra", labels={"app": "on-extra"}), "extra")
    cluster.kubectl("apply", "-f", "-", input=manifests.text(pod)).ok()
    cluster.ready_pods(1, "app=on-extra")
    held = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "on-extra"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "on-extra"}}},
    }
    cluster.kubectl("apply", "-f", "-", input=manifests.text(held)).ok()
    said = cluster.mk8s("node", "remove", "extra", "--timeout", "2s").fails()
    assert "`mk8s uncordon extra`" in said and "default/on-extra" in said
    assert readiness(cluster)["extra"] == "True"
    cluster.kubectl("delete", "pdb", "on-extra").ok()
    assert "pod/on-extra evicted" in cluster.mk8s("node", "remove", "extra").ok()
    assert "extra" not in readiness(cluster)
    assert cluster.pods("app=on-extra") == []
    assert not (cluster.home / "nodes" / "extra").exists()
    assert not list((cluster.home / "pki").glob("*extra*"))
    until("only that is gone", lambda: kernel.unchanged(before, engine))
    assert "no node extra" in cluster.mk8s("node", "remove", "extra").fails()


def test_a_namespace_whose_name_was_taken_away_is_made_again(cluster: Cluster) -> None:
    subprocess.run(["ip", "netns", "delete", "life8-node2"], check=True)
    cluster.mk8s("up").ok()
    assert readiness(cluster)["node2"] == "True"
    shown = cluster.mk8s("lab", "shell", "node2", "--", "ip", "-4", "address").ok()
    assert f"inet {SUBNET}.2/24" in shown


@pytest.mark.parametrize("verb", ["apply", "remove"])
def test_a_lab_killed_anywhere_comes_about_when_it_is_made_again(
    cluster: Cluster, verb: str
) -> None:
    cluster.mk8s("down").ok()
    assert "start the cluster with `mk8s up`" in cluster.mk8s("lab", "cut", "node2").fails()
    whole = spec_call(cluster, "apply")
    assert whole.wait(30) == 0
    links = {"lab-life8", "lab-life8.2", "lab-life8.3"}
    for moment in range(6):
        began = spec_call(cluster, verb)
        time_out(began, 0.06 + 0.03 * moment)
        assert spec_call(cluster, "apply").wait(30) == 0
        shown = subprocess.run(
            ["ip", "-o", "link", "show", "up"], capture_output=True, text=True, check=True
        ).stdout
        assert all(f" {link}" in shown for link in links), shown
        if verb == "apply":
            assert spec_call(cluster, "remove").wait(30) == 0
    cluster.mk8s("up").ok()
    assert set(readiness(cluster).values()) == {"True"}


def test_labs_that_are_made_at_the_same_time_do_not_disturb_each_other(cluster: Cluster) -> None:
    together = [spec_call(cluster, "apply") for _ in range(3)]
    assert [one.wait(30) for one in together] == [0, 0, 0]
    assert cluster.mk8s("status").code == 0


def time_out(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Kill a process in the midst of its work."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def test_down_leaves_the_machine_as_it_was_and_up_brings_all_nodes_back(
    engine: PrivateEngine, tmp_path: Path
) -> None:
    other = a_lab(tmp_path / "mk8s", engine, 7).with_settings(MK8S_LAB_CIDR="192.168.129.0/24")
    before = kernel.snapshot(engine)
    try:
        took = other.mk8s("up", "--nodes", "3").ok()
        assert "nodes node1, node2, node3 are Ready" in took
        pods = [
            pinned(manifests.pod("inside", labels={"app": "all"}), "node2"),
            pinned(manifests.pod("beside", labels={"app": "all"}, hostNetwork=True), "node3"),
        ]
        other.kubectl("apply", "-f", "-", input=manifests.text(*pods)).ok()
        other.ready_pods(2, "app=all")
        other.mk8s("down").ok()
        until("the machine is as it was", lambda: kernel.unchanged(before, engine))
        other.mk8s("up").ok()
        other.ready_pods(2, "app=all")
        assert set(readiness(other)) == {"node1", "node2", "node3"}
        for process in other.daemons().values():
            os.kill(process, signal.SIGKILL)
    finally:
        other.mk8s("down", "--purge").ok()
    until("the machine is as it was", lambda: kernel.unchanged(before, engine))
    assert not other.home.exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"MK8S_LAB_CIDR": "192.168.130.0/24"}, "--lab-cidr"),
        ({"MK8S_LAB_CIDR": "10.207.0.0/24"}, "overlap"),
        ({"MK8S_LAB_CIDR": "192.168.131.0/30"}, "/16 to /28"),
        ({"MK8S_LAB_CIDR": "192.168.131.0/24", "MK8S_NAME": "taken"}, "ip link delete lab-taken"),
        ({"MK8S_LAB_CIDR": "192.168.131.0/24", "MK8S_NAME": "held"}, "ip netns delete held-node2"),
    ],
)
def test_a_lab_that_clashes_is_refused_before_anything_is_made(
    engine: PrivateEngine, tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    other = a_lab(tmp_path / "mk8s", engine, 7).with_settings(**settings)
    commands = (
        "ip link add lab-taken type veth peer name lab-taken-too",
        "ip address add 192.168.130.7/24 dev lab-taken",
        "ip netns add held-node2",
        "ip -n held-node2 link add eth0 type veth peer name eth1",
        "ip -n held-node2 link set eth0 alias mine",
    )
    for command in commands:
        subprocess.run(command.split(), check=True)
    try:
        before = kernel.snapshot(engine)
        assert said in other.mk8s("up", "--nodes", "3").fails()
        until("nothing changed", lambda: kernel.unchanged(before, engine))
        assert not other.home.exists()
    finally:
        subprocess.run(["ip", "link", "delete", "lab-taken"], check=True)
        subprocess.run(["ip", "netns", "delete", "held-node2"], check=True)
