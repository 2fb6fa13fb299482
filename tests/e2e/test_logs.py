"""Logs through kubectl: every option, whole across rotation, and there when they are needed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster, kubectls
from tests.support.manifests import container, pod
from tests.support.wait import until

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ")
FLOOD = 400_000
"""Lines of 103 bytes: as Docker writes them down they fill six files, of which it keeps two."""


@pytest.fixture(autouse=True, scope="module")
def empty(cluster: Cluster) -> Iterator[None]:
    """These tests leave no pod behind."""
    yield
    cluster.kubectl("delete", "pod", "--all", "--now").ok()
    until("no pods left", lambda: not cluster.pods())


def apply(cluster: Cluster, *objects: Any) -> None:
    """`kubectl apply` of ``objects``."""
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects)).ok()


def phase(cluster: Cluster, name: str) -> str:
    """The pod's phase."""
    return str(cluster.get("pod", name)["status"].get("phase"))


@contextmanager
def following(cluster: Cluster, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """`kubectl logs -f`, killed at the end."""
    newest = list(kubectls().values())[-1]
    command = [newest, "logs", "-f", *words]
    with subprocess.Popen(command, env=cluster.environment, stdout=subprocess.PIPE) as client:
        try:
            yield client
        finally:
            client.kill()


@pytest.fixture(scope="module")
def speaker(cluster: Cluster) -> Cluster:
    """A cluster with a pod that has said all it has to say: lines, a very long one, and noise.

    The engine reads the two streams apart: what is said at one time may be mixed.
    """
    script = (
        "echo first; sleep 1.1; echo second; head -c 1048576 /dev/zero | tr '\\0' x; echo;"
        "printf 'noise \\377\\000\\033[0m\\n'; echo last; sleep 1.5; echo wrong >&2"
    )
    init = container("sh", "-c", "echo prepared", name="init")
    apply(
        cluster,
        pod("speaker", container("sh", "-c", script), initContainers=[init], restartPolicy="Never"),
    )
    until("it has ended", lambda: phase(cluster, "speaker") == "Succeeded")
    return cluster


def logs(cluster: Cluster, *words: str) -> list[str]:
    """The lines that `kubectl logs speaker` prints."""
    return cluster.kubectl("logs", "speaker", "-c", "main", *words).ok().split("\n")[:-1]


def test_a_line_of_a_megabyte_is_one_line_with_one_time_also_from_the_end(
    speaker: Cluster,
) -> None:
    whole = logs(speaker)
    assert len(whole) == 6 and "x" * 1048576 in whole
    stamped = logs(speaker, "--timestamps")
    assert all(STAMP.match(line) for line in stamped)
    assert [STAMP.sub("", line) for line in stamped] == whole
    place = whole.index("x" * 1048576)
    assert logs(speaker, f"--tail={6 - place}") == whole[place:]
    assert logs(speaker, "--tail=0") == []
    assert logs(speaker, "--tail=9223372036854775807") == whole


def test_bytes_that_are_no_text_come_as_they_were_kept(speaker: Cluster) -> None:
    [noise] = [line for line in logs(speaker) if line.startswith("noise")]
    assert noise == "noise \ufffd\x00\x1b[0m"


def test_only_what_is_newer_than_a_time_or_an_age_is_shown(speaker: Cluster) -> None:
    stamped = logs(speaker, "--timestamps")
    assert stamped[0].endswith(" first") and stamped[1].endswith(" second")
    since = stamped[1].split()[0]
    assert logs(speaker, "--timestamps", f"--since-time={since}") == stamped[1:]
    assert logs(speaker, "--since=1h") == logs(speaker)
    assert logs(speaker, "--since=1h", "--tail=1") == logs(speaker)[-1:]
    both = speaker.kubectl("logs", "speaker", "--since=1h", f"--since-time={since}").fails()
    assert "at most one of" in both


def test_limited_bytes_are_cut_exactly(speaker: Cluster) -> None:
    whole = speaker.kubectl("logs", "speaker").ok()
    for limit in (1, 8, 70_000, 1 << 30):
        cut = speaker.kubectl("logs", "speaker", f"--limit-bytes={limit}").ok()
        assert cut == whole[:limit]


def test_one_stream_may_be_asked_for(speaker: Cluster) -> None:
    path = "/api/v1/namespaces/default/pods/speaker/log"
    assert speaker.kubectl("get", "--raw", f"{path}?stream=Stderr").ok() == "wrong\n"
    assert "wrong" not in speaker.kubectl("get", "--raw", f"{path}?stream=Stdout").ok()


def test_an_init_container_and_all_containers_with_their_names(speaker: Cluster) -> None:
    assert speaker.kubectl("logs", "speaker", "-c", "init").ok() == "prepared\n"
    said = speaker.kubectl("logs", "speaker", "--all-containers", "--prefix", "--tail=1").ok()
    last = logs(speaker, "--tail=1")[0]
    wanted = {"[pod/speaker/init] prepared", f"[pod/speaker/main] {last}"}
    assert set(said.splitlines()) == wanted


def test_what_has_not_started_says_what_it_waits_for(cluster: Cluster) -> None:
    slow = container("sh", "-c", "echo begun; exec sleep 99", name="slow")
    apply(
        cluster,
        pod("later", initContainers=[slow], terminationGracePeriodSeconds=0),
        pod("lost", container(image="no-such-image:1.0")),
    )
    waits = 'container "main" in pod "later" is waiting to start: PodInitializing'
    until("it waits", lambda: waits in cluster.kubectl("logs", "-f", "later").fails())
    cannot = 'container "main" in pod "lost" is waiting to start: trying and failing to pull image'
    until("it says why", lambda: cannot in cluster.kubectl("logs", "lost").fails(), 30)
    ignored = cluster.kubectl("logs", "lost", "--ignore-errors")
    assert ignored.code == 0 and cannot in ignored.out
    assert cluster.kubectl("logs", "later", "-c", "slow", "--tail=1").ok() == "begun\n"


def test_the_last_run_can_be_read_while_the_next_one_cannot_start(cluster: Cluster) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "once"},
        "data": {"A": "1"},
    }
    main = container(
        "sh", "-c", "echo run $A; sleep 1.5; exit 1", envFrom=[{"configMapRef": {"name": "once"}}]
    )
    apply(cluster, config, pod("unlucky", main))
    until("it has run", lambda: "run 1" in cluster.kubectl("logs", "unlucky").out)
    cluster.kubectl("delete", "configmap", "once").ok()

    def status() -> str:
        return cluster.column("pod", "unlucky", "STATUS")

    until("it cannot start", lambda: status() == "CreateContainerConfigError", 30)
    for words in (("unlucky",), ("-p", "unlucky")):
        assert cluster.kubectl("logs", *words).ok() == "run 1\n"


def test_pods_of_a_selector_are_followed_together_up_to_a_number(cluster: Cluster) -> None:
    says = container("sh", "-c", "echo one of $HOSTNAME; sleep 1; echo two")
    made = [pod(f"choir-{n}", says, labels={"in": "choir"}, restartPolicy="Never") for n in (1, 2)]
    apply(cluster, *made)
    until("both run", lambda: all(phase(cluster, f"choir-{n}") != "Pending" for n in (1, 2)))
    few = cluster.kubectl("logs", "-f", "-l", "in=choir", "--max-log-requests=1").fails()
    assert "maximum allowed concurrency is 1" in few
    said = cluster.kubectl("logs", "-f", "-l", "in=choir", "--prefix", "--tail=-1").ok()
    assert sorted(said.splitlines()) == [
        f"[pod/choir-{n}/main] {line}" for n in (1, 2) for line in (f"one of choir-{n}", "two")
    ]


def test_a_flood_is_followed_whole_and_a_reader_that_sleeps_holds_up_nobody(
    cluster: Cluster,
) -> None:
    agent = cluster.daemons()["agent"]
    line = "x" * 95
    flood = f"echo 0; read go; yes {line} | head -n {FLOOD} | cat -n"
    main = container("sh", "-c", flood, stdin=True)
    apply(cluster, pod("flood", main, restartPolicy="Never"))
    until("it waits", lambda: phase(cluster, "flood") == "Running")
    before = resident(agent)
    with following(cluster, "flood") as sleeper, following(cluster, "flood") as reader:
        assert reader.stdout and sleeper.stdout
        assert reader.stdout.readline() == sleeper.stdout.readline() == b"0\n"
        os.kill(sleeper.pid, signal.SIGSTOP)
        cluster.kubectl("attach", "-i", "flood", input="go\n")
        numbers = [int(row.split()[0]) for row in reader.stdout]
        assert numbers == list(range(1, FLOOD + 1))
        assert resident(agent) < before + (32 << 20)
        assert cluster.kubectl("logs", "flood", "--tail=1").ok().split() == [str(FLOOD), line]
        os.kill(sleeper.pid, signal.SIGCONT)
        late = [int(row.split()[0]) for row in sleeper.stdout]
        assert late == list(range(1, FLOOD + 1))
    kept = [int(row.split()[0]) for row in cluster.kubectl("logs", "flood").ok().splitlines()]
    assert kept == list(range(kept[0], FLOOD + 1))
    assert 50_000 < len(kept) < FLOOD // 2


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
