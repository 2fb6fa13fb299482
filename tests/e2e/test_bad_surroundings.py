"""A machine that is not ready for a cluster: each lack is named, and nothing is left behind."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from tests.support import kernel
from tests.support.cluster import MK8S, Cluster
from tests.support.engine import PrivateEngine
from tests.support.wait import until

BEGINNINGS = (
    "error: ",
    "Error in configuration: ",
    "Unable to connect to the server: ",
    "The connection to the server ",
)
"""Of sentences about what is wrong, as kubectl's users know them."""


def refused(cluster: Cluster, *arguments: str) -> str:
    """What `mk8s` says against ``arguments``; the machine must be the same afterwards."""
    before, existed = kernel.snapshot(cluster.engine), cluster.home.exists()
    result = cluster.mk8s(*arguments)
    said = result.fails()
    assert said.startswith(BEGINNINGS) and len(said.splitlines()) == 1, said
    until("the machine is as it was", lambda: kernel.unchanged(before, cluster.engine))
    assert cluster.home.exists() == existed
    return said


@pytest.fixture
def fresh(engine: PrivateEngine, tmp_path: Path) -> Cluster:
    """A cluster that nobody has made yet."""
    return Cluster.beside(3, tmp_path / "mk8s", engine)


@pytest.mark.parametrize(
    ("setting", "option"), [("MK8S_API_PORT", "--api-port"), ("MK8S_AGENT_PORT", "--agent-port")]
)
def test_a_second_cluster_on_a_taken_port_is_refused(
    fresh: Cluster, setting: str, option: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refused(fresh.with_settings(**{setting: port}), "up")
    assert port in said and option in said and setting in said


def test_a_second_cluster_on_the_first_ones_ports_harms_neither(
    cluster: Cluster, fresh: Cluster
) -> None:
    daemons = cluster.daemons()
    said = refused(fresh.with_settings(MK8S_API_PORT="6443", MK8S_AGENT_PORT="6444"), "up")
    assert "6443" in said
    assert cluster.daemons() == daemons


@pytest.mark.parametrize("command", ["up", "down"])
def test_without_root_it_says_that_root_is_needed(fresh: Cluster, command: str) -> None:
    # in a user namespace of its own a process is nobody, and still may read this checkout
    unshare = shutil.which("unshare")
    assert unshare
    said = fresh.run([unshare, "--user", str(MK8S), command]).fails()
    assert "needs root" in said and "sudo" in said
    assert not fresh.home.exists()


@pytest.mark.parametrize(
    "command", ["up", "down", "status", "doctor", "kubeconfig", "get nodes", "delete pod x"]
)
def test_without_root_a_cluster_of_roots_is_not_readable_and_it_says_so(
    cluster: Cluster, command: str
) -> None:
    said = as_nobody(cluster, *command.split())
    assert "root" in said


def as_nobody(cluster: Cluster, *arguments: str) -> str:
    """What `mk8s` says to a user who is not root."""
    cluster.home.parent.chmod(0o755)
    setpriv = shutil.which("setpriv")
    assert setpriv
    command = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"]
    said = cluster.run([*command, str(MK8S), *arguments]).fails()
    assert len(said.splitlines()) == 1, said
    return said


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("unix:///nowhere/docker.sock", "No Docker engine answers at unix:///nowhere/docker.sock"),
        ("tcp://127.0.0.1:9", "No Docker engine answers at tcp://127.0.0.1:9"),
        ("carrier-pigeon", "DOCKER_HOST"),
    ],
)
def test_without_an_engine_it_says_where_it_looked(fresh: Cluster, host: str, words: str) -> None:
    assert words in refused(fresh.with_settings(DOCKER_HOST=host), "up")


def test_what_answers_but_is_no_engine_is_named(fresh: Cluster, cluster: Cluster) -> None:
    said = refused(fresh.with_settings(DOCKER_HOST="tcp://127.0.0.1:6443"), "up")
    assert "not a healthy Docker engine" in said


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("MK8S_POD_CIDR", "10.244.0.0/33", "pod network"),
        ("MK8S_POD_CIDR", "everything", "pod network"),
        ("MK8S_POD_CIDR", "10.244.0.0/30", "too small"),
        ("MK8S_POD_CIDR", "10.193.1.0/24", "overlap"),
        ("MK8S_API_PORT", "0", "MK8S_API_PORT"),
        ("MK8S_API_PORT", "http", "MK8S_API_PORT"),
        ("MK8S_API_PORT", "13444", "must differ"),
        ("MK8S_NODE_PORTS", "1", "FIRST-LAST"),
        ("MK8S_NODE_PORTS", "300-200", "FIRST-LAST"),
        ("MK8S_NAME", "Big Name", "cluster name"),
        ("MK8S_NODE_NAME", "No_de", "node name"),
        ("MK8S_LISTEN", "localhost", "IPv4 address"),
        ("MK8S_LISTEN", "192.0.2.77", "192.0.2.77"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(
    fresh: Cluster, setting: str, value: str, words: str
) -> None:
    assert words in refused(fresh.with_settings(**{setting: value}), "up")


def test_a_home_that_is_a_file_is_refused(fresh: Cluster) -> None:
    fresh.home.write_text("mine")
    assert str(fresh.home) in refused(fresh, "up")
    assert fresh.home.read_text() == "mine"


@pytest.mark.parametrize(
    "content",
    [
        "a: [1\n",
        "",
        "hello",
        "kind: Config\n",
        "current-context: gone\n",
        "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
        "clusters: [{name: b, cluster: {server: 'https://127.0.0.1:1'}}]\n"
        "users: [{name: c, user: {client-certificate-data: '!!!', client-key-data: '!!!'}}]\n",
        "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
        "clusters: [{name: b, cluster: {server: nonsense, certificate-authority: /nowhere}}]\n"
        "users: [{name: c, user: {}}]\n",
        "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
        "clusters: [{name: b, cluster: {server: 'https://127.0.0.1:1'}}]\n"
        "users: [{name: c, user: {}}]\n",
        "current-context: a\ncontexts: 7\n",
    ],
    ids=[
        "not YAML",
        "empty",
        "text",
        "no context",
        "context gone",
        "no base64",
        "no such file",
        "nobody there",
        "contexts not a list",
    ],
)
def test_a_broken_kubeconfig_is_named(fresh: Cluster, tmp_path: Path, content: str) -> None:
    file = tmp_path / "broken.kubeconfig"
    file.write_text(content)
    said = refused(fresh, "--kubeconfig", str(file), "get", "pods")
    assert "broken.kubeconfig" in said or "127.0.0.1:1" in said


def test_a_kubeconfig_that_is_not_there_is_named(fresh: Cluster) -> None:
    assert "/nowhere" in refused(fresh, "--kubeconfig", "/nowhere", "get", "pods")


@pytest.mark.parametrize("command", ["get pods", "apply -f x.yaml", "logs x", "describe pod x"])
def test_where_no_cluster_is_the_first_step_is_named(fresh: Cluster, command: str) -> None:
    if command.startswith("apply"):
        file = fresh.home.parent / "x.yaml"
        file.write_text("{apiVersion: v1, kind: Pod, metadata: {name: a}}")
    assert "mk8s up" in refused(fresh, *command.split())


def test_a_home_of_a_cluster_with_damaged_settings_says_what_to_do(fresh: Cluster) -> None:
    fresh.home.mkdir()
    (fresh.home / "settings.json").write_text("{")
    for command in ("up", "status", "kubeconfig"):
        said = refused(fresh, command)
        assert "settings.json is damaged" in said and "--purge" in said
    fresh.mk8s("down", "--purge").ok()
    assert not fresh.home.exists()
