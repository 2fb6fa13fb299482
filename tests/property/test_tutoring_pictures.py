"""Whatever exists, its picture fits the terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.tutoring.boxes import ASCII, UNICODE
from minikube8s.cli.tutoring.picture import picture
from minikube8s.cli.tutoring.world import World
from tests.support.tutorialworlds import a_pod, a_service, a_workload

_names = st.from_regex(r"[a-z]([a-z0-9-]{0,60}[a-z0-9])?", fullmatch=True)
_images = st.text(max_size=80)
_labels = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy"), max_size=2)
_reasons = st.sampled_from(["", "ContainerCreating", "ErrImagePull"])


@st.composite
def worlds(draw) -> World:
    """Objects whose names are unique in their kind, as an API server has them."""

    def some(most: int) -> list[str]:
        return draw(st.lists(_names, max_size=most, unique=True))

    deployments = [a_workload("Deployment", name) for name in some(2)]
    owners = st.sampled_from([None, *deployments])
    sets = [a_workload("ReplicaSet", name, draw(owners), image=draw(_images)) for name in some(3)]
    holders = st.sampled_from([None, *sets])
    pods = [
        a_pod(name, draw(holders), image=draw(_images), waiting=draw(_reasons),
              node=draw(_names), labels=draw(_labels))
        for name in some(15)
    ]  # fmt: skip
    services = [
        a_service(name, type=draw(st.sampled_from(["ClusterIP", "NodePort"])),
                  selector=draw(_labels))
        for name in some(3)
    ]  # fmt: skip
    return World(tuple(deployments), tuple(sets), tuple(pods), tuple(services))


@given(worlds(), st.integers(1, 160))
def test_every_line_fits_the_width_that_was_asked_for(world, width):
    lines = picture(world, width, UNICODE)
    assert all(len(line) <= max(width, 24) for line in lines)
    assert all(line.isprintable() for line in lines)


@given(worlds())
def test_a_plain_picture_is_plain_ascii_of_the_same_shape(world):
    plain, fine = picture(world, 100, ASCII), picture(world, 100, UNICODE)
    assert all(line.isascii() for line in plain)
    assert len(plain) == len(fine)


@given(worlds())
def test_every_object_that_is_drawn_is_drawn_once(world):
    lines = picture(world, 400, UNICODE)
    titles = "\n".join(lines)
    assert titles.count("┌ Service ") == len(world.services)
    assert titles.count("┌ Deployment ") == len(world.deployments)
    assert titles.count("┌ ReplicaSet ") == len(world.replica_sets)
