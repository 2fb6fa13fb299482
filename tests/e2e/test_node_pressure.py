"""What a node does when it runs short, or is about to end; thresholds make any machine short."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.wait import until

PLENTY = {"memory.available": "1Mi"}
NEVER_ENOUGH = "1000Ti"


class Configured:
    """A cluster of the module's own, whose agent can be given another configuration."""

    def __init__(self, cluster: Cluster) -> None:
        self.file = cluster.home.parent / "kubelet.yaml"
        self.cluster = cluster.with_settings(MK8S_KUBELET_CONFIG=str(self.file))

    def start(self, **fields: Any) -> Cluster:
        """Run the agent with these fields."""
        written = {"kind": "KubeletConfiguration", "evictionHard": PLENTY, **fields}
        self.file.write_text(json.dumps(written))
        if "agent" in self.cluster.daemons():
            self.cluster.kill("agent")
        self.cluster.mk8s("up").ok()
        return self.cluster


@pytest.fixture(scope="module")
def configured(
    engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Configured]:
    cluster = Cluster.beside(1, tmp_path_factory.mktemp("pressure") / "mk8s", engine)
    yield Configured(cluster)
    cluster.mk8s("down", "--purge")


def node_of(cluster: Cluster) -> dict[str, Any]:
    return cluster.get("node", "node1")


def condition(obj: dict[str, Any], type: str) -> dict[str, str]:
    found: dict[str, str] = next(one for one in obj["status"]["conditions"] if one["type"] == type)
    return found


def taints(cluster: Cluster) -> set[str]:
    return {one["key"] for one in node_of(cluster)["spec"].get("taints", ())}


def test_a_node_tells_what_it_has_and_keeps_back_what_is_reserved(configured: Configured) -> None:
    cluster = configured.start(systemReserved={"cpu": "100m"}, maxPods=42)
    until("images are told", lambda: node_of(cluster)["status"].get("images"))
    status = node_of(cluster)["status"]
    names = {name for one in status["images"] for name in one["names"]}
    assert any(name.startswith("mk8s/pause") for name in names)
    assert status["allocatable"]["pods"] == "42" and status["allocatable"]["cpu"].endswith("900m")
    told = cluster.kubectl("describe", "node", "node1").ok()
    for part in ("Allocated resources:", "System Info:", "ephemeral-storage", "KubeletHasNoDisk"):
        assert part in told
    assert "node1" in cluster.kubectl("get", "lease", "-n", "kube-node-lease").ok()
