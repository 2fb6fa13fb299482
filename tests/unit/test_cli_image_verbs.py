"""`mk8s image copy` and `list`: which nodes are meant, and what is said of each."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.errors import CommandError
from minikube8s.cli.imaging import copying
from minikube8s.cli.imaging.engines import NodeEngine
from minikube8s.cli.main import mk8s
from minikube8s.cli.session import Session
from minikube8s.cli.verbs import image
from minikube8s.cluster.errors import ClusterError

HERE = {"ID": "x", "Name": "host", "DockerRootDir": "/var/lib/docker"}


class Api:
    """In place of a Client: three nodes, of which nothing else is asked."""

    warned = 0

    def json(self, method: str, path: str) -> dict[str, Any]:
        assert (method, path) == ("GET", "/api/v1/nodes")
        told = {"worker2": [{"names": ["web:1"], "sizeBytes": 5}]}
        return {
            "items": [
                {"metadata": {"name": name}, "status": {"images": told.get(name, [])}}
                for name in ("master", "worker1", "worker2")
            ]
        }


class Engines:
    """The engines of this machine, with which the master shares its own, and of the workers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.copied: list[tuple[str, str]] = []
        self.breaks: dict[str, Exception] = {}
        monkeypatch.setattr(Session, "client", Api())
        monkeypatch.setattr(image, "_engine", lambda: self)
        monkeypatch.setattr(copying, "Copying", self._copying)
        monkeypatch.setattr(NodeEngine, "id", lambda node: self._id(node.node))
        monkeypatch.setattr(NodeEngine, "images", lambda node: self._images(node.node))

    def json(self, path: str) -> dict[str, str]:
        assert path == "/info"
        return HERE

    def _id(self, node: str) -> str:
        return "x host /var/lib/docker" if node == "master" else f"y {node} /var/lib/docker"

    def _images(self, node: str) -> list[dict[str, Any]]:
        if node == "worker2":
            raise ApiFailure({"code": 503, "reason": "", "message": "away"})
        return [{"Id": "sha256:aaaa", "RepoTags": ["web:1"], "Size": 5}] if node == "master" else []

    def _copying(self, engine: object, reference: str, seconds: float) -> Engines:
        assert engine is self and seconds == 5
        if reference == "no:1":
            raise CommandError("There is no no:1.")
        self._reference = reference
        return self

    def to(self, node: NodeEngine, show: Any) -> str:
        show("reading the image")
        if node.node in self.breaks:
            raise self.breaks[node.node]
        self.copied.append((self._reference, node.node))
        return "copied, 5 B; 1 of 2 layers were there"


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> Engines:
    return Engines(monkeypatch)


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(mk8s, ["image", *arguments], obj=Session())
    return done.exit_code, f"{done.output}{done.exception or ''}"


def copy(*arguments: str) -> tuple[int, str]:
    return run("copy", "--timeout", "5s", *arguments)


def test_an_image_goes_to_all_nodes_but_those_that_share_the_engine(engines: Engines) -> None:
    code, said = copy("web", "registry.example:5000/db", "registry.example:5000/db:2")
    assert code == 0, said
    images = ["web:latest", "registry.example:5000/db:latest", "registry.example:5000/db:2"]
    assert engines.copied == [(one, node) for one in images for node in ("worker1", "worker2")]
    assert "web:latest to master: shares this machine's engine" in said
    assert "web:latest to worker1: copied, 5 B; 1 of 2 layers were there" in said


def test_only_nodes_that_are_named_get_it_each_once(engines: Engines) -> None:
    assert copy("web:1", "--node", "worker2", "--node", "worker2")[0] == 0
    assert engines.copied == [("web:1", "worker2")]


@pytest.mark.parametrize(
    ("name", "told"),
    [("worker3", "Did you mean worker2?"), ("x", "There are master, worker1, worker2.")],
)
def test_a_node_that_is_not_there_is_told_with_those_that_are(
    engines: Engines, name: str, told: str
) -> None:
    code, said = copy("web:1", "--node", name)
    assert code == 1
    assert f'nodes "{name}" not found. {told}' in said
    assert not engines.copied


@pytest.mark.parametrize("kind", [CommandError, ClusterError])
def test_a_node_that_does_not_get_it_keeps_it_from_no_other(
    engines: Engines, kind: type[Exception]
) -> None:
    engines.breaks["worker1"] = kind("worker1 is full.")
    code, said = copy("no:1", "web:1")
    assert code == 1
    assert engines.copied == [("web:1", "worker2")]
    assert "There is no no:1." in said and "worker1 is full." in said


def test_what_is_no_images_name_is_said_before_anything_is_asked(engines: Engines) -> None:
    code, said = copy("web:1", "Web:1")
    assert code == 1 and 'Invalid image name "Web:1"' in said
    assert not engines.copied


def test_the_list_has_each_nodes_images_also_of_one_whose_engine_is_away(engines: Engines) -> None:
    code, said = run("list")
    assert code == 0, said
    rows = [line.split() for line in said.splitlines()[1:]]
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        ("web:1", "-", "worker2"),
        ("web:1", "aaaa", "master"),
    ]
    code, said = run("list", "worker1")
    assert code == 0 and "web:1" not in said
    code, said = run("list", "-o", "json")
    assert [one["nodes"] for one in json.loads(said)["images"]] == [["worker2"], ["master"]]
