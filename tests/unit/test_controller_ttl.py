"""The time that nodes are told by the size of their cluster."""

import pytest

from minikube8s.api.views import Node, from_dict
from minikube8s.controllers.ttl import ANNOTATION, Snapshot, plan
from tests.support.objects import metadata


@pytest.mark.parametrize(
    ("nodes", "told", "tells"),
    [
        (1, None, "0"),
        (1, "0", None),
        (1, "nonsense", "0"),
        (95, "0", None),
        (95, "15", None),
        (101, "0", "15"),
        (89, "15", "0"),
        (950, "30", None),
        (950, "60", None),
        (1801, "60", None),
        (2001, "60", "300"),
        (100_000, "300", None),
    ],
)
def test_a_node_is_told_the_time_of_its_clusters_size(
    nodes: int, told: str | None, tells: str | None
) -> None:
    annotations = {} if told is None else {ANNOTATION: told}
    node = from_dict(Node, {"metadata": metadata("n1", annotations=annotations)})
    patches = plan(Snapshot(node, nodes)).patches
    assert [one.patch["metadata"]["annotations"] for one in patches] == (
        [] if tells is None else [{ANNOTATION: tells}]
    )
