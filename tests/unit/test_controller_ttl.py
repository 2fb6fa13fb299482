"""The time that nodes are told by the size of their cluster."""

import pytest

from minikube8s.api.resources import NODES
from minikube8s.api.views import Node, from_dict
from minikube8s.controllers.runner import RegistryReader
from minikube8s.controllers.ttl import ANNOTATION, Snapshot, TtlController, plan
from minikube8s.store.watching import Event
from tests.support import virtualtime
from tests.support.livecluster import live_cluster
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


def test_all_nodes_are_told_when_several_join_at_once_and_their_number_leaves_a_size() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            controller, reader = TtlController(), RegistryReader(cluster.registry)
            first = [await cluster.create(NODES, f"n{number}", spec={}) for number in range(99)]
            for entry in first:
                event = Event("ADDED", entry, None, entry.revision)
                assert list(controller.keys(NODES, event, reader))
            late = [await cluster.create(NODES, f"n{number}", spec={}) for number in range(99, 103)]
            woken: set[str] = set()
            for entry in late:
                event = Event("ADDED", entry, None, entry.revision)
                woken |= set(controller.keys(NODES, event, reader))
            assert len(woken) == 103

    virtualtime.run(main())
