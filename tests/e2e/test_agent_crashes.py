"""`kill -9` of the agent at any instant: no container restarted, none leaked, none doubled."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.manifests import container, pod
from tests.support.wait import until

ROUNDS = 6


@pytest.fixture(scope="module")
def fragile(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster.beside(5, tmp_path_factory.mktemp("fragile") / "mk8s", engine)
    cluster.mk8s("up").ok()
    try:
        yield cluster
    finally:
        cluster.mk8s("down", "--purge").ok()


def containers(cluster: Cluster) -> list[dict[str, Any]]:
    """All containers of the cluster."""
    return cluster.engine.containers(**{"io.mk8s.cluster": cluster.settings["MK8S_NAME"]})


def running(cluster: Cluster, name: str = "") -> set[str]:
    """The ids of what runs, of one pod or of all."""
    return {
        str(one["Id"])
        for one in containers(cluster)
        if one["State"] == "running"
        and (not name or one["Labels"]["io.kubernetes.pod.name"] == name)
    }


def apply(cluster: Cluster, *pods: dict[str, Any]) -> None:
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*pods)).ok()


def test_an_agent_that_is_killed_again_and_again_restarts_leaks_and_doubles_nothing(
    fragile: Cluster,
) -> None:
    luck = random.Random(7)
    apply(fragile, pod("calm-0"), pod("calm-1"))
    apply(fragile, pod("crashing", container("sh", "-c", "sleep 0.3; exit 1")))
    until("the calm ones run", lambda: len(running(fragile, "calm-0")) == 2)
    until("both of them", lambda: len(running(fragile, "calm-1")) == 2)
    before = running(fragile, "calm-0") | running(fragile, "calm-1")
    wanted: list[str] = []
    for turn in range(ROUNDS):
        made = [f"busy-{turn}-{number}" for number in range(2)]
        apply(fragile, *map(pod, made))
        if wanted:
            grace = luck.choice([0, 1])
            how = ["--force"] if grace == 0 else []
            leaving = ("delete", "pod", *wanted, f"--grace-period={grace}", "--wait=false", *how)
            fragile.kubectl(*leaving).ok()
        wanted = made
        time.sleep(luck.random() * 0.4)
        os.kill(fragile.daemons()["agent"], signal.SIGKILL)
        fragile.mk8s("up").ok()
    names = {*wanted, "calm-0", "calm-1", "crashing"}
    until("the pods are those that are wanted", lambda: {_name(p) for p in fragile.pods()} == names)
    until("they run", lambda: all(len(running(fragile, one)) == 2 for one in names - {"crashing"}))
    until("nothing else is there", lambda: _owners(fragile) == names)
    assert running(fragile, "calm-0") | running(fragile, "calm-1") == before
    statuses = {_name(one): one["status"]["containerStatuses"][0] for one in fragile.pods()}
    assert {statuses[name]["restartCount"] for name in names - {"crashing"}} == {0}
    _check_crashing(fragile)


def _check_crashing(cluster: Cluster) -> None:
    """The restarts of what crashes are counted, and no attempt is there twice."""
    found = [
        one
        for one in containers(cluster)
        if one["Labels"]["io.kubernetes.pod.name"] == "crashing"
        and one["Labels"]["io.kubernetes.container.name"] == "main"
    ]
    attempts = Counter(int(one["Labels"]["io.mk8s.attempt"]) for one in found)
    assert set(attempts.values()) == {1}

    def told() -> bool:
        [status] = cluster.get("pod", "crashing")["status"]["containerStatuses"]
        return bool(status["restartCount"] == max(attempts))

    until("the newest attempt is told", told)


def _owners(cluster: Cluster) -> set[str]:
    return {str(one["Labels"]["io.kubernetes.pod.name"]) for one in containers(cluster)}


def _name(one: dict[str, Any]) -> str:
    return str(one["metadata"]["name"])


def test_an_agent_that_was_stopped_tells_what_happened_meanwhile(fragile: Cluster) -> None:
    apply(fragile, pod("watched"))
    until("it runs", lambda: len(running(fragile, "watched")) == 2)
    [main] = [
        str(one["Id"])
        for one in containers(fragile)
        if one["Labels"]["io.kubernetes.pod.name"] == "watched"
        and one["Labels"]["io.kubernetes.container.name"] == "main"
    ]
    agent = fragile.daemons()["agent"]
    os.kill(agent, signal.SIGSTOP)
    try:
        fragile.engine.run("kill", main)
        apply(fragile, pod("meanwhile"))
    finally:
        os.kill(agent, signal.SIGCONT)

    def restarted() -> bool:
        [status] = fragile.get("pod", "watched")["status"]["containerStatuses"]
        return status["restartCount"] == 1 and status["ready"]

    until("the end is seen", restarted)
    until("what came meanwhile runs", lambda: len(running(fragile, "meanwhile")) == 2)
    assert fragile.daemons()["agent"] == agent
