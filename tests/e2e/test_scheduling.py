"""Pods go where there is room; one that finds none says why, and goes once there is some."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.manifests import container, pod
from tests.support.wait import until


@pytest.fixture(autouse=True)
def empty(cluster: Cluster) -> Iterator[None]:
    """Each test leaves no pod behind."""
    yield
    cluster.kubectl("delete", "pod", "--all", "--now").ok()
    until("no pods left", lambda: not cluster.pods())


def apply(cluster: Cluster, *objects: Any) -> None:
    """`kubectl apply` of ``objects``."""
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects)).ok()


def asking(name: str, **requests: str) -> Any:
    """A pod with resource requests."""
    return pod(name, container(*manifests.SLEEP, resources={"requests": requests}))


def processors(cluster: Cluster) -> int:
    """How many the node has."""
    return int(cluster.get("node", "node1")["status"]["allocatable"]["cpu"])


def waits(cluster: Cluster, name: str, why: str) -> None:
    """The pod is Pending, and its event and condition tell ``why``."""

    def told() -> bool:
        found = cluster.get("pod", name)["status"]
        [condition] = [one for one in found["conditions"] if one["type"] == "PodScheduled"]
        assert (condition["status"], condition["reason"]) == ("False", "Unschedulable")
        assert why in condition["message"], condition["message"]
        described = cluster.kubectl("describe", "pod", name).ok()
        return "FailedScheduling" in described and why in described

    until(f"{name} says {why!r}", told)
    assert cluster.column("pod", name, "STATUS") == "Pending"
    assert "nodeName" not in cluster.get("pod", name)["spec"]


def test_a_pod_that_asks_for_too_much_cpu_waits_and_is_placed_when_room_appears(
    cluster: Cluster,
) -> None:
    most = f"{processors(cluster) * 1000 - 300}m"
    apply(cluster, asking("first", cpu=most))
    cluster.ready_pods(1)
    apply(cluster, asking("second", cpu="400m"))
    waits(cluster, "second", "0/1 nodes are available: 1 Insufficient cpu.")
    cluster.kubectl("delete", "pod", "first", "--wait=false").ok()
    until("it runs", lambda: cluster.column("pod", "second", "STATUS") == "Running")


def test_memory_and_cpu_are_both_named(cluster: Cluster) -> None:
    apply(cluster, asking("giant", cpu="1000", memory="64Ti"))
    waits(cluster, "giant", "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.")


def test_a_node_selector_that_no_node_has_waits_until_a_node_has_it(cluster: Cluster) -> None:
    apply(cluster, pod("choosy", nodeSelector={"disk": "fast"}))
    waits(cluster, "choosy", "1 node(s) didn't match Pod's node affinity/selector")
    cluster.kubectl("label", "node", "node1", "disk=fast").ok()
    try:
        until("it runs", lambda: cluster.column("pod", "choosy", "STATUS") == "Running")
    finally:
        cluster.kubectl("label", "node", "node1", "disk-").ok()


def test_a_cordoned_node_gets_no_new_pods_until_it_is_uncordoned(cluster: Cluster) -> None:
    cluster.kubectl("cordon", "node1").ok()
    try:
        assert cluster.column("node", "node1", "STATUS") == "Ready,SchedulingDisabled"
        apply(cluster, pod("late"))
        waits(cluster, "late", "1 node(s) were unschedulable")
    finally:
        cluster.kubectl("uncordon", "node1").ok()
    until("it runs", lambda: cluster.column("pod", "late", "STATUS") == "Running")


def test_a_taint_keeps_pods_away_that_do_not_tolerate_it(cluster: Cluster) -> None:
    cluster.kubectl("taint", "node", "node1", "team=a:NoSchedule").ok()
    try:
        tolerating = [{"key": "team", "operator": "Equal", "value": "a", "effect": "NoSchedule"}]
        apply(cluster, pod("stranger"), pod("member", tolerations=tolerating))
        until("the member runs", lambda: cluster.column("pod", "member", "STATUS") == "Running")
        waits(cluster, "stranger", "1 node(s) had untolerated taint")
    finally:
        cluster.kubectl("taint", "node", "node1", "team-").ok()
    until("the stranger runs", lambda: cluster.column("pod", "stranger", "STATUS") == "Running")


def test_what_pods_have_asked_for_is_told_of_the_node(cluster: Cluster) -> None:
    apply(cluster, asking("asker", cpu="250m", memory="32Mi"))
    cluster.ready_pods(1)
    described = cluster.kubectl("describe", "node", "node1").ok()
    assert "asker" in described and "250m" in described and "32Mi" in described
