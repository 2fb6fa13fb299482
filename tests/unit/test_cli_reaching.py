"""Which cluster a call of mk8s means: by flags, this machine's own, or a kubeconfig's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from minikube8s.cli.connection.reaching import access_of, in_cluster, of_home, sources_of
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session
from minikube8s.cluster import kubeconfig
from minikube8s.cluster.authority.certificates import Authority
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.places import Place


def written(path: Path, name: str, **context: str) -> Path:
    """A kubeconfig of one cluster, which is current."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}"}}],
        "users": [{"name": name, "user": {"token": name}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, **context}}],
        "current-context": name,
    }
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a cluster: nothing of the real one is seen."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("MK8S_HOME", raising=False)
    monkeypatch.setattr("minikube8s.cluster.places.DEFAULT_HOME", str(tmp_path / "lib"))
    return tmp_path


@pytest.fixture
def home(place: Path) -> Home:
    """A cluster in the usual home."""
    home = Home(place / "lib")
    home.save(Settings(name="own", node_name="node1"))
    Authority(home.pki).client("admin", "kubernetes-admin", ["system:masters"])
    kubeconfig.write(home.kubeconfig, kubeconfig.renewed(home, home.load()))
    return home


def server(**flags: Any) -> str:
    return access_of(flags).server


def test_this_machines_cluster_is_meant_unless_another_one_is_named(
    home: Home, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = "https://127.0.0.1:6443"
    written(place / ".kube" / "config", "users")
    other = written(place / "other", "other")
    assert server() == own and access_of({}).local
    assert server(context="users") == "https://users"
    assert not access_of({"context": "users"}).local
    assert server(kubeconfig=str(other)) == "https://other"
    monkeypatch.setenv("KUBECONFIG", str(other))
    assert server() == "https://other"
    assert server(home=str(home.path)) == own
    assert server(home=str(home.path), context="other") == "https://other"
    monkeypatch.setenv("MK8S_HOME", str(home.path))
    assert server() == own


def test_a_context_that_was_made_current_is_meant_also_where_there_is_a_cluster(
    home: Home, place: Path
) -> None:
    written(place / ".kube" / "config", "users", namespace="blue")
    content = kubeconfig.read(home.kubeconfig) | {"current-context": "users"}
    kubeconfig.write(home.kubeconfig, content)
    assert server() == "https://users"
    assert Session().namespace == "blue"
    assert of_home(home).server == "https://127.0.0.1:6443"


def test_the_namespace_of_the_own_context_stays_when_the_cluster_is_started_again(
    home: Home,
) -> None:
    content = kubeconfig.read(home.kubeconfig)
    content["contexts"][0]["context"]["namespace"] = "red"
    content["contexts"].append({"name": "more", "context": {"cluster": "own", "user": "u"}})
    kubeconfig.write(home.kubeconfig, content)
    kubeconfig.write(home.kubeconfig, kubeconfig.renewed(home, home.load()))
    assert Session().namespace == "red"
    names = [one["name"] for one in kubeconfig.read(home.kubeconfig)["contexts"]]
    assert sorted(names) == ["more", "own"]


@pytest.mark.parametrize("text", ["a: [", "[]", "contexts: 5", "contexts: [{name: own}]"])
def test_a_broken_kubeconfig_of_the_home_is_made_anew(home: Home, text: str) -> None:
    home.kubeconfig.write_text(text)
    kubeconfig.write(home.kubeconfig, kubeconfig.renewed(home, home.load()))
    assert server() == "https://127.0.0.1:6443"


def test_without_any_cluster_the_way_to_one_is_told(place: Path) -> None:
    with pytest.raises(CommandError, match=r"There is no cluster in .*lib and no kubeconfig at"):
        access_of({})
    assert server(server="https://given") == "https://given"
    assert Session().namespace == "default"


def test_in_a_pod_its_service_account_is_meant(tmp_path: Path) -> None:
    for name, text in (("token", "t"), ("ca.crt", "c"), ("namespace", "blue\n")):
        (tmp_path / name).write_text(text)
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    access = in_cluster(environment, tmp_path)
    assert access is not None
    assert (access.server, access.namespace) == ("https://[fd00::1]:443", "blue")
    assert access.token_file == str(tmp_path / "token")
    assert in_cluster({}, tmp_path) is None
    assert in_cluster(environment, tmp_path / "nowhere") is None


def test_a_home_without_a_kubeconfig_says_how_to_get_it(home: Home) -> None:
    home.kubeconfig.unlink()
    with pytest.raises(CommandError, match="`mk8s up` makes it again"):
        access_of({})


def test_another_users_home_is_none(
    home: Home, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: Place) -> bool:
        raise PermissionError

    monkeypatch.setattr(Place, "exists", refused)
    with pytest.raises(CommandError, match="belongs to root"):
        access_of({})
    path = written(place / ".kube" / "config", "users")
    assert sources_of({}).paths == (path,)
    assert server() == "https://users"


def test_no_file_is_read_for_a_namespace_that_is_given(place: Path) -> None:
    (place / ".kube").mkdir()
    (place / ".kube" / "config").write_text("a: [")
    assert Session({"namespace": "blue"}).namespace == "blue"
    with pytest.raises(CommandError, match="error loading config file"):
        _ = Session().namespace
