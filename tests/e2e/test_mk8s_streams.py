"""`mk8s exec`, `attach`, `cp` and `port-forward` of real containers, typed and in pipes."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import manifests, tmux
from tests.support.cluster import MK8S, Cluster
from tests.support.manifests import container, pod
from tests.support.podlife import apply
from tests.support.ports import free_port
from tests.support.tutorial import fetch
from tests.support.wait import until

TALKS = "while true; do printf 'say: '; read line || exit 0; echo heard $line; done"


@pytest.fixture(scope="module")
def desk(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster with the pods `desk` and `ear`, and nginx behind the Service `front`."""
    idle = container("sh", "-c", "sleep 86400")
    ear = container("sh", "-c", TALKS, stdin=True, tty=True)
    front = [manifests.web("front", 1), manifests.service("front", kind="ClusterIP")]
    apply(cluster, pod("desk", idle), pod("ear", ear))
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*front)).ok()
    cluster.ready_pods(1, "app=front")
    for name in ("desk", "ear"):
        until("it runs", lambda name=name: cluster.column("pod", name, "STATUS") == "Running")
    yield cluster
    cluster.kubectl("delete", "deploy,svc", "front").ok()
    cluster.kubectl("delete", "pod", "desk", "ear", "--now").ok()


@contextlib.contextmanager
def typing(cluster: Cluster, *words: str) -> Iterator[tmux.Screen]:
    with tmux.opened((str(MK8S), *words), cluster.environment) as screen:
        yield screen


@contextlib.contextmanager
def running(cluster: Cluster, *words: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [str(MK8S), *words], env=cluster.environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as client:  # fmt: skip
        try:
            yield client
        finally:
            client.kill()


def test_a_shell_of_a_workloads_pod_has_the_terminal_and_its_size(desk: Cluster) -> None:
    with typing(desk, "exec", "-it", "deploy/front", "--", "sh") as screen:
        screen.wait_for(r"^#")
        assert screen.is_raw()
        screen.enter("stty size")
        screen.wait_for(r"^30 100\n#$")
        screen.resize(72, 20)
        # the new size goes to the pod beside what is typed
        screen.enter('until [ "$(stty size)" = "20 72" ]; do sleep 0.1; done; stty size')
        screen.wait_for(r"^20 72\n#$")
        screen.enter("sleep 1000")
        screen.wait_for(r"sleep 1000$")
        screen.press("C-c")
        screen.wait_for(r"\^C\n#$")
        screen.enter("exit 5")
        assert screen.exit_code() == 5
        screen.wait_for("^command terminated with exit code 5$")


def test_the_old_form_without_dashes_runs_and_says_what_to_write(desk: Cluster) -> None:
    ended = desk.mk8s("exec", "desk", "hostname")
    assert ended.ok() == "desk\n"
    assert "Use mk8s exec [POD] -- [COMMAND] instead." in ended.err


def test_without_a_terminal_of_its_own_a_command_gets_none(desk: Cluster) -> None:
    ended = desk.mk8s("exec", "-it", "desk", "--", "sh", "-c", "test -t 0 || echo none", input="")
    assert ended.ok() == "none\n"
    assert ended.err == "Unable to use a TTY - input is not a terminal or the right kind of file\n"


def test_ctrl_c_ends_an_exec_without_a_terminal_and_a_closed_pipe_is_silent(desk: Cluster) -> None:
    with running(desk, "exec", "desk", "--", "sh", "-c", "echo up; sleep 1000") as client:
        assert client.stdout and client.stdout.readline() == "up\n"
        client.send_signal(signal.SIGINT)
        assert client.wait(20) == 130
        assert client.stdout.read().strip() == ""
    piped = f"{MK8S} exec desk -- sh -c 'yes | head -n 100000' | head -n 1"
    done = desk.run(["bash", "-c", piped])
    assert (done.out, done.err) == ("y\n", "")


def test_an_attached_process_is_joined_left_and_joined_again(desk: Cluster) -> None:
    for number in (1, 2):
        with typing(desk, "attach", "-it", "ear") as screen:
            screen.wait_for("^If you don't see a command prompt, try pressing enter.$")
            screen.enter(f"word {number}")
            screen.wait_for(rf"^heard word {number}$")
    with typing(desk, "attach", "-it", "ear") as screen:
        screen.enter("the end")
        screen.wait_for(r"^heard the end$")
        screen.press("C-d")
        assert screen.exit_code() == 0
        screen.wait_for("Session ended, resume using 'mk8s attach ear -c main -i -t' command")
    until("it runs again", lambda: desk.column("pod", "ear", "RESTARTS").startswith("1"))


def test_files_and_folders_are_copied_both_ways(desk: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "run").write_text("#!/bin/sh\n")
    (folder / "deep" / "run").chmod(0o755)
    (folder / "big").write_bytes(random.Random(3).randbytes(12 << 20))
    (folder / "link").symlink_to("/etc/passwd")
    desk.mk8s("cp", str(folder), "desk:/tmp").ok()
    desk.mk8s("exec", "desk", "--", "sh", "-c", "test -L /tmp/folder/link").ok()
    back = desk.mk8s("cp", "default/desk:/tmp/folder", str(tmp_path / "back"))
    assert back.ok() == ""
    assert "skipping symlink: 'tmp/folder/link' -> '/etc/passwd'" in back.err
    assert (tmp_path / "back" / "big").read_bytes() == (folder / "big").read_bytes()
    assert os.access(tmp_path / "back" / "deep" / "run", os.X_OK)
    assert not (tmp_path / "back" / "link").exists()
    desk.mk8s("cp", "desk:/etc/hostname", str(tmp_path)).ok()
    assert (tmp_path / "hostname").read_text() == "desk\n"
    desk.mk8s("cp", str(tmp_path / "hostname"), "desk:/tmp/renamed").ok()
    assert desk.mk8s("exec", "desk", "--", "cat", "/tmp/renamed").ok() == "desk\n"


def test_copies_that_cannot_be_made_say_why(desk: Cluster, tmp_path: Path) -> None:
    missing = desk.mk8s("cp", "desk:/no/such", str(tmp_path / "x"))
    assert missing.code == 1 and "/no/such" in missing.fails()
    assert not (tmp_path / "x").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "hostname").mkdir()
    refused = desk.mk8s("cp", "desk:/etc/hostname", str(tmp_path / "full")).fails()
    assert "full/hostname" in refused and len(refused.splitlines()) < 3
    read_only = desk.mk8s("cp", "/etc/hostname", "desk:/proc/x").fails()
    assert "tar:" in read_only


def test_a_service_is_forwarded_past_the_end_of_its_pod(desk: Cluster) -> None:
    port = free_port()
    with running(desk, "port-forward", "svc/front", f"{port}:80") as client:
        assert client.stdout
        assert client.stdout.readline() == f"Forwarding from 127.0.0.1:{port} -> 80\n"
        assert "Welcome to nginx!" in until("a page", lambda: fetch(f"http://127.0.0.1:{port}/"))
        desk.kubectl("delete", "pod", "-l", "app=front", "--now").ok()
        desk.ready_pods(1, "app=front")
        until("a page of the next pod", lambda: fetch(f"http://127.0.0.1:{port}/"))
        client.send_signal(signal.SIGINT)
        assert client.wait(20) == 130


def test_a_free_port_is_chosen_and_a_pod_that_is_gone_ends_it(desk: Cluster) -> None:
    apply(desk, pod("brief", container(image="nginx")))
    until("it runs", lambda: desk.column("pod", "brief", "STATUS") == "Running")
    with running(desk, "port-forward", "brief", ":80", "--address=127.0.0.1") as client:
        assert client.stdout
        match = re.fullmatch(r"Forwarding from 127.0.0.1:(\d+) -> 80\n", client.stdout.readline())
        assert match
        page = f"http://127.0.0.1:{match[1]}/"
        until("a page", lambda: fetch(page))
        desk.kubectl("delete", "pod", "brief", "--now").ok()
        with contextlib.suppress(OSError):
            fetch(page)
        said = client.stdout.read()
        assert client.wait(20) == 1
        assert 'lost connection to pod: Error from server (NotFound): pods "brief"' in said


def test_a_port_that_is_taken_is_told_and_the_other_one_serves(desk: Cluster) -> None:
    taken, free = free_port(), free_port()
    with running(desk, "port-forward", "svc/front", f"{taken}:80") as first:
        assert first.stdout and first.stdout.readline().startswith("Forwarding from")
        alone = desk.mk8s("port-forward", "svc/front", f"{taken}:80").fails()
        assert f"Unable to listen on port {taken}" in alone
        assert alone.endswith(f"unable to listen on any of the requested ports: [{{{taken} 80}}]")
        with running(desk, "port-forward", "deploy/front", f"{taken}:80", f"{free}:80"):
            until("a page", lambda: fetch(f"http://127.0.0.1:{free}/"))
