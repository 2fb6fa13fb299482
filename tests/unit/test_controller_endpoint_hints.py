"""Endpoints tell their zone, and whom they are for where a Service asks for it."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.api.views import Node, Pod, Service, from_dict
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.endpoints.controller import Snapshot, plan
from minikube8s.controllers.podfacts import facts_of
from tests.support.objects import metadata, pod_view

ZONE = "topology.kubernetes.io/zone"
AUTO = {"service.kubernetes.io/topology-mode": "Auto"}


def node(name: str, zone: str = "", cpu: str = "4", *, ready: bool = True, **labels: str) -> Node:
    zones = {ZONE: zone} if zone else {}
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    status = {"allocatable": {"cpu": cpu}, "conditions": [condition]}
    return from_dict(
        Node, {"metadata": {"name": name, "labels": {**zones, **labels}}, "status": status}
    )


def pod(name: str, on: str, **fields: Any) -> Pod:
    ready = {"ready_since": "2026-01-01T00:05:00Z"}
    return pod_view(name, **{"ip": "10.0.0.1", "node": on, **ready, **fields})


def planned(
    pods: list[Pod], nodes: list[Node], annotations: dict[str, str] | None = None, **spec: Any
) -> Plan:
    obj = {
        "metadata": metadata("svc", annotations=annotations or {}),
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}], **spec},
    }
    seen = tuple(map(facts_of, pods))
    told = {one.metadata.name: one.metadata.labels.get(ZONE, "") for one in nodes}
    return plan(Snapshot(from_dict(Service, obj), obj, seen, (), None, told, tuple(nodes)))


def endpoints(result: Plan) -> list[dict[str, Any]]:
    slices = [one.object for one in result.creates if one.object["kind"] == "EndpointSlice"]
    return [endpoint for one in slices for endpoint in one["endpoints"]]


def zones(result: Plan) -> list[str]:
    return [one["hints"]["forZones"][0]["name"] for one in endpoints(result) if "hints" in one]


NODES = [node("n1", "a"), node("n2", "b"), node("n3")]
PODS = [pod("p1", "n1"), pod("p2", "n2"), pod("p3", "n3"), pod("p4", "n1", ready_since="")]


def test_an_endpoint_tells_the_zone_of_its_node() -> None:
    assert [one.get("zone") for one in endpoints(planned(PODS, NODES))] == ["a", "b", None, "a"]


@pytest.mark.parametrize(
    ("distribution", "hints"),
    [
        (None, [None, None, None, None]),
        ("PreferClose", [{"forZones": [{"name": "a"}]}, {"forZones": [{"name": "b"}]}, None, None]),
        (
            "PreferSameZone",
            [{"forZones": [{"name": "a"}]}, {"forZones": [{"name": "b"}]}, None, None],
        ),
        (
            "PreferSameNode",
            [
                {"forZones": [{"name": "a"}], "forNodes": [{"name": "n1"}]},
                {"forZones": [{"name": "b"}], "forNodes": [{"name": "n2"}]},
                {"forNodes": [{"name": "n3"}]},
                None,
            ],
        ),
    ],
)
def test_traffic_distribution_hints_at_where_ready_endpoints_are(
    distribution: str | None, hints: list[Any]
) -> None:
    result = planned(PODS, NODES, trafficDistribution=distribution)
    assert [one.get("hints") for one in endpoints(result)] == hints


def test_topology_mode_auto_hints_at_each_endpoints_own_zone_and_says_so() -> None:
    result = planned([pod("p1", "n1"), pod("p2", "n2")], NODES[:2], AUTO)
    assert zones(result) == ["a", "b"]
    (told,) = result.notices
    assert told[:2] == (
        "TopologyAwareHintsEnabled",
        "Topology Aware Hints has been enabled, addressType: IPv4",
    )


def test_topology_mode_auto_shares_endpoints_out_by_the_cpus_of_the_zones() -> None:
    nodes = [node("n1", "a", "8"), node("n2", "b", "4")]
    pods = [pod(f"p{n}", "n2") for n in range(6)]
    assert Counter(zones(planned(pods, nodes, AUTO))) == {"a": 4, "b": 2}


@pytest.mark.parametrize(
    ("pods", "nodes", "why"),
    [
        (
            PODS[:2],
            [*NODES],
            "Insufficient Node information: allocatable CPU or zone not specified",
        ),
        (PODS[:2], [node("n1", "a"), node("n2", "a")], "Nodes only ready in one zone"),
        (PODS[:2], [node("n1", "a"), node("n2", "b", ready=False)], "Nodes only ready in one zone"),
        (PODS[:1], NODES[:2], "Insufficient number of endpoints (1 endpoints, 2 zones)"),
        (
            [pod("p1", "n1"), pod("p9", "gone")],
            NODES[:2],
            "One or more endpoints do not have a zone specified",
        ),
        (
            PODS[:2],
            [node("n1", "a", "9"), node("n2", "b", "1")],
            "Unable to allocate minimum required endpoints to each zone without exceeding overload"
            " threshold (2 endpoints, 2 zones)",
        ),
    ],
)
def test_topology_mode_auto_does_without_hints_where_it_must_and_says_why(
    pods: list[Pod], nodes: list[Node], why: str
) -> None:
    result = planned(pods, nodes, AUTO)
    assert zones(result) == []
    (told,) = result.warnings
    assert told.reason == "TopologyAwareHintsDisabled"
    assert told.message.startswith(why) and told.message.endswith(", addressType: IPv4")


def test_control_planes_do_not_count_for_topology_mode_auto() -> None:
    plane = node("n3", **{"node-role.kubernetes.io/control-plane": ""})
    pods = [pod("p1", "n1"), pod("p2", "n2")]
    assert zones(planned(pods, [*NODES[:2], plane], AUTO)) == ["a", "b"]


@given(
    st.lists(st.sampled_from(["n0", "n1", "n2"]), min_size=1, max_size=30),
    st.lists(st.integers(1, 8), min_size=3, max_size=3),
)
def test_no_zone_is_left_with_less_than_it_must_have(on: list[str], cpus: list[int]) -> None:
    nodes = [node(f"n{at}", f"z{at}", str(cpu)) for at, cpu in enumerate(cpus)]
    pods = [pod(f"p{at:02}", name) for at, name in enumerate(on)]
    found = Counter(zones(planned(pods, nodes, AUTO)))
    if found:
        assert found.total() == len(pods)
        for at, cpu in enumerate(cpus):
            share = cpu / sum(cpus) * len(pods)
            assert found[f"z{at}"] * 1.2 >= share - 1e-9


def test_terminating_pods_are_published_where_asked_for() -> None:
    ending = pod("p1", "n1", deleting=True)
    (slice_endpoint,) = endpoints(planned([ending], NODES, publishNotReadyAddresses=True))
    assert slice_endpoint["conditions"] == {"ready": True, "serving": True, "terminating": True}
    for asked in (True, False):
        result = planned([ending], NODES, publishNotReadyAddresses=asked)
        (old,) = [one.object for one in result.creates if one.object["kind"] == "Endpoints"]
        assert bool(old.get("subsets")) is asked
