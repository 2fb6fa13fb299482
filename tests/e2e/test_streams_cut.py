"""The agent dies in the middle: every client is told at once, and everything is there again after.

What happened while the master was away is told afterwards, with the time when it happened.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster, kubectls
from tests.support.engine import PrivateEngine
from tests.support.manifests import container, pod
from tests.support.wait import until


@pytest.fixture(scope="module")
def own(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with a pod that talks, and one that has ended."""
    cluster = Cluster.beside(6, tmp_path_factory.mktemp("cut") / "mk8s", engine)
    cluster.mk8s("up").ok()
    try:
        talker = container("sh", "-c", "echo begun; while read line; do :; done", stdin=True)
        ended = container("sh", "-c", "echo done")
        made = [pod("talker", talker), pod("ended", ended, restartPolicy="Never")]
        cluster.kubectl("apply", "-f", "-", input=manifests.text(*made)).ok()
        for name in ("talker", "ended"):
            until("it has talked", lambda name=name: cluster.kubectl("logs", name).ok())
        yield cluster
    finally:
        cluster.mk8s("down", "--purge").ok()


def test_clients_of_an_agent_that_dies_are_told_at_once(own: Cluster) -> None:
    versions = kubectls()
    commands = [
        [program, *words]
        for program in (versions.get("1.27"), list(versions.values())[-1])
        if program
        for words in (
            ("exec", "talker", "--", "sh", "-c", "echo begun; exec sleep 100"),
            ("logs", "-f", "talker"),
        )
    ]
    clients = [
        subprocess.Popen(
            command, env=own.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for command in commands
    ]
    try:
        for client in clients:
            assert client.stdout and client.stdout.readline() == b"begun\n"
        agent = own.daemons()["agent"]
        killed = time.monotonic()
        os.kill(agent, signal.SIGKILL)
        for client in clients:
            assert client.wait(30) == 1
            said = client.stdout.read() if client.stdout else b""
            assert b"is not connected to the master" in said or b"unexpected EOF" in said
        assert time.monotonic() - killed < 10
        assert "is not connected to the master" in own.kubectl("logs", "talker").fails()
    finally:
        for client in clients:
            client.kill()
            client.wait(10)
    own.mk8s("up").ok()
    for name, said in (("talker", "begun\n"), ("ended", "done\n")):
        assert own.kubectl("logs", name).ok() == said
    [status] = own.get("pod", "talker")["status"]["containerStatuses"]
    assert status["restartCount"] == 0


def test_what_happened_while_the_master_was_away_is_told_afterwards_once(own: Cluster) -> None:
    labels = {"io.mk8s.cluster": own.settings["MK8S_NAME"], "io.kubernetes.pod.name": "talker"}
    [victim] = own.engine.containers(**labels, **{"io.kubernetes.container.name": "main"})
    own.kill("master")
    own.engine.run("kill", str(victim["Id"]))
    killed = time.time()

    def again() -> bool:
        found = own.engine.containers(**labels, **{"io.kubernetes.container.name": "main"})
        return any(one["Id"] != victim["Id"] and one["State"] == "running" for one in found)

    until("the container runs again", again)
    time_back = time.time()
    own.mk8s("up").ok()

    def started() -> list[dict[str, object]]:
        selector = "involvedObject.name=talker,reason=Started"
        items: list[dict[str, object]] = own.get("events", "--field-selector", selector)["items"]
        return items

    until("it is told", lambda: len(started()) == 2)
    times = sorted(
        datetime.fromisoformat(str(one["lastTimestamp"])).timestamp() for one in started()
    )
    assert int(killed) <= times[-1] <= time_back
    assert [one["count"] for one in started()] == [1, 1]
