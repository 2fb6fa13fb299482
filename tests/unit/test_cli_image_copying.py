"""An image on its way to a node: what is sent, and what is said where it does not get there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.errors import CommandError
from minikube8s.cli.imaging.copying import Copying
from minikube8s.cli.imaging.engines import EngineRefuses, NodeEngine, NoSuchPage
from minikube8s.cluster.errors import ClusterError
from tests.unit.test_cluster_imagearchive import image, pieces, unpacked

WEB = {"Id": "sha256:web", "Created": "t", "RootFS": {"Layers": ["base", "app"]}}
ARCHIVE = image(b"b" * 5000, b"a" * 100)
ALL = {"0/layer.tar", "1/layer.tar", "c.json", "manifest.json"}


class ThisMachine:
    """The engine that has the image."""

    def __init__(self) -> None:
        self.read = 0

    def image(self, _: str) -> dict[str, Any]:
        return WEB

    @contextmanager
    def answer(self, *_: str, seconds: float) -> Iterator[Iterable[bytes]]:
        self.read += 1
        yield pieces(ARCHIVE)


class Worker:
    """A node whose engine has the base of the image; it takes what has all the layers it wants."""

    node = "worker"

    def __init__(
        self,
        *,
        refuses: str = "",
        wants_all: bool = False,
        deaf: bool = False,
        has: list[list[str]] | None = None,
    ) -> None:
        self.has: dict[str, Any] | None = None
        self._layers = [["base"]] if has is None else has
        self.got: list[set[str]] = []
        self._refuses, self._wants_all, self._deaf = refuses, wants_all, deaf

    def image(self, _: str) -> dict[str, Any] | None:
        return self.has

    def layers(self) -> list[list[str]]:
        return self._layers

    def room(self) -> int | None:
        return None

    def load(self, blocks: Iterable[bytes], seconds: float) -> None:
        self.got.append(set(unpacked(iter(blocks))))
        whole = self.got[-1] == ALL
        if self._refuses and not (self._wants_all and whole):
            raise EngineRefuses(self._refuses)
        if whole or not self._wants_all:
            self.has = {"Id": "sha256:other"} if self._deaf else WEB


def copied(node: Worker, here: ThisMachine | None = None, seconds: float = 60) -> str:
    made = Copying(here or ThisMachine(), "web:1", seconds)  # type: ignore[arg-type]
    return made.to(node, lambda _: None)  # type: ignore[arg-type]


def test_a_layer_that_is_there_is_not_sent_and_an_image_that_is_there_not_at_all() -> None:
    node = Worker()
    assert copied(node).endswith("1 of 2 layers were there")
    assert node.got == [ALL - {"0/layer.tar"}]
    assert copied(node) == "is there already"
    assert len(node.got) == 1


@pytest.mark.parametrize("refuses", ["", "layer 0 is missing"])
def test_an_engine_that_wants_every_layer_gets_every_layer(refuses: str) -> None:
    """One that keeps images with containerd; some say so, some only do not have the image then."""
    node = Worker(refuses=refuses, wants_all=True)
    assert copied(node).endswith("; 0 of 2 layers were there")
    assert node.got == [ALL - {"0/layer.tar"}, ALL]
    assert node.has == WEB


def test_an_image_is_looked_into_once_however_many_nodes_get_it() -> None:
    here = ThisMachine()
    made = Copying(here, "web:1", 60)  # type: ignore[arg-type]
    for node in (Worker(), Worker()):
        made.to(node, lambda _: None)  # type: ignore[arg-type]
    assert here.read == 3


def test_an_engine_that_takes_the_image_and_has_another_one_then_is_told_of() -> None:
    for has, times in (([["base"]], 2), ([], 1)):
        node = Worker(deaf=True, has=has)
        with pytest.raises(CommandError, match="of node worker took web:1, and has another image"):
            copied(node)
        assert len(node.got) == times


def test_who_waits_sees_how_far_it_is() -> None:
    shown: list[str] = []
    made = Copying(ThisMachine(), "web:1", 60)  # type: ignore[arg-type]
    made.to(Worker(), shown.append)  # type: ignore[arg-type]
    assert shown[:2] == ["looking for layers that are there already", "reading the image"]
    assert shown[-1] == "unpacking"
    assert " of " in shown[-2]


@pytest.mark.parametrize(
    ("refuses", "told", "times"),
    [
        ("no space left on device", r"worker has no room for web:1 .*`docker image prune`", 1),
        ("it is of another platform", "another platform", 2),
    ],
)
def test_what_an_engine_refuses_for_good_is_its_own_reason(
    refuses: str, told: str, times: int
) -> None:
    node = Worker(refuses=refuses)
    with pytest.raises(CommandError, match=told):
        copied(node)
    assert len(node.got) == times


def test_a_connection_that_breaks_is_told_with_what_to_do() -> None:
    class Breaking(Worker):
        def load(self, blocks: Iterable[bytes], seconds: float) -> None:
            raise CommandError("The node went away.")

    with pytest.raises(CommandError, match=r"get to node worker: The node went away\. What had"):
        copied(Breaking())


def test_a_copy_ends_when_its_time_is_over() -> None:
    with pytest.raises(ClusterError, match=r"web:1 took longer than 0 s: .* --timeout"):
        copied(Worker(), seconds=0)


class Api:
    """In place of a Client: answers by the ends of paths, or fails as they say."""

    def __init__(self, **answers: Any) -> None:
        self.asked: list[str] = []
        self._answers = answers

    def raw(self, _: str, path: str) -> str:
        self.asked.append(path)
        name = "room" if path.endswith("/summary") else path.rpartition("/")[2]
        found = self._answers["image" if "/sha256:" in path else name]
        if isinstance(found, Exception):
            raise found
        return json.dumps(found)

    @contextmanager
    def upload(self, path: str, blocks: Iterable[bytes], *_: str, seconds: float) -> Iterator[Any]:
        list(blocks)
        found = self._answers["load"]
        if isinstance(found, Exception):
            raise found
        yield iter(found)


def failure(code: int, reason: str, message: str = "why") -> ApiFailure:
    return ApiFailure({"code": code, "reason": reason, "message": message})


def engine(**answers: Any) -> NodeEngine:
    return NodeEngine(Api(**answers), "n1")  # type: ignore[arg-type]


def test_of_a_node_with_many_images_some_hundreds_are_looked_into() -> None:
    api = Api(json=[{"Id": f"sha256:{number}"} for number in range(500)], image=WEB)
    asked = NodeEngine(api, "n1")  # type: ignore[arg-type]
    assert list(asked.layers()) == [["base", "app"]] * 300
    gone = engine(json=[{"Id": "sha256:x"}], image=failure(404, "NotFound"))
    assert list(gone.layers()) == []


def test_only_an_image_that_is_not_there_is_none() -> None:
    assert engine(image=failure(404, "NotFound")).image("sha256:x") is None
    with pytest.raises(ApiFailure):
        engine(image=failure(503, "ServiceUnavailable")).image("sha256:x")


@pytest.mark.parametrize("reason", ["NotFound", "MethodNotAllowed"])
def test_a_node_of_another_kubernetes_is_told_of(reason: str) -> None:
    with pytest.raises(NoSuchPage, match="Node n1 is none of mk8s"):
        engine(info=failure(404, reason)).id()


@pytest.mark.parametrize(
    ("told", "bytes_"),
    [
        ({"node": {"runtime": {"imageFs": {"availableBytes": 7}}}}, 7),
        ({"node": {}}, None),
        ({"node": {"runtime": None}}, None),
        ({"node": {"runtime": {"imageFs": {"availableBytes": "much"}}}}, None),
        (failure(404, "NotFound"), None),
    ],
)
def test_room_is_what_the_node_tells_if_it_does(told: Any, bytes_: int | None) -> None:
    assert engine(room=told).room() == bytes_


@pytest.mark.parametrize(
    "answer",
    [
        [b"\n", b'{"stream": "x"}\n', b'{"error": "no space left"}\n'],
        failure(500, "", "no space left"),
    ],
)
def test_an_engine_refuses_in_its_answer_or_at_once(answer: Any) -> None:
    with pytest.raises(EngineRefuses, match="engine of node n1 refuses: no space left"):
        engine(load=answer).load([b"x"], 5)
    engine(load=[b'{"stream": "x"}\n', b"\n"]).load([b"x"], 5)
    with pytest.raises(ApiFailure):
        engine(load=failure(503, "ServiceUnavailable")).load([b"x"], 5)
