"""A node that is lost: its pods are replaced elsewhere, and none is doubled when it is back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import is_ready
from tests.support.lab import Lab
from tests.support.wait import until

NAME, LOST, KEPT = "moves", "node3", "node2"
REPLICAS = 4
SECONDS = 2
"""How long the pods bear that their node is unreachable."""


def replicaset() -> dict[str, Any]:
    """Pods on two of the nodes; a spread over more of them would leave less to move."""
    unreachable = {
        "key": "node.kubernetes.io/unreachable",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": SECONDS,
    }
    place = {"key": "kubernetes.io/hostname", "operator": "In", "values": [LOST, KEPT]}
    required = {"nodeSelectorTerms": [{"matchExpressions": [place]}]}
    made = manifests.deployment(NAME, REPLICAS)
    made["kind"] = "ReplicaSet"
    made["spec"]["template"]["spec"] |= {
        "tolerations": [unreachable],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}},
    }
    return made


@pytest.fixture
def pods(lab: Lab) -> Iterator[list[dict[str, Any]]]:
    lab.apply(replicaset())
    try:
        yield lab.cluster.ready_pods(REPLICAS, f"app={NAME}")
    finally:
        lab.cluster.mk8s("lab", "heal", LOST).ok()
        lab.cluster.kubectl("delete", "rs", NAME, "--ignore-not-found").ok()
        lab.cluster.no_pods(f"app={NAME}")


def places(pods: list[dict[str, Any]]) -> Counter[str]:
    return Counter(pod["spec"]["nodeName"] for pod in pods)


def containers(lab: Lab) -> set[str]:
    """The uids of the pods that have containers, on whichever node."""
    found = lab.cluster.engine.containers(**{"io.kubernetes.pod.namespace": "default"})
    labels: list[dict[str, str]] = [one["Labels"] for one in found]  # type: ignore[misc]
    return {
        one["io.kubernetes.pod.uid"]
        for one in labels
        if one["io.kubernetes.pod.name"].startswith(f"{NAME}-")
    }


def test_pods_of_a_lost_node_move_and_none_is_doubled_when_it_is_back(
    lab: Lab, pods: list[dict[str, Any]]
) -> None:
    cluster = lab.cluster
    lost = {pod["metadata"]["uid"] for pod in pods if pod["spec"]["nodeName"] == LOST}
    assert len(lost) == places(pods)[LOST] > 0
    cluster.mk8s("lab", "cut", LOST).ok()

    until("the node is not ready", lambda: cluster.column("node", LOST, "STATUS") == "NotReady")

    def effects() -> set[str]:
        taints = cluster.get("node", LOST)["spec"].get("taints", ())
        return {one["effect"] for one in taints if one["key"] == "node.kubernetes.io/unreachable"}

    # a moment later: that is a write of its own
    until("it is tainted", lambda: effects() == {"NoSchedule", "NoExecute"})

    def moved() -> bool:
        ready = [pod for pod in cluster.pods(f"app={NAME}") if is_ready(pod)]
        return places(ready) == {KEPT: REPLICAS}

    until("all its pods run elsewhere", moved, 60)
    # what is lost waits for its node's word, and goes on running there
    leaving = [pod for pod in cluster.pods(f"app={NAME}") if pod["metadata"]["uid"] in lost]
    assert all("deletionTimestamp" in pod["metadata"] for pod in leaving)
    reasons = {
        condition["reason"]
        for pod in leaving
        for condition in pod["status"]["conditions"]
        if condition["type"] == "DisruptionTarget"
    }
    assert (len(leaving), reasons) == (len(lost), {"DeletionByTaintManager"})
    assert lost <= containers(lab)
    chosen = ("--field-selector", "reason=TaintManagerEviction")
    for pod in leaving:
        sentence = f"Marking for deletion Pod default/{pod['metadata']['name']}"
        until("it is told", lambda s=sentence: s in cluster.kubectl("get", "events", *chosen).ok())

    cluster.mk8s("lab", "heal", LOST).ok()
    until("the node is ready", lambda: cluster.column("node", LOST, "STATUS") == "Ready", 60)
    left = cluster.ready_pods(REPLICAS, f"app={NAME}")
    assert places(left) == {KEPT: REPLICAS}
    there = {pod["metadata"]["uid"] for pod in left}
    until("the old containers are gone", lambda: containers(lab) == there, 60)
