"""Nodes that have a pod's images are better, the more so the larger and more common these are."""

from typing import Any

import pytest

from minikube8s.scheduler.imagelocality import ImageLocality
from minikube8s.scheduler.pods import incoming
from minikube8s.scheduler.usage import Usage
from tests.support.scheduling import node, pod

MIB = 1024 * 1024


def image(mebibytes: int, *names: str) -> dict[str, Any]:
    return {"names": list(names) or ["nginx:latest"], "sizeBytes": mebibytes * MIB}


class Rated:
    def __init__(self) -> None:
        self.usage, self.score = Usage(), ImageLocality()
        self.usage.observe(self.score)

    def has(self, name: str, *images: dict[str, Any]) -> None:
        self.usage.set_node(node(name, images=list(images)))

    def points(self) -> list[float] | None:
        view = self.usage.view()
        rated = self.score.rate(incoming(pod()), view, view.states)
        return rated and [round(one, 2) for one in rated]


@pytest.mark.parametrize(
    ("mebibytes", "points"), [(23, None), (500, 23.23), (1000, 48.82), (4000, 100.0)]
)
def test_points_are_kubernetes_own(mebibytes: int, points: float | None) -> None:
    rated = Rated()
    rated.has("n1", image(mebibytes))
    rated.has("n2")
    assert rated.points() == (points and [points, 0])


def test_an_image_of_few_nodes_counts_less_than_one_that_all_have() -> None:
    rated = Rated()
    rated.has("n1", image(1000))
    rated.has("n2")
    rated.has("n3")
    few = rated.points()
    rated.has("n2", image(1000))
    rated.has("n3", image(1000))
    rated.has("n4")
    assert few is not None and few[0] < 40
    assert rated.points() == [74.41, 74.41, 74.41, 0]


def test_images_that_come_and_nodes_that_go_are_heeded() -> None:
    rated = Rated()
    rated.has("n1")
    rated.has("n2")
    assert rated.points() is None
    rated.has("n1", image(1000))
    assert rated.points() is not None
    rated.has("n1", image(1000, "other:1"))
    assert rated.points() is None
    rated.has("n2", image(1000))
    rated.usage.remove_node("n2")
    assert rated.points() is None


def test_an_image_is_known_by_the_name_that_nodes_tell() -> None:
    for name in ("nginx", "nginx:latest"):
        rated = Rated()
        rated.has("n1", image(1000, name))
        rated.has("n2")
        assert rated.points() == [48.82, 0]


def test_what_all_nodes_have_makes_no_difference() -> None:
    rated = Rated()
    for name in ("n1", "n2"):
        rated.has(name, image(1000))
    assert rated.points() is None
