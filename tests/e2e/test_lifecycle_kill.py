"""`kill -9` of the daemons: pods do not notice, `up` repairs, nothing is lost or doubled."""

from __future__ import annotations

import os
import signal
import threading
import urllib.error
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.tutorial import fetch
from tests.support.wait import until

PORT = 30300


@pytest.fixture(scope="module")
def serving(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster whose page answers on a NodePort."""
    cluster = Cluster.beside(1, tmp_path_factory.mktemp("killed") / "mk8s", engine)
    cluster.mk8s("up").ok()
    try:
        service = manifests.service("web", node_port=PORT)
        cluster.kubectl("apply", "-f", "-", input=manifests.text(manifests.web(), service)).ok()
        cluster.ready_pods(2, "app=web")
        until("the page answers", lambda: fetch(f"http://127.0.0.1:{PORT}"))
        yield cluster
    finally:
        cluster.mk8s("down", "--purge").ok()


class Visitor:
    """Somebody who loads the page again and again; ``failures`` tells what went wrong."""

    def __init__(self) -> None:
        self.answers = 0
        self.failures: list[str] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._visit)

    def __enter__(self) -> Visitor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(30)

    def _visit(self) -> None:
        while not self._end.wait(0.05):
            try:
                fetch(f"http://127.0.0.1:{PORT}", 5)
                self.answers += 1
            except (OSError, urllib.error.URLError) as error:
                self.failures.append(str(error))


def running(cluster: Cluster) -> set[str]:
    """The containers of the cluster that run."""
    found = cluster.engine.containers(**{"io.mk8s.cluster": cluster.settings["MK8S_NAME"]})
    return {str(one["Id"]) for one in found if one["State"] == "running"}


def identities(objects: list[dict[str, Any]]) -> set[str]:
    """Their uids."""
    return {one["metadata"]["uid"] for one in objects}


def everything(cluster: Cluster) -> set[str]:
    """The uids of all that users make and controllers add."""
    kinds = "pods,replicasets,deployments,services,endpointslices,configmaps,serviceaccounts"
    return identities(cluster.get(kinds, "-A")["items"])


@pytest.mark.parametrize("names", [("master",), ("agent",), ("master", "agent")], ids="+".join)
def test_pods_run_on_undisturbed_while_up_repairs(serving: Cluster, names: tuple[str, ...]) -> None:
    containers, objects = running(serving), everything(serving)
    restarts = [pod["status"]["containerStatuses"][0] for pod in serving.pods("app=web")]
    before = serving.daemons()
    with Visitor() as visitor:
        serving.kill(*names)
        said = serving.mk8s("up").ok()
        assert all(f"{name} runs" in said for name in names)
        serving.ready_pods(2, "app=web")
        until("the page was loaded again and again", lambda: visitor.answers > 10)
    assert visitor.failures == []
    assert running(serving) == containers
    assert everything(serving) == objects
    assert [p["status"]["containerStatuses"][0] for p in serving.pods("app=web")] == restarts
    after = serving.daemons()
    assert {name for name in before if before[name] != after[name]} == set(names)


def test_a_write_that_was_acknowledged_survives_kill_9_at_once(serving: Cluster) -> None:
    for number in range(5):
        serving.kubectl("create", "configmap", f"kept-{number}", "--from-literal=a=b").ok()
    os.kill(serving.daemons()["master"], signal.SIGKILL)
    serving.mk8s("up").ok()
    names = {one["metadata"]["name"] for one in serving.get("configmaps")["items"]}
    assert {f"kept-{number}" for number in range(5)} <= names
    serving.kubectl("delete", "configmap", *(f"kept-{number}" for number in range(5))).ok()


def test_what_was_deleted_and_made_while_the_agent_was_away_is_done_when_it_is_back(
    serving: Cluster,
) -> None:
    serving.kubectl("apply", "-f", "-", input=manifests.text(manifests.pod("leaving"))).ok()
    serving.ready_pods(3)
    serving.kill("agent")
    serving.kubectl("delete", "pod", "leaving", "--wait=false").ok()
    serving.kubectl("apply", "-f", "-", input=manifests.text(manifests.pod("coming"))).ok()
    assert serving.get("pod", "leaving")["metadata"]["deletionTimestamp"]
    serving.mk8s("up").ok()
    until("the new pod runs", lambda: serving.column("pod", "coming", "STATUS") == "Running")
    until("the old pod is gone", lambda: len(serving.ready_pods(3)) == 3)
    assert not serving.engine.containers(**{"io.kubernetes.pod.name": "leaving"})
    serving.kubectl("delete", "pod", "coming", "--now").ok()


def test_a_pod_forced_away_while_the_agent_was_away_leaves_no_container(serving: Cluster) -> None:
    serving.kubectl("apply", "-f", "-", input=manifests.text(manifests.pod("forced"))).ok()
    serving.ready_pods(3)
    serving.kill("agent")
    serving.kubectl("delete", "pod", "forced", "--force", "--grace-period=0").ok()
    assert "forced" not in {pod["metadata"]["name"] for pod in serving.pods()}
    serving.mk8s("up").ok()
    labels = {"io.kubernetes.pod.name": "forced"}
    until("its containers are removed", lambda: not serving.engine.containers(**labels))


def test_a_container_that_died_while_the_agent_was_away_is_started_again(
    serving: Cluster,
) -> None:
    serving.kubectl("apply", "-f", "-", input=manifests.text(manifests.pod("died"))).ok()
    serving.ready_pods(3)
    serving.kill("agent")
    labels = {"io.kubernetes.pod.name": "died", "io.kubernetes.container.name": "main"}
    [container] = serving.engine.containers(**labels)
    serving.engine.run("kill", str(container["Id"]))
    serving.mk8s("up").ok()
    until("it was restarted", lambda: serving.column("pod", "died", "RESTARTS").startswith("1"))
    serving.ready_pods(3)
    serving.kubectl("delete", "pod", "died", "--now").ok()


def test_a_service_changed_while_the_agent_was_away_is_right_when_it_is_back(
    serving: Cluster,
) -> None:
    moved = PORT + 1
    serving.kill("agent")
    service = manifests.service("web", node_port=moved)
    serving.kubectl("apply", "-f", "-", input=manifests.text(service)).ok()
    assert fetch(f"http://127.0.0.1:{PORT}")
    serving.mk8s("up").ok()
    until("the new port answers", lambda: fetch(f"http://127.0.0.1:{moved}"))
    with pytest.raises(urllib.error.URLError):
        fetch(f"http://127.0.0.1:{PORT}", 3)
    service = manifests.service("web", node_port=PORT)
    serving.kubectl("apply", "-f", "-", input=manifests.text(service)).ok()
    until("the old port answers again", lambda: fetch(f"http://127.0.0.1:{PORT}"))


def test_the_agent_finds_a_master_that_comes_back_by_itself(serving: Cluster) -> None:
    agent = serving.daemons()["agent"]
    serving.kill("master")
    serving.mk8s("up").ok()
    assert serving.daemons()["agent"] == agent
    serving.kubectl("apply", "-f", "-", input=manifests.text(manifests.pod("after"))).ok()
    serving.ready_pods(3)
    serving.kubectl("delete", "pod", "after", "--now").ok()
