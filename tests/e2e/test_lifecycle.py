"""`up`, `status`, `kubeconfig` and `down`, as somebody types them who has read nothing."""

from __future__ import annotations

import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from tests.support import manifests
from tests.support.cluster import MK8S, Cluster
from tests.support.engine import PrivateEngine


@pytest.fixture(scope="module")
def own(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of this file's own: its daemons are stopped and started."""
    cluster = Cluster.beside(1, tmp_path_factory.mktemp("own") / "mk8s", engine)
    cluster.mk8s("up").ok()
    try:
        yield cluster
    finally:
        cluster.mk8s("down", "--purge").ok()


def test_a_second_up_changes_nothing_and_says_so(own: Cluster) -> None:
    before = own.daemons()
    said = own.mk8s("up").ok()
    assert "up already" in said
    assert own.daemons() == before


def test_status_says_what_runs_since_when_and_where_the_logs_are(own: Cluster) -> None:
    said = own.mk8s("status").ok()
    rows = [line.split() for line in said.splitlines() if line.startswith(("master", "agent"))]
    assert [row[:2] for row in rows] == [["master", "running"], ["agent", "running"]]
    for _, _, pid, since, log in rows:
        assert Path(f"/proc/{pid}").exists()
        assert re.fullmatch(r"\d+s|\d+m(\d+s)?", since)
        assert Path(log).stat().st_size > 0
    assert str(own.home) in said


def test_status_of_a_cluster_that_is_down_exits_with_3_and_says_how_to_start_it(
    own: Cluster,
) -> None:
    own.mk8s("down").ok()
    try:
        result = own.mk8s("status")
        assert result.code == 3
        assert result.out.count("stopped") == 2
        assert "mk8s up" in result.out
    finally:
        own.mk8s("up").ok()


def test_status_where_no_cluster_is_names_the_directory(own: Cluster, tmp_path: Path) -> None:
    said = own.mk8s("--home", str(tmp_path / "none"), "status").fails()
    assert said.startswith("error: There is no cluster in ") and str(tmp_path) in said
    assert not (tmp_path / "none").exists()


def test_the_printed_kubeconfig_is_all_that_kubectl_needs(own: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(own.mk8s("kubeconfig").ok())
    said = own.kubectl("--kubeconfig", str(file), "get", "nodes", "-o", "name").ok()
    assert said == "node/node1\n"


def test_kubeconfig_changes_nothing_of_the_users_own_unless_asked_to(own: Cluster) -> None:
    own.mk8s("kubeconfig").ok()
    own.mk8s("up").ok()
    assert not Path(own.environment["HOME"], ".kube", "config").exists()


def test_merge_adds_our_context_and_leaves_the_others(own: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "config"
    other = {"name": "other", "cluster": {"server": "https://192.0.2.1"}}
    user = {"name": "someone", "user": {"token": "secret"}}
    context = {"name": "other", "context": {"cluster": "other", "user": "someone"}}
    file.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [other],
                "users": [user],
                "contexts": [context],
                "current-context": "other",
            }
        )
    )
    merging = own.with_settings(KUBECONFIG=str(file))
    merging.mk8s("kubeconfig", "--merge").ok()
    merging.mk8s("kubeconfig", "--merge").ok()
    content = yaml.safe_load(file.read_text())
    assert other in content["clusters"] and len(content["clusters"]) == 2
    assert user in content["users"] and len(content["users"]) == 2
    assert context in content["contexts"] and len(content["contexts"]) == 2
    assert content["current-context"] == "second"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert merging.kubectl("get", "nodes", "-o", "name").ok() == "node/node1\n"


def test_merge_makes_the_users_file_where_there_is_none(own: Cluster, tmp_path: Path) -> None:
    merging = own.with_settings(HOME=str(tmp_path), KUBECONFIG="")
    assert "current" in merging.mk8s("kubeconfig", "--merge").ok()
    assert merging.kubectl("get", "nodes", "-o", "name").ok() == "node/node1\n"


def test_merge_refuses_a_file_that_is_not_yaml_and_leaves_it(own: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("a: [1\n")
    said = own.with_settings(KUBECONFIG=str(file)).mk8s("kubeconfig", "--merge").fails()
    assert f'error loading config file "{file}": yaml: line' in said
    assert file.read_text() == "a: [1\n"


def test_a_network_of_a_cluster_that_exists_cannot_be_changed(own: Cluster) -> None:
    before = (own.daemons(), (own.home / "settings.json").read_text())
    for option, value in (("--pod-cidr", "10.99.0.0/16"), ("--service-cidr", "10.98.0.0/16")):
        said = own.mk8s("up", option, value).fails()
        assert "was created with" in said and value in said and "--purge" in said
    assert (own.daemons(), (own.home / "settings.json").read_text()) == before


def test_a_port_of_a_cluster_that_runs_is_not_changed_silently(own: Cluster) -> None:
    before = own.daemons()
    said = own.mk8s("up", "--api-port", "26443").fails()
    assert "mk8s down" in said and "26443" in said
    assert own.daemons() == before
    assert own.mk8s("get", "nodes").ok()


def test_state_survives_down_and_the_next_up_brings_the_pods_back(own: Cluster) -> None:
    own.kubectl("apply", "-f", "-", input=manifests.text(manifests.deployment("kept", 2))).ok()
    before = {pod["metadata"]["name"] for pod in own.ready_pods(2, "app=kept")}
    own.mk8s("down").ok()
    own.mk8s("up").ok()
    after = own.ready_pods(2, "app=kept")
    assert {pod["metadata"]["name"] for pod in after} == before
    own.kubectl("delete", "deploy", "kept").ok()


def test_down_twice_is_harmless(own: Cluster) -> None:
    own.mk8s("down").ok()
    own.mk8s("down").ok()
    assert own.mk8s("status").code == 3
    own.mk8s("up").ok()


def test_purge_removes_the_state_directory_and_may_be_repeated(
    engine: PrivateEngine, tmp_path: Path
) -> None:
    cluster = Cluster.beside(2, tmp_path / "mk8s", engine)
    cluster.mk8s("up").ok()
    try:
        assert cluster.home.is_dir()
        assert stat.S_IMODE(cluster.home.stat().st_mode) == 0o700
    finally:
        cluster.mk8s("down", "--purge").ok()
    assert not cluster.home.exists()
    assert "nothing to do" in cluster.mk8s("down", "--purge").ok()
    assert not cluster.home.exists()


def test_purge_does_not_remove_a_directory_that_holds_other_files(
    own: Cluster, tmp_path: Path
) -> None:
    mine = tmp_path / "letters"
    mine.write_text("dear")
    said = own.mk8s("--home", str(tmp_path), "down", "--purge").fails()
    assert "was not removed" in said
    assert mine.read_text() == "dear"


def test_ups_at_the_same_time_make_one_cluster(engine: PrivateEngine, tmp_path: Path) -> None:
    cluster = Cluster.beside(2, tmp_path / "mk8s", engine)
    try:
        with ThreadPoolExecutor(3) as people:
            results = list(people.map(lambda _: cluster.mk8s("up"), range(3)))
        said = [result.ok() for result in results]
        assert sum("up already" in one for one in said) == 2
        assert set(cluster.daemons()) == {"master", "agent"}
    finally:
        cluster.mk8s("down", "--purge").ok()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_an_up_that_was_interrupted_can_be_repeated(
    engine: PrivateEngine, tmp_path: Path, sign: signal.Signals
) -> None:
    cluster = Cluster.beside(2, tmp_path / "mk8s", engine)
    try:
        for seconds in (0, 0.2, 0.4):
            with subprocess.Popen(
                [str(MK8S), "up"],
                env=cluster.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as starting:
                assert starting.stdout and starting.stdout.readline()
                try:
                    said, _ = starting.communicate(timeout=seconds)
                except subprocess.TimeoutExpired:
                    starting.send_signal(sign)
                    said, _ = starting.communicate(timeout=30)
            assert "Traceback" not in said, said
            if starting.returncode == 130:
                assert cluster.daemons() == {}
        cluster.mk8s("up").ok()
        assert set(cluster.daemons()) == {"master", "agent"}
        assert cluster.kubectl("get", "nodes", "-o", "name").ok() == "node/node1\n"
    finally:
        cluster.mk8s("down", "--purge").ok()
    assert not cluster.home.exists()
