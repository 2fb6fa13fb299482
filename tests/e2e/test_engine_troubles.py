"""An engine that hangs, refuses or is meddled with: the other pods go on, and all comes right."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench import processes
from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.engineproxy import EngineProxy
from tests.support.manifests import container, pod
from tests.support.wait import until


@pytest.fixture(scope="module")
def proxy(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProxy]:
    stand = EngineProxy(tmp_path_factory.mktemp("stand") / "docker.sock", engine.host)
    yield stand
    stand.close()


@pytest.fixture(scope="module")
def troubled(
    engine: PrivateEngine, proxy: EngineProxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """A cluster whose agent reaches the engine through the proxy."""
    home: Path = tmp_path_factory.mktemp("troubled") / "mk8s"
    cluster = Cluster.beside(4, home, engine).with_settings(DOCKER_HOST=proxy.host)
    cluster.mk8s("up").ok()
    try:
        yield cluster
    finally:
        cluster.mk8s("down", "--purge").ok()


@pytest.fixture(autouse=True)
def empty(troubled: Cluster) -> Iterator[None]:
    """Each test leaves no pod behind, and no container."""
    yield
    troubled.kubectl("delete", "pod", "--all", "--grace-period=0", "--force").ok()
    until("no pods left", lambda: not troubled.pods())
    until("no containers left", lambda: not containers(troubled))


def containers(cluster: Cluster, **labels: str) -> list[dict[str, Any]]:
    """The cluster's containers."""
    own = {"io.mk8s.cluster": cluster.settings["MK8S_NAME"]}
    return cluster.engine.containers(**own, **labels)


def one_of(cluster: Cluster, name: str, container: str) -> str:
    """The id of the one running container of that name of a pod."""
    labels = {"io.kubernetes.pod.name": name, "io.kubernetes.container.name": container}
    [found] = [one for one in containers(cluster, **labels) if one["State"] == "running"]
    return str(found["Id"])


def apply(cluster: Cluster, *pods: dict[str, Any]) -> None:
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*pods)).ok()


def status(cluster: Cluster, name: str) -> dict[str, Any]:
    """The status of a pod's only container."""
    [found] = cluster.get("pod", name)["status"].get("containerStatuses", [{}])
    return dict(found)


def restarted(cluster: Cluster, name: str, times: int) -> None:
    """Wait until the pod runs after so many restarts."""
    until(
        f"{name} runs after {times} restarts",
        lambda: (
            "running" in (now := status(cluster, name))["state"] and now["restartCount"] == times
        ),
    )


def ready(cluster: Cluster) -> dict[str, Any]:
    """The node's Ready condition."""
    conditions = cluster.get("node", "node1")["status"]["conditions"]
    return next(one for one in conditions if one["type"] == "Ready")


def test_a_call_that_hangs_holds_up_its_own_pod_only(troubled: Cluster, proxy: EngineProxy) -> None:
    with proxy.holding(r"^POST .*/containers/create.*stuck"):
        apply(troubled, pod("stuck"))
        until("the call hangs", lambda: proxy.calls)
        apply(troubled, pod("free"))
        until("free runs", lambda: troubled.get("pod", "free")["status"]["phase"] == "Running")
        assert troubled.get("pod", "stuck")["status"]["phase"] == "Pending"
        assert ready(troubled)["status"] == "True"
    troubled.ready_pods(2)
    assert len(containers(troubled, **{"io.kubernetes.pod.name": "stuck"})) == 2


def test_a_hanging_engine_makes_the_node_not_ready_until_it_answers_and_nothing_is_missed(
    troubled: Cluster, proxy: EngineProxy
) -> None:
    apply(troubled, pod("killed"), pod("quiet"))
    troubled.ready_pods(2)
    before = one_of(troubled, "quiet", "main")
    with proxy.holding(r"."):
        troubled.engine.run("kill", one_of(troubled, "killed", "main"))
        until("the node says so", lambda: ready(troubled)["status"] == "False", 40)
        assert "container runtime is down" in ready(troubled)["message"]
    until("the node is ready again", lambda: ready(troubled)["status"] == "True")
    restarted(troubled, "killed", 1)
    assert one_of(troubled, "quiet", "main") == before
    assert status(troubled, "quiet")["restartCount"] == 0


def test_a_full_disk_is_told_and_the_pod_starts_when_there_is_room(
    troubled: Cluster, proxy: EngineProxy
) -> None:
    words = "write /var/lib/docker/containers/config.v2.json: no space left on device"
    with proxy.refusing(r"^POST .*/containers/create.*k8s_main", 500, words):
        apply(troubled, pod("cramped"))
        until(
            "the pod says why",
            lambda: words in status(troubled, "cramped")["state"]["waiting"].get("message", ""),
        )
        waiting = status(troubled, "cramped")["state"]["waiting"]
        assert waiting["reason"] == "CreateContainerError"
    troubled.ready_pods(1)
    assert status(troubled, "cramped")["restartCount"] == 0


def test_what_others_do_to_containers_is_made_good_and_counted(troubled: Cluster) -> None:
    docker = troubled.engine.run
    prepared = [container("true", name="first")]
    apply(troubled, pod("removed"), pod("stopped"), pod("unpaused", initContainers=prepared))
    apply(troubled, pod("rebuilt"), pod("revived"))
    troubled.ready_pods(5)
    pods = {one["metadata"]["name"]: one for one in troubled.pods()}
    docker("rm", "-f", one_of(troubled, "removed", "main"))
    docker("stop", one_of(troubled, "stopped", "main"))
    paused = one_of(troubled, "unpaused", "main")
    docker("pause", paused)
    docker("restart", "--time", "1", one_of(troubled, "revived", "main"))
    docker("rm", "-f", one_of(troubled, "rebuilt", "POD"))
    restarted(troubled, "removed", 1)
    restarted(troubled, "stopped", 1)
    restarted(troubled, "rebuilt", 1)
    docker("unpause", paused)
    [first] = containers(
        troubled,
        **{"io.kubernetes.pod.name": "unpaused", "io.kubernetes.container.name": "first"},
    )
    docker("rm", "-f", str(first["Id"]))
    assert one_of(troubled, "unpaused", "main") == paused
    after = {one["metadata"]["name"]: one for one in troubled.ready_pods(5)}
    assert {n: p["metadata"]["uid"] for n, p in after.items()} == {
        n: p["metadata"]["uid"] for n, p in pods.items()
    }
    assert one_of(troubled, "unpaused", "main") == paused
    until("a pause and a main container of each run", lambda: len(_running(troubled)) == 10)


def _running(cluster: Cluster) -> list[dict[str, Any]]:
    return [one for one in containers(cluster) if one["State"] == "running"]


def test_a_pods_link_that_somebody_takes_away_comes_back(troubled: Cluster) -> None:
    apply(troubled, pod("cut-off"))
    [found] = troubled.ready_pods(1)
    address = found["status"]["podIP"]
    link = "mk8s" + "".join(f"{int(part):02x}" for part in address.split("."))
    subprocess.run(["ip", "link", "delete", link], check=True)
    until("the pod answers", lambda: _reaches(address))
    assert status(troubled, "cut-off")["restartCount"] == 0


def _reaches(address: str) -> bool:
    """Whether the pod refuses a connection itself: nothing listens in it."""
    try:
        socket.create_connection((address, 9), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_storm_of_ends_costs_little_and_the_newest_status_wins(troubled: Cluster) -> None:
    names = [f"storm-{number}" for number in range(4)]
    apply(troubled, *(pod(name, terminationGracePeriodSeconds=1) for name in names))
    troubled.ready_pods(4)
    agent = troubled.daemons()["agent"]
    open_files = len(list(Path(f"/proc/{agent}/fd").iterdir()))
    used, begun = processes.processor(agent), time.monotonic()
    killed = 0
    while (lasted := time.monotonic() - begun) < 6 or (killed < 8 and lasted < 30):
        found = [
            one["Id"]
            for one in _running(troubled)
            if one["Labels"]["io.kubernetes.container.name"] == "main"
        ]
        if found:
            troubled.engine.run("kill", *map(str, found), check=False)
            killed += len(found)
    share = (processes.processor(agent) - used) / (time.monotonic() - begun)
    assert killed >= 8
    assert share < 0.5, f"the agent took {share:.0%} of a core"

    def told() -> bool:
        return all(
            1 <= now["restartCount"] <= 3 and (now["ready"] or "waiting" in now["state"])
            for now in (status(troubled, name) for name in names)
        )

    until("the statuses tell how it is", told)
    until(
        "no connection is left open",
        lambda: len(list(Path(f"/proc/{agent}/fd").iterdir())) <= open_files + 4,
    )
