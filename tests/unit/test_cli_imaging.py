"""What `mk8s image` makes of what engines and nodes say."""

from __future__ import annotations

import pytest

from minikube8s.cli.errors import CommandError
from minikube8s.cli.imaging import copying, listing
from minikube8s.cli.imaging.engines import identity, is_same
from minikube8s.server.proxying import engine, names


def test_an_image_is_one_row_with_all_nodes_that_have_it() -> None:
    first = [{"Id": "sha256:aaaa", "RepoTags": ["web:1", "web:2"], "Size": 5_000_000}]
    second = [{"Id": "sha256:aaaa", "RepoTags": ["web:1"], "Size": 5_000_000}]
    third = [{"Id": "sha256:bbbb", "RepoTags": ["web:1", "<none>:<none>"], "Size": 7}]
    found = {
        name: listing.of_engine(images)
        for name, images in (("a", first), ("b", second), ("c", third))
    }
    assert [row.cells() for row in listing.rows(found)] == [
        ["web:1", "aaaa", "5.0 MB", "a,b"],
        ["web:1", "bbbb", "7 B", "c"],
        ["web:2", "aaaa", "5.0 MB", "a"],
    ]


def test_a_node_whose_engine_cannot_be_asked_is_known_by_its_status() -> None:
    names_of = ["web@sha256:aa", "docker.io/library/web:1"]
    node = {"status": {"images": [{"names": names_of, "sizeBytes": 12}, {"names": []}]}}
    assert listing.of_status(node) == [("docker.io/library/web:1", "", 12)]
    assert listing.of_status({}) == []


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        (None, False),
        ({"Id": "a"}, True),
        ({"Id": "b", "Created": "t", "RootFS": {"Layers": ["x"]}}, True),
        ({"Id": "b", "Created": "u", "RootFS": {"Layers": ["x"]}}, False),
        ({"Id": "b", "Created": "t", "RootFS": {"Layers": ["y"]}}, False),
    ],
)
def test_two_engines_may_have_the_same_image_under_different_ids(
    other: dict[str, object] | None, wanted: bool
) -> None:
    image = {"Id": "a", "Created": "t", "RootFS": {"Layers": ["x"]}}
    assert is_same(image, other) is wanted


def test_engines_of_one_machine_are_told_apart() -> None:
    info = {"ID": "x", "Name": "host", "DockerRootDir": "/var/lib/docker"}
    assert identity(info) == identity(dict(info))
    for field in info:
        assert identity(info) != identity({**info, field: "other"})
    assert identity({"ID": "x"}) == ""


def test_a_missing_image_is_told_with_the_nearest_name() -> None:
    tags = copying.tags_of([{"RepoTags": ["nginx:1.10", "<none>:<none>"]}, {"RepoTags": None}])
    assert tags == ["nginx:1.10"]
    assert "Did you mean nginx:1.10?" in copying.missing("ngnix:1.10", tags)
    assert "Did you mean nginx:1.10?" in copying.missing("ngnix:latest", tags)
    assert "Did you mean" not in copying.missing("unlike", tags)
    assert "Did you mean" not in copying.missing("nix:latest", ["busybox:latest"])


class NodeWithRoom:
    """A node that has this many bytes left for images, None: it does not tell."""

    node = "worker"

    def __init__(self, room: int | None) -> None:
        self._room = room

    def room(self) -> int | None:
        return self._room


@pytest.mark.parametrize(("room", "enough"), [(None, True), (2_000_000, True), (1_999_999, False)])
def test_an_image_is_not_sent_where_it_does_not_fit_twice(room: int | None, enough: bool) -> None:
    class ThisMachine:
        def image(self, _: str) -> dict[str, str]:
            return {"Id": "x"}

    made = copying.Copying(ThisMachine(), "web:1", 60)  # type: ignore[arg-type]
    node = NodeWithRoom(room)
    if enough:
        made._require_room(node, 1_000_000)  # type: ignore[arg-type]
        return
    with pytest.raises(CommandError, match=r"worker has 2\.0 MB left for images, and web:1 takes"):
        made._require_room(node, 1_000_000)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/info", "GET"),
        ("/images/json", "GET"),
        ("/images/registry.example:5000/a/b:1/json", "GET"),
        ("/images/load", "POST"),
        ("/images/x/../../containers/json", ""),
        ("/images/%2e%2e/containers/json", ""),
        ("/images/x%2F..%2F..%2Fcontainers/json", ""),
        ("/images/x/push", ""),
        ("/containers/json", ""),
        ("", ""),
    ],
)
def test_a_nodes_engine_is_asked_about_images_alone(path: str, method: str) -> None:
    place = engine.place(names.Place("/api/v1/nodes/n/proxy", f"/engine{path}", ""))
    assert place.path == path
    assert engine.allowed(place.path) == method
    assert "/images/load" in engine.unknown(path)
