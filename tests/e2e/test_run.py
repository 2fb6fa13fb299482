"""`mk8s run` at a terminal and in pipes: it comes up, is talked with, and leaves nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.support import slowregistry, tmux
from tests.support.cluster import MK8S, Cluster
from tests.support.wait import until

BUSYBOX = "--image=busybox"


@pytest.fixture(autouse=True, scope="module")
def gone_afterwards(cluster: Cluster) -> Iterator[None]:
    """Nobody waits for the grace periods of what was run."""
    yield
    cluster.kubectl("delete", "pod", "-l", "run", "--now").ok()


def absent(cluster: Cluster, name: str) -> bool:
    return bool(cluster.kubectl("get", "pod", name, "--ignore-not-found").ok() == "")


def going(cluster: Cluster, name: str) -> bool:
    """Whether the pod is gone or on its way out."""
    told = cluster.kubectl("get", "pod", name, "--ignore-not-found", "-o", "yaml").ok()
    return not told or "deletionTimestamp" in told


@pytest.fixture
def shell(cluster: Cluster) -> Iterator[tmux.Screen]:
    """A shell in a terminal, in which `mk8s` is the one under test."""
    path = f"{MK8S.parent}:{cluster.environment['PATH']}"
    with tmux.opened(tmux.SHELL, cluster.environment | {"PATH": path}) as screen:
        screen.wait_for(r"^\$")
        yield screen


def test_a_shell_is_run_talked_with_and_removed(cluster: Cluster, shell: tmux.Screen) -> None:
    """The tutorial's own line, and the size of the terminal all along."""
    shell.enter("mk8s run -i --tty --rm debug --image=ubuntu:16.04 --restart=Never -- bash")
    shell.wait_for(r"root@debug:/#", 60)
    shell.enter("stty size; hostname")
    shell.wait_for(r"^30 100\ndebug$")
    shell.resize(90, 25)
    # the new size goes to the pod beside what is typed
    shell.enter('until [ "$(stty size)" = "25 90" ]; do sleep 0.1; done; stty size')
    shell.wait_for(r"^25 90$")
    shell.press("C-c")
    shell.wait_for(r"\^C\n.*#$")
    shell.enter("exit 3")
    shell.wait_for(r'^pod "debug" deleted$')
    shell.enter("clear; echo code $?; stty -a | grep -o ' echo '")
    shell.wait_for(r"^ echo $|^ echo$")
    assert shell.cursor_is_shown()
    until("the pod goes", lambda: going(cluster, "debug"))


def test_a_failed_command_gives_its_exit_code_and_its_output(cluster: Cluster) -> None:
    run = ("run", "-i", "--rm", "-q", "brief", BUSYBOX, "--restart=Never", "--")
    ended = cluster.mk8s(*run, "sh", "-c", "echo out; exit 7", input="")
    assert (ended.code, ended.out) == (7, "out\n"), ended
    assert "pod default/brief terminated (Error)" in ended.err
    until("the pod goes", lambda: going(cluster, "brief"))


def test_what_a_run_is_given_in_a_pipe_comes_back(cluster: Cluster) -> None:
    run = ("run", "-i", "--rm", "echoes", BUSYBOX, "--restart=Never", "--", "cat")
    text = "".join(f"line {number}\n" for number in range(2000))
    answer = cluster.mk8s(*run, input=text)
    assert answer.ok() == f'{text}pod "echoes" deleted\n'
    assert answer.err == "If you don't see a command prompt, try pressing enter.\n"


def test_ctrl_c_while_a_pod_comes_up_says_why_it_waits_and_leaves_nothing(
    cluster: Cluster, shell: tmux.Screen
) -> None:
    shell.enter("mk8s run -it --rm never --image=localhost:1/no/such:1 --restart=Never -- sh")
    shell.wait_for(r"pod/never: .*(ErrImagePull|ImagePullBackOff)", 30)
    shell.press("C-c")
    shell.wait_for(r'pod "never" deleted$')
    shell.enter("echo code $?")
    shell.wait_for(r"^code 130$")
    assert "is waiting" not in shell.text()
    until("the pod is gone", lambda: absent(cluster, "never"), 40)


def test_the_bytes_of_a_pull_are_shown_while_it_lasts(cluster: Cluster, shell: tmux.Screen) -> None:
    with slowregistry.serving() as registry:
        shell.enter(f"mk8s run -it --rm pulls --image={registry.image} --restart=Never")
        shell.wait_for(r"^pod/pulls: pulling 127\S+/slow:1, \S+ [kM]B of 4.2 MB \[", 60)
        node = cluster.pods("run=pulls")[0]["spec"]["nodeName"]
        page = ("get", "--raw", f"/api/v1/nodes/{node}/proxy/pulls")
        [pull] = json.loads(cluster.kubectl(*page).ok())["pulls"]
        assert pull["image"] == registry.image
        assert 0 < pull["downloadedBytes"] < pull["totalBytes"] == len(registry.layer)
        registry.go_on.set()
        shell.wait_gone("pulling 127", 60)
        assert json.loads(cluster.kubectl(*page).ok()) == {"pulls": []}
        shell.press("C-c")
        shell.wait_for(r'pod "pulls" deleted$')


def test_a_run_that_is_told_to_end_removes_its_pod(cluster: Cluster) -> None:
    words = [str(MK8S), "run", "-i", "--rm", "ended", BUSYBOX, "--restart=Never", "--", "cat"]
    process = subprocess.Popen(words, env=cluster.environment, stdin=subprocess.PIPE)
    try:
        until("it runs", lambda: cluster.column("pod", "ended", "STATUS") == "Running", 40)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM
        assert going(cluster, "ended")
    finally:
        process.kill()
        process.wait(10)


def test_a_pod_that_does_not_come_up_in_time_is_told_and_explained(cluster: Cluster) -> None:
    begun = time.monotonic()
    run = ("run", "-i", "--rm", "late", "--image=localhost:1/no/such:1", "--pod-running-timeout=3s")
    told = cluster.mk8s(*run, input="").fails()
    assert time.monotonic() - begun < 40
    assert "timed out waiting for the condition" in told
    assert "ErrImagePull" in told or "ImagePullBackOff" in told or "ContainerCreating" in told
