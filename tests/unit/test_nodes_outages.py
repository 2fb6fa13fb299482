"""When so much is lost that pods are better left where they are."""

import pytest

from minikube8s.api.resources import NODES
from minikube8s.nodes.outages import Outages
from tests.support.registries import a_registry

ZONE = "topology.kubernetes.io/zone"


@pytest.mark.parametrize(
    ("ready", "lost", "spared"),
    [
        ({"a": 1}, {}, []),
        ({"a": 2}, {"a": 1}, []),
        ({}, {"a": 1}, ["a"]),
        ({}, {"a": 1, "b": 3}, ["a", "b"]),
        # two lost nodes are no outage, three of four are
        ({"a": 1}, {"a": 2}, []),
        ({"a": 1}, {"a": 3}, ["a"]),
        ({"a": 3}, {"a": 3}, []),
        # a zone that is lost as a whole moves to the others
        ({"a": 1}, {"b": 4}, []),
        ({"a": 1, "b": 1}, {"b": 4}, ["b"]),
    ],
)
async def test_pods_stay_where_most_of_a_zone_or_everything_is_lost(
    ready: dict[str, int], lost: dict[str, int], spared: list[str]
) -> None:
    outages = Outages()
    async with a_registry() as registry:
        registry.observe(NODES, outages.observe)
        for state, zones in (("True", ready), ("Unknown", lost)):
            for zone, count in zones.items():
                for number in range(count):
                    name = f"{zone}-{state.lower()}-{number}"
                    labels = {ZONE: zone}
                    node = {"metadata": {"name": name, "labels": labels}}
                    node["status"] = {"conditions": [{"type": "Ready", "status": state}]}
                    await registry.create(NODES, None, node)
        assert sorted(zone for _, zone in outages.spared()) == spared
        assert len(outages.lost()) == sum(lost.values())
        for entry in registry.list(NODES):
            await registry.delete(NODES, None, entry.name)
        assert not outages.spared()
        assert not outages.lost()
