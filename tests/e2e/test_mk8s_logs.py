"""`mk8s logs` of real containers: of workloads, of several at once, and past a restart."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import tmux
from tests.support.cluster import MK8S, Cluster
from tests.support.engine import PrivateEngine
from tests.support.manifests import container, pod
from tests.support.podlife import apply
from tests.support.wait import until

STARTED = {"Running", "Completed"}
SAYS = "n=0; while [ $n -lt {} ]; do echo $HOSTNAME $n; n=$((n+1)); sleep 0.05; done"


def status(cluster: Cluster, name: str) -> str:
    return cluster.column("pod", name, "STATUS")


@pytest.fixture(scope="module")
def chorus(cluster: Cluster) -> Iterator[Cluster]:
    """Two pods of one label, each of which says two lines and goes on."""
    two = container("sh", "-c", "echo one; echo two; sleep 86400")
    other = container("sh", "-c", "echo other; sleep 86400", name="second")
    made = [pod(f"singer-{n}", two, other, labels={"in": "chorus"}) for n in (1, 2)]
    apply(cluster, *made)
    cluster.ready_pods(2, "in=chorus")
    yield cluster
    cluster.no_pods("in=chorus")


def test_pods_of_a_selector_are_read_one_after_the_other(chorus: Cluster) -> None:
    words = ("logs", "-l", "in=chorus", "--all-containers", "--prefix")
    said = chorus.mk8s(*words).ok()
    # kubectl takes the containers in any order
    assert sorted(said.splitlines()) == sorted(chorus.kubectl(*words).ok().splitlines())
    assert said.splitlines()[:2] == ["[pod/singer-1/main] one", "[pod/singer-1/main] two"]


def test_several_are_followed_at_once_until_they_end(cluster: Cluster) -> None:
    one = container("sh", "-c", "echo one; sleep 1; echo two")
    made = [pod(f"duet-{n}", one, labels={"in": "duet"}, restartPolicy="Never") for n in (1, 2)]
    apply(cluster, *made)
    until(
        "both run",
        lambda: all(cluster.column("pod", f"duet-{n}", "STATUS") in STARTED for n in (1, 2)),
    )
    said = cluster.mk8s("logs", "-f", "-l", "in=duet", "--prefix", "--tail=-1").ok()
    assert sorted(said.splitlines()) == [
        f"[pod/duet-{n}/main] {line}" for n in (1, 2) for line in ("one", "two")
    ]
    cluster.no_pods("in=duet")


def test_on_a_terminal_prefixes_have_colours_and_ctrl_c_ends_it(chorus: Cluster) -> None:
    words = (str(MK8S), "logs", "-f", "-l", "in=chorus", "-c", "main", "--prefix")
    with tmux.opened(words, chorus.environment) as screen:
        screen.wait_for(r"^\[pod/singer-1/main\] two$")
        screen.wait_for(r"^\[pod/singer-2/main\] two$")
        shown = screen.text(colours=True)
        screen.press("C-c")
        assert screen.exit_code() == 130
        assert "Traceback" not in screen.text()
    assert "\x1b[36m[pod/singer-1/main]" in shown and "\x1b[32m[pod/singer-2/main]" in shown


def test_a_followed_log_goes_on_when_the_master_is_back(
    engine: PrivateEngine, tmp_path: Path
) -> None:
    own = Cluster.beside(4, tmp_path / "mk8s", engine)
    own.mk8s("up").ok()
    try:
        apply(own, pod("steady", container("sh", "-c", SAYS.format(200)), restartPolicy="Never"))
        until("it runs", lambda: status(own, "steady") == "Running", 60)
        words = [str(MK8S), "logs", "-f", "steady"]
        with subprocess.Popen(words, env=own.environment, stdout=subprocess.PIPE) as client:
            assert client.stdout
            said = [client.stdout.readline()]
            own.kill("master")
            own.mk8s("up").ok()
            said += client.stdout.readlines()
            assert client.wait(60) == 0
        assert said == [f"steady {n}\n".encode() for n in range(200)]
    finally:
        own.mk8s("down", "--purge")
