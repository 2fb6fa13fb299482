"""Images get from the master's engine to a machine that joined, whose engine is its own."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from minikube8s.cluster.standins.build import archive, load
from tests.support import manifests, netlab, tmux
from tests.support.cluster import MK8S, Cluster
from tests.support.engine import PrivateEngine
from tests.support.netmachine import Machine, on_one_link
from tests.support.wait import until

HERE, THERE = "172.30.79.1", "172.30.79.2"
BRIDGE = "copies"
SMALL, LARGE = "joined-copy:1", "joined-copy:2"
MEGABYTES = 24


@dataclass
class Place:
    """A cluster, and a machine that joined it with an engine of its own."""

    cluster: Cluster
    machine: Machine
    theirs: PrivateEngine

    @contextmanager
    def slow_link(self) -> Iterator[None]:
        """What goes to the machine takes its time: 2 MB a second."""
        netlab.run(f"tc qdisc add dev {BRIDGE}-0 root tbf rate 16mbit burst 64k latency 400ms")
        try:
            yield
        finally:
            netlab.run(f"tc qdisc del dev {BRIDGE}-0 root")

    def copied(self) -> set[str]:
        listed = self.theirs.run("images", "--format", "{{.Repository}}:{{.Tag}}").split()
        return {SMALL, LARGE} & set(listed)

    def nothing_is_left(self) -> None:
        """Of a copy that was broken off there is neither an image nor a part of one."""
        until("no archive half read", lambda: not list((self.theirs.root / "data/tmp").iterdir()))
        assert LARGE not in self.copied()
        assert not self.theirs.run("images", "--filter", "dangling=true", "--quiet").strip()


@pytest.fixture(scope="module")
def images(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two images on the master's engine, the second with a large layer more."""
    folder = tmp_path_factory.mktemp("images")
    load("busybox:latest", archive("busybox:latest"), engine.host)
    made = engine.run("create", "busybox:latest", "true").strip()
    engine.run("export", "-o", str(folder / "exported.tar"), made)
    engine.run("rm", made)
    engine.run("import", str(folder / "exported.tar"), SMALL)
    (folder / "large").write_bytes(os.urandom(MEGABYTES << 20))
    made = engine.run("create", SMALL, "true").strip()
    engine.run("cp", str(folder / "large"), f"{made}:/large")
    engine.run("commit", made, LARGE)
    engine.run("rm", made)
    yield
    engine.run("rmi", LARGE, SMALL)


@pytest.fixture(scope="module")
def place(
    images: None, engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("copies")
    theirs = PrivateEngine.bare(folder)
    with on_one_link(BRIDGE, HERE, THERE) as (space,):
        cluster = Cluster.beside(7, folder / "mk8s", engine).with_settings(
            MK8S_LISTEN=HERE, MK8S_NODE_GRACE="8"
        )
        machine = Machine(folder / "worker", theirs, {"MK8S_NODE_NAME": "worker"}, space)
        theirs.start(*machine.entering)
        try:
            cluster.mk8s("up").ok()
            said = shlex.split(cluster.mk8s("token", "create", "--print-join-command").ok())
            machine.mk8s(*said[1:]).ok()
            yield Place(cluster, machine, theirs)
        finally:
            machine.mk8s("down", "--purge")
            cluster.mk8s("down", "--purge")
            theirs.stop()


def test_a_joined_machine_gets_an_image_and_who_has_it_is_left_alone(place: Place) -> None:
    lines = place.cluster.mk8s("image", "copy", SMALL).ok().splitlines()
    assert lines[0] == f"{SMALL} to node1: shares this machine's engine"
    assert lines[1].startswith(f"{SMALL} to worker: copied, ") and "0 of 1 layers" in lines[1]
    assert place.copied() == {SMALL}
    lines = place.cluster.mk8s("image", "copy", SMALL).ok().splitlines()
    assert lines[1] == f"{SMALL} to worker: is there already"


def test_whoever_watches_sees_bytes_and_ctrl_c_leaves_nothing(place: Place) -> None:
    words = [str(MK8S), "image", "copy", LARGE, "--node", "worker"]
    with place.slow_link(), tmux.opened(words, place.cluster.environment) as screen:
        screen.wait_for(rf"{LARGE} to worker: .*\d MB of 2\d", 60)
        screen.press("C-c")
        assert screen.exit_code() == 130
        assert "Traceback" not in screen.text() and " MB of " not in screen.text()
    place.nothing_is_left()


def test_a_node_that_dies_midway_is_told_in_one_sentence_and_gets_the_rest_later(
    place: Place,
) -> None:
    with place.slow_link():
        copy = subprocess.Popen(
            [str(MK8S), "image", "copy", LARGE],
            env=place.cluster.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        arriving = place.theirs.root / "data" / "tmp"
        until("some of it is there", lambda: list(arriving.iterdir()), 60)
        os.kill(place.machine.daemons()["agent"], signal.SIGKILL)
        out, err = copy.communicate(timeout=60)
    assert copy.returncode == 1 and "shares this machine's engine" in out
    assert f"error: {LARGE} did not get to node worker: " in err, err
    assert len(err.strip().splitlines()) == 1, err
    place.nothing_is_left()
    place.machine.mk8s("up").ok()
    said = place.cluster.mk8s("image", "copy", LARGE, "--node", "worker").ok()
    assert "1 of 2 layers were there" in said
    pod = manifests.pod("copied", manifests.container("true", image=LARGE), nodeName="worker")
    pod["spec"] |= {"restartPolicy": "Never"}
    pod["spec"]["containers"][0]["imagePullPolicy"] = "Never"
    place.cluster.kubectl("apply", "-f", "-", input=manifests.text(pod)).ok()
    until(
        "it has run there",
        lambda: place.cluster.get("pod", "copied")["status"].get("phase") == "Succeeded",
        60,
    )
