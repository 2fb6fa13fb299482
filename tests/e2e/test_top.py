"""kubectl top, of real containers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster, kubectls
from tests.support.wait import until


def busy(name: str, script: str) -> dict[str, object]:
    return {"name": name, "image": "busybox", "command": ["sh", "-c", script]}


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "worker", "labels": {"app": "worker"}},
    "spec": {
        "terminationGracePeriodSeconds": 0,
        "containers": [
            busy("loop", "while :; do :; done") | {"resources": {"limits": {"cpu": "200m"}}},
            # 32 MiB of what cannot be taken back
            busy("fat", 'x=$(head -c 33554432 /dev/zero | tr "\\0" x); sleep 100000; :'),
        ],
    },
}


@pytest.fixture(scope="module")
def worker(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster with a pod that is busy within its limit, and holds memory."""
    cluster.kubectl("apply", "-f", "-", input=json.dumps(POD)).ok()
    cluster.ready_pods(1, "app=worker")
    yield cluster
    cluster.kubectl("delete", "pod", "worker", "--now").ok()
    until("no pods left", lambda: not cluster.pods("app=worker"), 60)


@pytest.mark.parametrize("version", kubectls())
def test_top_shows_what_containers_use(worker: Cluster, version: str) -> None:
    def used() -> dict[str, tuple[int, int]]:
        shown = worker.kubectl(
            "top", "pod", "-l", "app=worker", "--containers", "--no-headers", version=version
        )
        rows = [line.split() for line in shown.out.splitlines()]
        return {row[1]: (int(row[2][:-1]), int(row[3][:-2])) for row in rows if len(row) == 4}

    def plausible() -> bool:
        now = used()
        return (
            now.keys() == {"loop", "fat"}
            and 150 <= now["loop"][0] <= 250
            and 32 <= now["fat"][1] < 200
        )

    until("the use is about what the limits say", plausible, 60)


@pytest.mark.parametrize("version", kubectls())
def test_top_shows_the_node(worker: Cluster, version: str) -> None:
    shown = worker.kubectl("top", "nodes", "--no-headers", version=version).ok().split()
    assert shown[1].endswith("m") and int(shown[1][:-1]) >= 100
    assert shown[2].endswith("%") and shown[3].endswith("Mi") and int(shown[3][:-2]) > 100
