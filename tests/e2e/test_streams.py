"""exec, attach, cp and port-forward through real kubectl of both transports, and through mk8s."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import pty
import random
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support import manifests
from tests.support.cluster import MK8S, Cluster, kubectls
from tests.support.manifests import container, pod
from tests.support.ports import free_port
from tests.support.tutorial import EXAMPLES, fetch
from tests.support.wait import until

VERSIONS = ("1.27", "1.29", "1.31", "1.33")
"""SPDY; SPDY; WebSocket; WebSocket, also for port-forward."""

BOX = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "box", "labels": {"app": "box"}},
    "spec": {
        "terminationGracePeriodSeconds": 0,
        "containers": [
            {"name": "box", "image": "busybox", "command": ["sleep", "100000"]},
            {
                "name": "ear",
                "image": "busybox",
                "stdin": True,
                "command": ["sh", "-c", "while read line; do echo heard $line; done"],
            },
        ],
    },
}


@pytest.fixture(scope="module")
def box(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster with the pods `box` and the tutorial's `my-nginx-pod`."""
    cluster.kubectl("apply", "-f", "-", input=json.dumps(BOX)).ok()
    cluster.kubectl("apply", "-f", str(EXAMPLES / "nginx-pod.yaml")).ok()
    cluster.ready_pods(2)
    yield cluster
    cluster.kubectl("delete", "pod", "box", "my-nginx-pod", "--now").ok()
    until("no pods left", lambda: not cluster.pods(), 60)


@pytest.fixture(params=[v for v in VERSIONS if v in kubectls()])
def version(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def command(client: str) -> str:
    return str(MK8S) if client == "mk8s" else kubectls()[client]


@contextlib.contextmanager
def running(cluster: Cluster, *words: str, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A client that runs on while the test looks; killed at the end."""
    process = subprocess.Popen(
        words, env=cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


class Typed:
    """A client in a terminal of its own."""

    def __init__(self, cluster: Cluster, words: Sequence[str], columns: int, lines: int) -> None:
        self.shown = b""
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            time.sleep(0.05)  # until the terminal has its size
            os.execve(words[0], list(words), cluster.environment)
        self.resize(columns, lines)

    def resize(self, columns: int, lines: int) -> None:
        shape = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, shape)

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def wait_for(self, pattern: bytes, seconds: float = 40) -> re.Match[bytes]:
        """What the terminal shows, once it matches; matched text is not matched again."""
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self.shown)) is None:
            assert time.monotonic() < deadline, f"not shown: {pattern!r}; but: {self.shown!r}"
            assert self._read(), f"ended without {pattern!r}: {self.shown!r}"
        self.shown = self.shown[found.end() :]
        return found

    def end(self) -> int:
        """The client's exit code."""
        deadline = time.monotonic() + 40
        while self._read():
            assert time.monotonic() < deadline, f"does not end: {self.shown!r}"
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def _read(self) -> bool:
        if not select.select([self._terminal], [], [], 0.2)[0]:
            return True
        try:
            data = os.read(self._terminal, 65536)
        except OSError:
            return False
        self.shown += data
        return bool(data)


def test_a_command_prints_and_its_exit_code_is_the_clients(box: Cluster, version: str) -> None:
    name = box.kubectl("exec", "my-nginx-pod", "--", "cat", "/etc/hostname", version=version)
    assert name.ok().strip() == "my-nginx-pod"
    script = "echo out; echo err >&2; exit 3"
    ended = box.kubectl("exec", "box", "-c", "box", "--", "sh", "-c", script, version=version)
    assert (ended.code, ended.out) == (3, "out\n")
    assert "err\n" in ended.err and "exit code 3" in ended.err


def test_a_command_that_does_not_exist_is_told_in_the_engines_words(
    box: Cluster, version: str
) -> None:
    ended = box.kubectl("exec", "my-nginx-pod", "--", "nope", version=version)
    assert ended.code in {126, 127}
    assert '"nope": executable file not found' in ended.out + ended.err


def test_what_cannot_be_run_in_is_told_before_the_upgrade(box: Cluster, version: str) -> None:
    wrong = box.kubectl("exec", "box", "-c", "nope", "--", "true", version=version)
    assert "container nope is not valid for pod box" in wrong.fails()
    several = box.kubectl("exec", "pod/absent", "--", "true", version=version)
    assert '"absent" not found' in several.fails()


def test_piped_input_ends_when_the_pipe_does(box: Cluster, version: str) -> None:
    echoed = box.kubectl("exec", "-i", "box", "-c", "box", "--", "cat", version=version, input="hi")
    assert echoed.ok() == "hi"
    counted = ("exec", "-i", "box", "-c", "box", "--", "wc", "-c")
    assert box.kubectl(*counted, version=version, input="x" * 100_000).ok().strip() == "100000"


def test_ten_megabytes_come_through_unchanged(box: Cluster, version: str, tmp_path: Path) -> None:
    data = random.Random(1).randbytes(10 << 20)
    (tmp_path / "sent").write_bytes(data)
    words = (command(version), "exec", "-i", "box", "-c", "box", "--", "cat")
    with (tmp_path / "sent").open("rb") as sent, (tmp_path / "back").open("wb") as back:
        done = subprocess.run(
            words, env=box.environment, stdin=sent, stdout=back, timeout=60, check=False
        )
    assert done.returncode == 0
    assert hashlib.sha256((tmp_path / "back").read_bytes()).digest() == (
        hashlib.sha256(data).digest()
    )


def test_a_terminal_has_the_size_of_the_users_and_follows_it(box: Cluster, version: str) -> None:
    script = "trap 'stty size' WINCH; stty size; while :; do sleep 0.1; done"
    words = ("exec", "-it", "box", "-c", "box", "--", "sh", "-c", script)
    shown = Typed(box, [command(version), *words], 101, 37)
    shown.wait_for(rb"37 101\r\n")
    shown.resize(90, 30)
    shown.wait_for(rb"30 90\r\n")
    shown.type("\x03")
    assert shown.end() == 130


def test_a_shell_is_typed_at_and_returns_its_exit_code(box: Cluster, version: str) -> None:
    shell = Typed(box, [command(version), "exec", "-it", "box", "-c", "box", "--", "sh"], 80, 24)
    shell.wait_for(rb"# ")
    shell.type("echo $((6*7))\n")
    shell.wait_for(rb"\n42\r\n")
    shell.type("exit 7\n")
    assert shell.end() == 7


def test_a_client_that_is_killed_takes_its_command_with_it(box: Cluster, version: str) -> None:
    seconds = f"54{version.replace('.', '')}"

    def runs() -> bool:
        processes = box.kubectl("exec", "box", "-c", "box", "--", "ps").ok()
        return f"sleep {seconds}" in processes

    words = (command(version), "exec", "box", "-c", "box", "--", "sleep", seconds)
    with running(box, *words) as client:
        until("the command runs", runs, 40)
        client.send_signal(signal.SIGKILL)
        until("the command is gone", lambda: not runs(), 40)


def test_files_are_copied_both_ways(box: Cluster, version: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.txt").write_text("a\n")
    (folder / "big").write_bytes(random.Random(2).randbytes(1 << 20))
    there = f"/tmp/copied{version}"
    box.kubectl("cp", str(folder), f"box:{there}", "-c", "box", version=version).ok()
    back = tmp_path / "back"
    box.kubectl("cp", f"box:{there}", str(back), "-c", "box", version=version).ok()
    assert (back / "a.txt").read_text() == "a\n"
    assert (back / "big").read_bytes() == (folder / "big").read_bytes()


def test_attach_talks_with_the_containers_own_process(box: Cluster, version: str) -> None:
    words = (command(version), "attach", "-i", "box", "-c", "ear")
    with running(box, *words, stdin=subprocess.PIPE) as client:
        assert client.stdin and client.stdout
        client.stdin.write(f"from {version}\n".encode())
        client.stdin.flush()
        wanted = f"heard from {version}\n".encode()
        lines = iter(client.stdout.readline, b"")
        assert wanted in lines


@pytest.mark.parametrize("client", [*(v for v in VERSIONS if v in kubectls()), "mk8s"])
def test_a_forwarded_port_serves_the_page(box: Cluster, client: str) -> None:
    port = free_port()
    with running(box, command(client), "port-forward", "my-nginx-pod", f"{port}:80"):
        page = until("the page", lambda: fetch(f"http://127.0.0.1:{port}/"), 40)
        assert "Welcome to nginx!" in page
        for _ in range(20):
            assert fetch(f"http://127.0.0.1:{port}/") == page


@pytest.mark.parametrize("client", [*(v for v in VERSIONS if v in kubectls()), "mk8s"])
def test_a_port_where_nobody_listens_is_told(box: Cluster, client: str) -> None:
    port = free_port()
    with running(box, command(client), "port-forward", "my-nginx-pod", f"{port}:81") as forward:
        assert forward.stdout and forward.stdout.readline().startswith(b"Forwarding from")
        with contextlib.suppress(OSError):
            fetch(f"http://127.0.0.1:{port}/")
        refused = (line for line in iter(forward.stdout.readline, b"") if b"refused" in line)
        assert b"error forwarding port 81 to pod my-nginx-pod" in next(refused)


def test_a_pod_that_is_run_for_one_answer_gives_it(box: Cluster, version: str) -> None:
    """The tutorial's debugging pod: curl a Service from inside the cluster."""
    expose = ("expose", "pod", "my-nginx-pod", "--port=80", f"--name=web{version[2:]}")
    box.kubectl("label", "pod", "my-nginx-pod", "app=web", "--overwrite").ok()
    box.kubectl(*expose).ok()
    try:
        address = box.get("svc", f"web{version[2:]}")["spec"]["clusterIP"]
        run = ("run", "-i", "--rm", f"debug{version[2:]}", "--image=ubuntu:16.04")
        script = f"curl -s --retry 20 --retry-delay 1 --retry-connrefused http://{address}/"
        answer = box.kubectl(
            *run, "--restart=Never", "--", "bash", "-c", script, version=version
        ).ok()
        assert "Welcome to nginx!" in answer
    finally:
        box.kubectl("delete", "svc", f"web{version[2:]}").ok()


def test_a_command_runs_in_an_init_container_and_in_a_pod_that_ends(box: Cluster) -> None:
    slow = container("sh", "-c", "until [ -e /tmp/go ]; do sleep 0.1; done", name="init")
    deaf = container("sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done")
    made = pod("parting", deaf, initContainers=[slow])
    box.kubectl("apply", "-f", "-", input=json.dumps(made)).ok()

    def does(name: str, *command: str) -> bool:
        return box.kubectl("exec", "parting", "-c", name, "--", *command).code == 0

    waits = ("exec", "parting", "-c", "main", "--", "true")
    missing = 'container not found ("main")'
    until("the node says so", lambda: missing in box.kubectl(*waits).fails())
    until("the init container is told to go", lambda: does("init", "touch", "/tmp/go"))
    until("the other one runs", lambda: does("main", "true"))
    box.kubectl("delete", "pod", "parting", "--wait=false", "--grace-period=20").ok()
    until("it ends", lambda: box.column("pod", "parting", "STATUS") == "Terminating")
    assert box.kubectl("exec", "parting", "--", "echo", "still").ok() == "still\n"
    box.kubectl("delete", "pod", "parting", "--grace-period=0", "--force").ok()


def test_several_ports_of_a_deployment_are_forwarded_also_after_a_restart(box: Cluster) -> None:
    made = [manifests.web("fleet", 1), manifests.service("fleet", kind="ClusterIP")]
    box.kubectl("apply", "-f", "-", input=manifests.text(*made)).ok()
    try:
        [one] = box.ready_pods(1, "app=fleet")
        ports = [free_port(), free_port()]
        words = [command(list(kubectls())[-1]), "port-forward", "deploy/fleet"]
        with running(box, *words, *(f"{port}:80" for port in ports)):
            for port in ports:
                until("a page", lambda port=port: fetch(f"http://127.0.0.1:{port}/"), 40)
            name = one["metadata"]["name"]
            box.kubectl("exec", name, "--", "sh", "-c", "kill 1").ok()
            until("restarted", lambda: box.column("pod", name, "RESTARTS").startswith("1"))
            until("a page again", lambda: fetch(f"http://127.0.0.1:{ports[0]}/"), 40)
    finally:
        box.kubectl("delete", "deploy,svc", "fleet").ok()


def test_a_debugger_joins_a_pod_and_is_talked_with(box: Cluster) -> None:
    words = ("debug", "-it", "my-nginx-pod", "--image=busybox", "-c", "debugger", "--", "sh")
    shell = Typed(box, [command(list(kubectls())[-1]), *words], 80, 24)
    shell.type("\n")
    shell.wait_for(rb"# ", 40)
    shell.type("hostname; exit 4\n")
    shell.wait_for(rb"my-nginx-pod\r\n")
    shell.end()
    assert "my-nginx-pod" in box.kubectl("logs", "my-nginx-pod", "-c", "debugger").ok()


class TestMk8s:
    def test_attach_talks_with_the_containers_own_process(self, box: Cluster) -> None:
        words = (str(MK8S), "attach", "-i", "box", "-c", "ear")
        with running(box, *words, stdin=subprocess.PIPE) as client:
            assert client.stdin and client.stdout
            client.stdin.write(b"from mk8s\n")
            client.stdin.flush()
            assert b"heard from mk8s\n" in iter(client.stdout.readline, b"")

    def test_of_several_containers_the_first_is_meant_and_told(self, box: Cluster) -> None:
        for words in (("exec", "box", "--", "true"), ("logs", "box")):
            assert box.mk8s(*words).err.startswith('Defaulted container "box" out of: box, ear\n')

    def test_exec_prints_passes_input_on_and_returns_the_exit_code(self, box: Cluster) -> None:
        ended = box.mk8s("exec", "box", "-c", "box", "--", "sh", "-c", "echo out; exit 3")
        assert (ended.code, ended.out) == (3, "out\n")
        assert "command terminated with exit code 3" in ended.err
        assert box.mk8s("exec", "-i", "box", "-c", "box", "--", "cat", input="hi").ok() == "hi"
        assert "nope is not valid" in box.mk8s("exec", "box", "-c", "nope", "--", "true").fails()

    def test_exec_gives_a_terminal(self, box: Cluster) -> None:
        shell = Typed(box, [str(MK8S), "exec", "-it", "box", "-c", "box", "--", "sh"], 99, 33)
        shell.wait_for(rb"# ")
        shell.type("stty size\n")
        shell.wait_for(rb"33 99\r\n")
        shell.type("exit 5\n")
        assert shell.end() == 5
