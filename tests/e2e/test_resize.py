"""Resizing a pod that runs: the kernel's limits change, nothing restarts."""

from __future__ import annotations

import json
from typing import Any

from tests.support.cluster import Cluster
from tests.support.manifests import SLEEP, container, pod
from tests.support.podlife import apply, container_status, gone, ready, status
from tests.support.wait import until


def resize(cluster: Cluster, name: str, resources: dict[str, Any]) -> str:
    """`kubectl patch --subresource resize`; what it warns of."""
    spec = {"spec": {"containers": [{"name": "main", "resources": resources}]}}
    patch = ("patch", "pod", name, "--subresource", "resize", "-p", json.dumps(spec))
    done = cluster.kubectl(*patch)
    done.ok()
    return done.err


def test_a_resize_reaches_the_kernel_and_restarts_nothing(cluster: Cluster) -> None:
    before = {"requests": {"cpu": "100m", "memory": "32Mi"}, "limits": {"memory": "32Mi"}}
    after = {"requests": {"cpu": "200m", "memory": "48Mi"}, "limits": {"memory": "48Mi"}}
    apply(cluster, pod("elastic", container(*SLEEP, resources=before)))
    ready(cluster, "elastic")
    assert container_status(cluster, "elastic", "main")["resources"] == before
    assert "mk8s stores" not in resize(cluster, "elastic", after)
    until(
        "the status tells of it",
        lambda: container_status(cluster, "elastic", "main")["resources"] == after,
    )
    assert container_status(cluster, "elastic", "main")["restartCount"] == 0
    labels = {"io.kubernetes.pod.name": "elastic", "io.kubernetes.container.name": "main"}
    (one,) = cluster.engine.containers(**labels)
    host = json.loads(cluster.engine.run("inspect", str(one["Id"])))[0]["HostConfig"]
    assert (host["Memory"], host["CpuShares"]) == (48 << 20, 204)
    resize(cluster, "elastic", {"requests": {"cpu": "5000"}})
    told = until(
        "it waits",
        lambda: [
            one
            for one in status(cluster, "elastic")["conditions"]
            if one["type"] == "PodResizePending"
        ],
    )
    assert told[0]["reason"] == "Infeasible"
    cluster.kubectl("delete", "pod", "elastic", "--now").ok()
    gone(cluster, "elastic")
