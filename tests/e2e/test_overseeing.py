"""What the user of a running cluster is told of it: status, its daemons' logs, the machine."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import manifests, tmux
from tests.support.cluster import MK8S, Cluster
from tests.support.engine import PrivateEngine
from tests.support.wait import until


@pytest.fixture(scope="module")
def own(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of this file's own: its daemons are killed."""
    cluster = Cluster.beside(4, tmp_path_factory.mktemp("overseen") / "mk8s", engine)
    cluster.mk8s("up").ok()
    try:
        yield cluster
    finally:
        cluster.mk8s("down", "--purge").ok()


def status(cluster: Cluster) -> dict:
    return json.loads(cluster.mk8s("status", "-o", "json").out)


def test_status_counts_nodes_and_pods_and_says_whom_to_ask_about_one_that_fails(
    own: Cluster,
) -> None:
    shape = manifests.pod("overseen-broken", manifests.container(image="no-such-image:1"))
    own.mk8s("apply", "-f", "-", input=manifests.text(shape)).ok()
    until(
        "the pod fails, and status says so",
        lambda: "`mk8s why pod/overseen-broken`" in own.mk8s("status").ok(),
        60,
    )
    found = status(own)
    assert found["nodes"] == {"total": 1, "well": 1}
    assert found["pods"]["well"] == found["pods"]["total"] - 1
    assert [one["name"] for one in found["components"]] == ["master", "agent"]
    assert all(one["running"] and one["since"].endswith("Z") for one in found["components"])
    own.mk8s("delete", "pod", "overseen-broken").ok()


def test_a_killed_master_is_told_with_the_way_out(own: Cluster) -> None:
    own.kill("master")
    result = own.mk8s("status")
    assert result.code == 3 and "start it with `mk8s up`" in result.out
    found = status(own)
    assert [one["running"] for one in found["components"]] == [False, True]
    own.mk8s("up").ok()
    assert own.mk8s("status").code == 0


def test_the_daemons_logs_are_shown_in_order_chosen_and_followed(own: Cluster) -> None:
    both = own.mk8s("component-logs").ok().splitlines()
    stamps = [line[:24] for line in both if line[:2] == "20"]
    assert stamps == sorted(stamps) and stamps
    of = {line.split(" ")[2] for line in both if line[:2] == "20"}
    assert of == {"master", "agent"}
    assert len(own.mk8s("component-logs", "master", "--tail", "1").ok().splitlines()) == 1
    assert "there are master, agent" in own.mk8s("component-logs", "nobody").fails()
    following = subprocess.Popen(
        [str(MK8S), "component-logs", "-f", "--tail", "0", "master"],
        env=own.environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        until("it follows", lambda: _watches(following.pid), 20)
        with (own.home / "logs" / "master.log").open("a") as log:
            log.write("2026-01-31T12:00:00.000Z INFO master test: hello\n")
        assert following.stdout is not None
        assert following.stdout.readline().endswith("hello\n")
        following.send_signal(signal.SIGINT)
        assert following.wait(20) == 130
    finally:
        following.kill()
        following.wait()


def _watches(pid: int) -> bool:
    try:
        links = [str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return False
    return any("inotify" in link for link in links)


def test_doctor_tells_programs_what_it_finds(own: Cluster) -> None:
    result = own.mk8s("doctor", "-o", "json")
    found = json.loads(result.out)["findings"]
    checks = {one["check"] for one in found}
    assert {"engine", "kernel", "cgroups", "memory", "clock", "proxies", "disk"} <= checks
    assert {one["state"] for one in found} <= {"ok", "warn", "fail"}
    failed = any(one["state"] == "fail" for one in found)
    assert result.code == int(failed)


def test_a_bundle_can_be_made_while_the_master_is_down(own: Cluster, tmp_path: Path) -> None:
    own.kill("master")
    try:
        path = tmp_path / "bundle.tar.gz"
        result = own.mk8s("bundle", str(path))
        assert "objects: left out" in result.err, result.err
        result.ok()
        with tarfile.open(path) as tar:
            names = {name.partition("/")[2] for name in tar.getnames()}
        assert {"logs/master.log", "doctor.txt", "network/rules.txt", "README.txt"} <= names
        assert not [name for name in names if name.startswith("objects")]
    finally:
        own.mk8s("up").ok()


def test_up_on_a_terminal_leaves_nothing_of_what_it_drew(own: Cluster) -> None:
    own.mk8s("down").ok()
    with tmux.opened([str(MK8S), "up"], own.environment) as screen:
        screen.wait_for("The cluster is up at", 60)
        assert screen.exit_code() == 0
        shown = screen.text()
    assert "starting the daemons" not in shown and "waiting for" not in shown
    assert re.search(r"^  node node1 is Ready \(", shown, re.MULTILINE)
