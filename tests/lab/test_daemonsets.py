"""A DaemonSet on three nodes: one pod each, whatever is done to a node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster, is_ready
from tests.support.lab import NODES
from tests.support.manifests import SLEEP, container
from tests.support.wait import until


@pytest.fixture
def daemons(cluster: Cluster) -> Iterator[Cluster]:
    made = manifests.deployment("everywhere", 1, container(*SLEEP))
    made["kind"] = "DaemonSet"
    del made["spec"]["replicas"]
    cluster.kubectl("apply", "-f", "-", input=manifests.text(made)).ok()
    try:
        cluster.kubectl("rollout", "status", "ds/everywhere", "--timeout=60s").ok()
        yield cluster
    finally:
        cluster.kubectl("delete", "ds/everywhere").ok()
        cluster.no_pods("app=everywhere")


def homes(cluster: Cluster) -> dict[str, str]:
    """The name of each node's pod."""
    pods = [one for one in cluster.pods("app=everywhere") if is_ready(one)]
    names = {one["spec"]["nodeName"]: one["metadata"]["name"] for one in pods}
    assert len(names) == len(pods)
    return names


def test_every_node_keeps_its_pod_through_a_drain_and_loses_it_to_a_taint(
    daemons: Cluster,
) -> None:
    before = homes(daemons)
    assert sorted(before) == list(NODES)
    chosen = ("--ignore-daemonsets", "--pod-selector=app=everywhere", "--timeout=30s")
    daemons.kubectl("drain", "node3", *chosen).ok()
    daemons.kubectl("uncordon", "node3").ok()
    assert homes(daemons) == before

    daemons.kubectl("taint", "node", "node3", "mine=yes:NoSchedule").ok()
    try:

        def misscheduled() -> bool:
            status = daemons.get("ds", "everywhere")["status"]
            return (status["desiredNumberScheduled"], status["numberMisscheduled"]) == (2, 1)

        until("the pod that stays is told of", misscheduled)
        assert homes(daemons) == before
        daemons.kubectl("delete", "pod", before["node3"], "--now").ok()
        until("no pod comes back", lambda: sorted(homes(daemons)) == ["node1", "node2"])
    finally:
        daemons.kubectl("taint", "node", "node3", "mine-").ok()
    until("the node has one again", lambda: sorted(homes(daemons)) == list(NODES))


def test_an_update_takes_the_nodes_one_after_the_other(daemons: Cluster) -> None:
    daemons.kubectl("set", "image", "ds/everywhere", "main=ubuntu:16.04").ok()
    told = daemons.kubectl("rollout", "status", "ds/everywhere", "--timeout=60s").ok()
    assert "successfully rolled out" in told
    images = {
        one["spec"]["nodeName"]: one["spec"]["containers"][0]["image"]
        for one in daemons.pods("app=everywhere")
    }
    assert images == dict.fromkeys(NODES, "ubuntu:16.04")
