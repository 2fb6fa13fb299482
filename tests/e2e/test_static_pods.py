"""Static pods: from files of the node, with and without a master."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.manifests import SLEEP, container, pod
from tests.support.podlife import gone, ready
from tests.support.wait import until


@pytest.fixture(scope="module")
def own(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster whose master may be stopped."""
    made = Cluster.beside(3, tmp_path_factory.mktemp("static") / "mk8s", engine)
    made.mk8s("up").ok()
    try:
        yield made
    finally:
        made.mk8s("down", "--purge")


@pytest.fixture
def directory(own: Cluster) -> Path:
    """Where the agent of the cluster looks for manifests."""
    config = json.loads((own.home / "agent" / "agent.json").read_text())
    return Path(config["state_dir"]) / "manifests"


def containers(cluster: Cluster, name: str) -> list[Any]:
    """The running containers of a pod but for its sandbox."""
    found = cluster.engine.containers(**{"io.kubernetes.pod.name": name})
    return [
        one
        for one in found
        if one["State"] == "running" and one["Labels"]["io.kubernetes.container.name"] != "POD"
    ]


def test_a_file_is_a_pod_until_it_is_removed(own: Cluster, directory: Path) -> None:
    file = directory / "web.json"
    (directory / "broken.yaml").write_text("kind: [")
    file.write_text(json.dumps(pod("web", container("sh", "-c", f"echo up; {SLEEP[2]}"))))
    ready(own, "web-node1")
    shown = own.get("pod", "web-node1")["metadata"]
    annotations = shown["annotations"]
    assert annotations["kubernetes.io/config.source"] == "file"
    assert annotations["kubernetes.io/config.mirror"] == annotations["kubernetes.io/config.hash"]
    (owner,) = shown["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("Node", "node1", True)
    assert own.kubectl("logs", "web-node1").ok() == "up\n"
    assert own.kubectl("exec", "web-node1", "--", "echo", "hello").ok() == "hello\n"
    assert "Started" in own.kubectl("describe", "pod", "web-node1").ok()
    (before,) = containers(own, "web-node1")
    own.kubectl("delete", "pod", "web-node1", "--wait=false").ok()
    until(
        "it is shown again", lambda: own.get("pod", "web-node1")["metadata"]["uid"] != shown["uid"]
    )
    ready(own, "web-node1")
    (after,) = containers(own, "web-node1")
    assert after["Id"] == before["Id"], "only what is shown was deleted"
    file.write_text(json.dumps(pod("web", container(*SLEEP, name="other"))))
    until(
        "what the file says now runs",
        lambda: own.get("pod", "web-node1")["spec"]["containers"][0]["name"] == "other",
    )
    ready(own, "web-node1")
    file.unlink()
    (directory / "broken.yaml").unlink()
    gone(own, "web-node1")
    assert not containers(own, "web-node1")


def test_static_pods_run_while_the_master_is_away(own: Cluster, directory: Path) -> None:
    own.kill("master", "agent")
    file = directory / "alone.json"
    file.write_text(json.dumps(pod("alone", container(*SLEEP), hostNetwork=True)))
    agent = own.home / "agent" / "agent.json"
    _start_agent(own, agent)
    until("it runs without a master", lambda: containers(own, "alone-node1"))
    (before,) = containers(own, "alone-node1")
    own.mk8s("up").ok()
    ready(own, "alone-node1")
    (after,) = containers(own, "alone-node1")
    assert after["Id"] == before["Id"]
    file.unlink()
    gone(own, "alone-node1")


def _start_agent(cluster: Cluster, config: Path) -> None:
    subprocess.Popen(
        [sys.executable, "-m", "mk8s_agent", "--config", str(config)],
        env=cluster.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
