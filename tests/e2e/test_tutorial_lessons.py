"""`mk8s tutorial` itself: without anybody, and with a reader at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster import MK8S, Cluster
from tests.support.tmux import SHELL, Screen, opened

NAMESPACE = "mk8s-tutorial"


@pytest.fixture
def school(cluster: Cluster, tmp_path: Path) -> Iterator[Cluster]:
    """The cluster, with a state folder of the test's own; nothing of a lesson is left after it."""
    yield cluster.with_settings(XDG_STATE_HOME=str(tmp_path), LANG="en_US.UTF-8")
    cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found").ok()


def namespaces(cluster: Cluster) -> str:
    return cluster.kubectl("get", "namespaces", "-o", "name").ok()


def test_a_part_alone_runs_without_questions_and_cleans_up(school: Cluster) -> None:
    done = school.mk8s("tutorial", "--yes", "--only", "pods", "--lang", "ko")
    shown = done.ok()
    for line in (
        "$ mk8s apply -f nginx-pod.yaml",
        "pod/my-nginx-pod created",
        "<h1>Welcome to nginx!</h1>",
        "my-nginx-ubuntu-pod   2/2     Running",
        "Pod는 함께 실행되는 하나 이상의 컨테이너 집합입니다.",
        "│ ● Running",
    ):
        assert line in shown
    assert NAMESPACE not in namespaces(school)


def test_a_namespace_of_somebody_else_is_left_alone(school: Cluster) -> None:
    said = school.mk8s("tutorial", "--yes", "-n", "default").fails()
    assert "the namespace default is somebody else's" in said


def test_without_a_terminal_it_says_how_to_run_it(school: Cluster) -> None:
    assert "with --yes" in school.mk8s("tutorial", input="").fails()


def test_a_reader_walks_goes_back_is_interrupted_and_goes_on(
    school: Cluster, tmp_path: Path
) -> None:
    with opened(SHELL, school.environment, lines=50) as screen:
        answer(screen, f"{MK8S} tutorial", "1/62 kinds")
        answer(screen, "s", "2/62 pod-create")
        assert "- containerPort: 80" in screen.text()
        answer(screen, "", "● Running[^/]*3/62 pod-list")
        answer(screen, "b", "2/62 pod-create")
        answer(screen, "what", "Press Enter alone")
        answer(screen, "", "unchanged[^/]*3/62 pod-list")
        answer(screen, "s", "4/62 pod-describe")
        screen.press("C-c")
        screen.wait_for("goes on from here")
        answer(screen, "echo code $?", "^code 130$")
        assert screen.cursor_is_shown()
        answer(screen, f"{MK8S} tutorial", "You were at step 4 of 62")
        answer(screen, "", "Successfully assigned mk8s-tutorial/my-nginx-pod[\\s\\S]*5/62 pod-ask")
        answer(screen, "s", "6/62 pod-shell")
        answer(screen, "", "root@my-nginx-pod:/")
        answer(screen, "echo in $HOSTNAME", "^in my-nginx-pod$")
        answer(screen, "exit", "7/62 pod-logs")
        answer(screen, "q", "mk8s tutorial --clean")
    assert ">  7  pod-logs" in school.mk8s("tutorial", "--list").ok()
    assert school.mk8s("tutorial", "--clean").ok() == "Nothing of the tutorial is left.\n"
    assert NAMESPACE not in namespaces(school)
    assert not (tmp_path / "mk8s/tutorial").exists()


def test_a_reader_begins_in_the_middle_with_what_came_before(school: Cluster) -> None:
    with opened(SHELL, school.environment, lines=50) as screen:
        answer(screen, f"{MK8S} tutorial --from unlabel", "24/62 unlabel")
        assert len(school.pods("app=my-nginx-pods-label", NAMESPACE)) == 3
        screen.press("C-c")
        screen.wait_for("goes on from here")


def answer(screen: Screen, text: str, shown: str) -> None:
    """Answer the question that is asked last; returns when this is shown and the next one asked."""
    screen.wait_for(r"(>|[#$])\Z")
    screen.enter(text)
    screen.wait_for(rf"{shown}[\s\S]*(>|[#$])\Z", 60)
