"""Where `mk8s tutorial` happens, and what is left of it, on a cluster whose nodes are played."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.api.controllers import played_cluster
from tests.api.kubectl import Kubectl
from tests.api.playedcluster import PlayedCluster
from tests.support import tmux

MK8S = Path(sys.executable).with_name("mk8s")
GOES_ON = "goes on from here"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedCluster]:
    with played_cluster(tmp_path_factory.mktemp("pki")) as played:
        yield played


@pytest.fixture
def mk8s(cluster: PlayedCluster, tmp_path: Path) -> Kubectl:
    """mk8s, whose reader's state is below the test's own folder."""
    runner = Kubectl.of(MK8S, cluster, "default", tmp_path)
    own = {"MK8S_HOME": str(tmp_path / "none"), "XDG_STATE_HOME": str(tmp_path), "LANG": "C.UTF-8"}
    runner.environment.update(own)
    return runner


def lesson(mk8s: Kubectl, *flags: str) -> AbstractContextManager[tmux.Screen]:
    return tmux.opened([str(MK8S), "tutorial", *flags], mk8s.environment, lines=50)


def leave(screen: tmux.Screen) -> None:
    screen.enter("q")
    screen.wait_for(GOES_ON)


def test_whoever_chose_a_namespace_goes_on_and_cleans_up_there(mk8s: Kubectl) -> None:
    with lesson(mk8s, "-n", "school") as screen:
        screen.wait_for("1/62 kinds")
        screen.enter("s")
        screen.wait_for("2/62 pod-create")
        leave(screen)
    with lesson(mk8s) as screen:
        screen.wait_for("You were at step 2 of 62")
        leave(screen)
    mk8s("tutorial", "--clean", "-n", "elsewhere")
    assert ">  2  pod-create" in mk8s("tutorial", "--list")
    mk8s("tutorial", "--clean")
    assert "school" not in mk8s("get", "namespaces", "-o", "name")
    assert not (mk8s.directory / "mk8s/tutorial").exists()


def test_what_was_interrupted_while_it_was_prepared_is_prepared_again(mk8s: Kubectl) -> None:
    with lesson(mk8s, "--from", "deploy-list") as screen:
        screen.wait_for("31/62 deploy-list", 30)
        leave(screen)
    mark = mk8s.directory / "mk8s/tutorial/bookmark.json"
    content = json.loads(mark.read_text())
    assert content["prepared"]
    mark.write_text(json.dumps(content | {"prepared": False}))
    with lesson(mk8s) as screen:
        screen.wait_for("Preparing: mk8s apply -f deployment-nginx.yaml", 30)
        screen.press("C-c")
        screen.wait_for(GOES_ON)
    assert json.loads(mark.read_text()) == content | {"prepared": False}
    mk8s("tutorial", "--clean")


def test_a_step_that_there_is_no_more_begins_anew(mk8s: Kubectl) -> None:
    with lesson(mk8s) as screen:
        screen.wait_for("1/62 kinds")
        leave(screen)
    mark = mk8s.directory / "mk8s/tutorial/bookmark.json"
    mark.write_text(json.dumps(json.loads(mark.read_text()) | {"step": "of old"}))
    with lesson(mk8s) as screen:
        screen.wait_for("1/62 kinds")
        leave(screen)
    mk8s("tutorial", "--clean")


def test_a_reader_takes_one_part_alone(mk8s: Kubectl) -> None:
    with lesson(mk8s, "--only", "replicasets") as screen:
        screen.wait_for("1/17 set-create")
        leave(screen)
    mk8s("tutorial", "--clean")


def test_whoever_is_ended_while_nobody_is_there_leaves_nothing(mk8s: Kubectl) -> None:
    running = mk8s.start("tutorial", "--yes", "--only", "deployments", "-n", "ended")
    assert running.stdout is not None
    assert any("deployment created" in line for line in running.stdout)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=30)
    assert running.returncode == 128 + signal.SIGTERM
    assert "ended" not in mk8s("get", "namespaces", "-o", "name")


def test_steps_are_listed_whole_where_no_terminal_is(mk8s: Kubectl) -> None:
    listed = mk8s("tutorial", "--list")
    assert "misspells the field, and the server refuses it.\n" in listed and "…" not in listed
