"""The Docker engine dies under a cluster. These tests come last: every pod of the engine ends."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.tutorial import fetch
from tests.support.wait import until

PORT = 30260


@pytest.fixture(scope="module")
def serving(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster whose page answers on a NodePort."""
    cluster = Cluster.beside(1, tmp_path_factory.mktemp("engine") / "mk8s", engine)
    cluster.mk8s("up").ok()
    try:
        service = manifests.service("web", node_port=PORT)
        cluster.kubectl("apply", "-f", "-", input=manifests.text(manifests.web(), service)).ok()
        cluster.ready_pods(2, "app=web")
        until("the page answers", page)
        yield cluster
    finally:
        if not alive(engine):
            engine.start()
        cluster.mk8s("down", "--purge").ok()


@pytest.fixture(autouse=True)
def new_pods(serving: Cluster) -> None:
    """Pods that never failed: who fails again soon waits longer before the next try."""
    assert alive(serving.engine), "an earlier test left the engine down"
    if serving.daemons():
        serving.kubectl("delete", "pod", "--all", "--now").ok()
        serving.ready_pods(2)


def alive(engine: PrivateEngine) -> bool:
    """Whether the engine answers."""
    try:
        return engine.answers()
    except OSError:
        return False


def page() -> str:
    """What the NodePort answers."""
    return fetch(f"http://127.0.0.1:{PORT}")


def ready(cluster: Cluster) -> dict[str, Any]:
    """The node's Ready condition."""
    conditions = cluster.get("node", "node1")["status"]["conditions"]
    return next(one for one in conditions if one["type"] == "Ready")


def containers(cluster: Cluster) -> list[dict[str, Any]]:
    """All containers of the cluster."""
    return cluster.engine.containers(**{"io.mk8s.cluster": cluster.settings["MK8S_NAME"]})


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_pods_come_back_with_the_engine_and_none_is_doubled(
    serving: Cluster, engine: PrivateEngine, sign: signal.Signals
) -> None:
    before = {pod["metadata"]["uid"] for pod in serving.ready_pods(2, "app=web")}
    engine.stop(sign)
    until("the node says so", lambda: ready(serving)["status"] == "False")
    assert "container runtime is down" in ready(serving)["message"]
    assert serving.column("node", "node1", "STATUS") == "NotReady"
    assert serving.mk8s("status").code == 0
    engine.start()
    until("the node is ready", lambda: ready(serving)["status"] == "True")
    until("the page answers", page)
    after = serving.ready_pods(2, "app=web")
    assert {pod["metadata"]["uid"] for pod in after} == before
    for pod in after:
        assert pod["status"]["containerStatuses"][0]["restartCount"] >= 1
    until("only what is needed runs", lambda: running(serving) == 4)
    # Without a readiness probe a pod counts as ready before its server listens.
    until("every pod answers", lambda: all(page() for _ in range(10)))


def running(cluster: Cluster) -> int:
    """How many containers run: a pause and a page for each of two pods."""
    return sum(one["State"] == "running" for one in containers(cluster))


def test_what_was_asked_while_the_engine_was_away_is_done_when_it_is_back(
    serving: Cluster, engine: PrivateEngine
) -> None:
    serving.kubectl("apply", "-f", "-", input=manifests.text(manifests.pod("leaving"))).ok()
    serving.ready_pods(3)
    engine.stop(signal.SIGKILL)
    until("the node says so", lambda: ready(serving)["status"] == "False")
    serving.kubectl("delete", "pod", "leaving", "--wait=false").ok()
    serving.kubectl("scale", "deploy", "web", "--replicas=1").ok()
    engine.start()
    until("one page is left", lambda: len(serving.ready_pods(1)) == 1)
    until("and its two containers", lambda: running(serving) == 2)
    assert not engine.containers(**{"io.kubernetes.pod.name": "leaving"})
    until("the page answers", page)
    serving.kubectl("scale", "deploy", "web", "--replicas=2").ok()
    serving.ready_pods(2, "app=web")


def test_agent_and_engine_may_die_together(serving: Cluster, engine: PrivateEngine) -> None:
    serving.ready_pods(2, "app=web")
    serving.kill("master", "agent")
    engine.stop(signal.SIGKILL)
    said = serving.mk8s("up").fails()
    assert "No Docker engine answers" in said
    assert serving.daemons() == {}
    engine.start()
    serving.mk8s("up").ok()
    serving.ready_pods(2, "app=web")
    until("the page answers", page)
    until("only what is needed runs", lambda: running(serving) == 4)


def test_up_and_down_without_an_engine_say_so_and_down_can_be_repeated(
    serving: Cluster, engine: PrivateEngine
) -> None:
    engine.stop(signal.SIGKILL)
    said = serving.mk8s("down").fails()
    assert "containers" in said and engine.host.removeprefix("unix://") in said, said
    assert len(said.splitlines()) == 1
    said = serving.mk8s("up").fails()
    assert f"No Docker engine answers at {engine.host}" in said
    engine.start()
    serving.mk8s("down").ok()
    assert containers(serving) == []
    serving.mk8s("up").ok()
    serving.ready_pods(2, "app=web")
