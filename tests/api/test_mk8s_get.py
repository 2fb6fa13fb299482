"""`mk8s get -w`: a table in place on a terminal, kubectl's lines on a pipe."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.apiserver import ApiServer, configmap
from tests.api.kubectl import Kubectl
from tests.support import tmux

MK8S = Path(sys.executable).with_name("mk8s")


@pytest.fixture
def environment(api: ApiServer, namespace: str, tmp_path: Path) -> dict[str, str]:
    """What mk8s needs to talk to the server under test."""
    kubectl = Kubectl.of(MK8S, api, namespace, tmp_path)
    return kubectl.environment | {"MK8S_HOME": str(tmp_path / "no-cluster")}


@pytest.fixture
def configmaps(api: ApiServer, namespace: str) -> Iterator[str]:
    """The path of a namespace's ConfigMaps, of which there is one."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(path, configmap("first", {"a": "1"}))
    yield path


def test_a_watch_on_a_terminal_shows_the_state_and_what_happens_in_place(
    api: ApiServer, configmaps: str, environment: dict[str, str]
) -> None:
    with tmux.opened([str(MK8S), "get", "cm", "-w"], environment) as screen:
        screen.wait_for(r"^first +1 +\d+s$")
        api.create(configmaps, configmap("second"))
        screen.wait_for(r"^second +0 +\d+s +new$")
        screen.resize(60, 12)
        api.request("PUT", f"{configmaps}/first", configmap("first", {"a": "1", "b": "2"}))
        screen.wait_for(r"^first +2 +\d+s +changed$")
        api.request("DELETE", f"{configmaps}/second")
        screen.wait_for(r"^second .* gone$")
        screen.wait_gone("second")
        assert screen.text().count("NAME") == 1
        assert screen.cursor_is_shown()
        screen.press("C-c")
        assert screen.exit_code() == 130
        assert [line.split()[:2] for line in screen.text().splitlines()] == [
            ["NAME", "DATA"],
            ["first", "2"],
        ]


def test_a_table_on_a_narrow_terminal_fits_and_keeps_names_whole(
    api: ApiServer, namespace: str, environment: dict[str, str]
) -> None:
    name = "a-name-that-is-rather-long"
    labels = {"label": "with-a-rather-long-value"}
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(path, configmap(name, **labels))
    words = [str(MK8S), "get", "cm", name, "--show-labels"]
    with tmux.opened(words, environment, columns=60) as screen:
        assert screen.exit_code() == 0
        shown = screen.text().splitlines()
    assert len(shown) == 2
    assert shown[1].startswith(name)
    assert shown[1].endswith("…")


def test_states_are_coloured_on_a_terminal_unless_no_colour_is_wanted(
    api: ApiServer, environment: dict[str, str]
) -> None:
    words = [str(MK8S), "get", "ns", "default"]
    for extra, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        with tmux.opened(words, environment | extra) as screen:
            assert screen.exit_code() == 0
            assert ("\x1b[32mActive" in screen.text(colours=True)) is coloured


def test_a_watch_on_a_pipe_prints_each_change_as_a_line(
    api: ApiServer, configmaps: str, environment: dict[str, str]
) -> None:
    words = [str(MK8S), "get", "cm", "-w", "--output-watch-events"]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        try:
            begin = [watch.stdout.readline().split()[:3] for _ in range(2)]
            assert begin == [["EVENT", "NAME", "DATA"], ["ADDED", "first", "1"]]
            api.request("DELETE", f"{configmaps}/first")
            assert watch.stdout.readline().split()[:3] == ["DELETED", "first", "1"]
        finally:
            watch.terminate()


def test_a_reader_that_has_seen_enough_ends_it_silently(
    api: ApiServer, configmaps: str, environment: dict[str, str]
) -> None:
    for number in range(40):
        api.create(configmaps, configmap(f"wide-{number}", {"x": "y" * 4000}))
    line = f"{MK8S} get cm -o yaml | head -n 1"
    done = subprocess.run(
        ["bash", "-c", line],
        env=environment, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("apiVersion: v1\n", "")


def test_an_object_that_is_not_there_is_told_with_the_name_that_may_be_meant(
    api: ApiServer, namespace: str, configmaps: str, environment: dict[str, str]
) -> None:
    def refusal(*words: str) -> str:
        done = subprocess.run(
            [MK8S, *words],
            env=environment, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        return done.stderr

    missing = 'Error from server (NotFound): configmaps "frist" not found'
    assert refusal("get", "cm", "frist") == f'{missing} (did you mean "first"?)\n'
    assert refusal("describe", "cm/frist") == refusal("get", "cm/frist")
    assert refusal("delete", "cm", "frist") == refusal("get", "cm", "frist")
    elsewhere = refusal("get", "cm", "first", "-n", "default")
    assert "(there is one in the namespace test-" in elsewhere


def test_a_namespace_that_is_not_there_is_told_of_on_a_terminal(
    api: ApiServer, environment: dict[str, str]
) -> None:
    with tmux.opened([str(MK8S), "get", "pods", "-n", "defualt"], environment) as screen:
        screen.wait_for(
            r"^No resources found in defualt namespace. There is no such namespace "
            r'\(did you mean "default"\?\)\.$'
        )
