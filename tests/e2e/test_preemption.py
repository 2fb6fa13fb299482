"""A pod of high priority gets its place, and whoever had it is told why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.manifests import container, pod
from tests.support.wait import until

PREFIX = "preemption"


@pytest.fixture(autouse=True)
def empty(cluster: Cluster) -> Iterator[None]:
    """Each test leaves no pod and no class behind."""
    yield
    cluster.kubectl("delete", "pod", "--all", "--now").ok()
    cluster.kubectl("delete", "priorityclass", "-l", f"of={PREFIX}").ok()
    until("no pods left", lambda: not cluster.pods())


def apply(cluster: Cluster, *objects: Any) -> None:
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects)).ok()


def priority(name: str, value: int, **fields: Any) -> Any:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": f"{PREFIX}-{name}", "labels": {"of": PREFIX}},
        "value": value,
        **fields,
    }


def most_of_the_node(cluster: Cluster, name: str, class_name: str) -> Any:
    """A pod beside which no second one of its kind has room."""
    cpus = int(cluster.get("node", "node1")["status"]["allocatable"]["cpu"])
    asked = {"requests": {"cpu": f"{cpus * 1000 - 300}m"}}
    return pod(
        name,
        container(*manifests.SLEEP, resources=asked),
        priorityClassName=f"{PREFIX}-{class_name}",
        terminationGracePeriodSeconds=1,
    )


def status(cluster: Cluster, name: str) -> str:
    return cluster.column("pod", name, "STATUS")


def test_a_pod_of_high_priority_ends_a_lower_one_and_takes_its_place(cluster: Cluster) -> None:
    apply(cluster, priority("low", 10), priority("high", 1000))
    apply(cluster, most_of_the_node(cluster, "humble", "low"))
    cluster.ready_pods(1)
    apply(cluster, most_of_the_node(cluster, "important", "high"))
    until("it runs", lambda: status(cluster, "important") == "Running")
    assert [one["metadata"]["name"] for one in cluster.pods()] == ["important"]
    uid = cluster.get("pod", "important")["metadata"]["uid"]
    events = cluster.kubectl("get", "events", "-o", "custom-columns=R:.reason,M:.message").ok()
    assert f"Preempted by pod {uid} on node node1" in events
    [scheduled] = [
        one
        for one in cluster.get("pod", "important")["status"]["conditions"]
        if one["type"] == "PodScheduled"
    ]
    assert (scheduled["status"], scheduled["message"]) == ("True", "nominated node1")


def test_a_pod_of_low_priority_or_one_that_never_preempts_waits(cluster: Cluster) -> None:
    apply(
        cluster,
        priority("middle", 100),
        priority("low", 10),
        priority("polite", 1000, preemptionPolicy="Never"),
    )
    apply(cluster, most_of_the_node(cluster, "first", "middle"))
    cluster.ready_pods(1)
    for name, class_name, why in (
        ("second", "low", "1 No preemption victims found for incoming pod."),
        ("third", "polite", "not eligible due to preemptionPolicy=Never."),
    ):
        apply(cluster, most_of_the_node(cluster, name, class_name))
        sentence = f"0/1 nodes are available: 1 Insufficient cpu. preemption: {{}}{why}"
        told = sentence.format("0/1 nodes are available: " if class_name == "low" else "")
        until(
            f"{name} is told",
            lambda name=name, told=told: told in cluster.kubectl("describe", "pod", name).ok(),
        )
    assert status(cluster, "first") == "Running"
    # of those who wait the one of higher priority is the first
    cluster.kubectl("delete", "pod", "first", "--wait=false").ok()
    until("it runs", lambda: status(cluster, "third") == "Running")
    assert status(cluster, "second") == "Pending"
