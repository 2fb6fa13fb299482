"""Where connections to Services go, traced through the rules: every kind from everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from mk8s_agent.proxy.endpoints import Node
from mk8s_agent.proxy.parts import Part, PartKey

from minikube8s.api.views import Service
from tests.support.servedservices import content, endpoint, parts, service, slice_of
from tests.support.tracer import Packet, TracedNode

LOCAL, LOCAL_TOO, REMOTE = "10.244.1.2", "10.244.1.3", "10.244.2.2"
NODE, OUTSIDE, OTHER_POD = "192.0.2.1", "198.51.100.9", "10.244.1.9"
EXTERNAL, BALANCER = "203.0.113.7", "203.0.113.200"
FROM_POD = {"source": OTHER_POD, "iif": "mk8s9"}
FROM_NODE = {"source": NODE, "iif": ""}
FROM_OUTSIDE = {"source": OUTSIDE, "iif": "uplink"}
ORIGINS = {"pod": FROM_POD, "node": FROM_NODE, "outside": FROM_OUTSIDE}

STATES = {
    "none": {},
    "unready": {LOCAL: "unready", REMOTE: "unready"},
    "local": {LOCAL: "ready", LOCAL_TOO: "ready"},
    "remote": {REMOTE: "ready"},
    "both": {LOCAL: "ready", REMOTE: "ready"},
    "local terminates": {LOCAL: "terminating", REMOTE: "ready"},
    "all terminate": {LOCAL: "terminating", REMOTE: "terminating"},
    "remote terminates": {LOCAL: "unready", REMOTE: "terminating"},
}


def node_with(*served: dict[PartKey, Part | None], pods: tuple[str, ...] = ()) -> TracedNode:
    addresses = frozenset({NODE, "2001:db8::1", "10.244.1.1"})
    return TracedNode(content(*served), addresses, frozenset({LOCAL, LOCAL_TOO, OTHER_POD, *pods}))


@dataclass(frozen=True)
class Case:
    """A Service and what its endpoints are in; answers what Kubernetes says of connections."""

    kind: str
    external: str
    internal: str
    affinity: str
    state: str

    def service(self) -> Service:
        spec: dict[str, Any] = {
            "type": self.kind,
            "internalTrafficPolicy": self.internal,
            "sessionAffinity": self.affinity,
            "externalIPs": [EXTERNAL],
            "externalTrafficPolicy": self.external,
        }
        if self.kind != "ClusterIP":
            spec["nodePort"] = 30080
        return service(ingress=[{"ip": BALANCER}], **spec)

    def places(self) -> dict[str, tuple[str, int]]:
        found = {"cluster": ("10.96.0.10", 80), "external": (EXTERNAL, 80)}
        if self.kind != "ClusterIP":
            found |= {"node": (NODE, 30080), "pod side": ("10.244.1.1", 30080)}
        if self.kind == "LoadBalancer":
            found["balancer"] = (BALANCER, 80)
        return found

    def usable(self, *, local: bool) -> set[str]:
        states = {
            address: state
            for address, state in STATES[self.state].items()
            if not local or address != REMOTE
        }
        by_state = {
            wanted: {a for a in states if states[a] == wanted} for wanted in states.values()
        }
        return by_state.get("ready") or by_state.get("terminating") or set()

    def expected(self, origin: str, place: str) -> set[str]:
        if not self.usable(local=False):
            return {"reject"}
        policy = self.internal if place == "cluster" else self.external
        local = policy == "Local" and (place == "cluster" or origin == "outside")
        hidden = origin == "outside" or place != "cluster"
        return {
            f"{each}:8080" + (" as node" if hidden and each == REMOTE else "")
            for each in self.usable(local=local)
        } or {"drop"}


CASES = [
    Case(*each)
    for each in product(
        ("ClusterIP", "NodePort", "LoadBalancer"),
        ("Cluster", "Local"),
        ("Cluster", "Local"),
        ("None", "ClientIP"),
        STATES,
    )
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_kind_of_service_leads_where_kubernetes_says(case: Case) -> None:
    endpoints = [
        endpoint(address, "n2" if address == REMOTE else "n1", state=state)
        for address, state in STATES[case.state].items()
    ]
    node = node_with(parts(case.service(), slice_of(*endpoints)))
    for (place, (address, port)), origin in product(case.places().items(), ORIGINS):
        found = node.outcomes(Packet(destination=address, port=port, **ORIGINS[origin]))
        assert found == case.expected(origin, place), f"{place} from {origin}"


def test_the_nodes_loopback_leads_to_node_ports_and_is_nobody_elses() -> None:
    served = parts(service(type="NodePort", nodePort=30080), slice_of(endpoint(LOCAL)))
    node = node_with(served)
    own = Packet("127.0.0.1", "127.0.0.1", 30080, iif="")
    assert node.outcomes(own) == {f"{LOCAL}:8080 as node"}
    foreign = Packet(OUTSIDE, "127.0.0.1", 30080)
    assert node.outcomes(foreign) == {"drop"}


def test_a_port_or_an_address_that_no_service_has_is_refused_within_the_services_range() -> None:
    node = node_with(parts(service(), slice_of(endpoint(LOCAL))))
    for origin in ORIGINS.values():
        for address, port in (("10.96.0.10", 81), ("10.96.0.99", 80)):
            assert node.outcomes(Packet(destination=address, port=port, **origin)) == {"reject"}
    assert node.outcomes(Packet(OUTSIDE, NODE, 22)) == {f"{NODE}:22"}


def test_a_pod_that_reaches_itself_is_answered_through_its_node() -> None:
    node = node_with(parts(service(), slice_of(endpoint(LOCAL))))
    packet = Packet(LOCAL, "10.96.0.10", 80, iif="mk8s2")
    assert node.outcomes(packet) == {f"{LOCAL}:8080 as node"}


def test_a_terminating_local_endpoint_reaches_itself_too() -> None:
    going = endpoint(LOCAL, state="terminating")
    made = service(internalTrafficPolicy="Local")
    node = node_with(parts(made, slice_of(going, endpoint(REMOTE, "n2"))))
    packet = Packet(LOCAL, "10.96.0.10", 80, iif="mk8s2")
    assert node.outcomes(packet) == {f"{LOCAL}:8080 as node"}


@pytest.mark.parametrize(
    ("ranges", "allowed", "refused"),
    [
        (["198.51.100.0/24"], {OUTSIDE}, {"203.0.113.99", OTHER_POD, NODE}),
        (["10.244.0.0/16", " 198.51.100.9/32"], {OUTSIDE, OTHER_POD}, {NODE}),
        (["192.0.2.0/24"], {NODE, BALANCER}, {OUTSIDE, OTHER_POD}),
        (["0.0.0.0/0"], {OUTSIDE, OTHER_POD, NODE}, set()),
        (["2001:db8::/32"], {OUTSIDE, OTHER_POD, NODE}, set()),
    ],
)
def test_source_ranges_keep_others_from_the_balancers_address_alone(
    ranges: list[str], allowed: set[str], refused: set[str]
) -> None:
    made = service(
        type="LoadBalancer",
        nodePort=30080,
        ingress=[{"ip": BALANCER}],
        loadBalancerSourceRanges=ranges,
    )
    node = node_with(parts(made, slice_of(endpoint(LOCAL))))

    def iif(source: str) -> str:
        return "mk8s9" if source == OTHER_POD else "" if source in (NODE, BALANCER) else "uplink"

    for source in allowed | refused:
        packet = Packet(source, BALANCER, 80, iif=iif(source))
        told = {f"{LOCAL}:8080"} if source in allowed else {"drop"}
        assert node.outcomes(packet) == told, source
    for address, port in ((NODE, 30080), ("10.96.0.10", 80)):
        assert node.outcomes(Packet(OTHER_POD, address, port, iif="mk8s9")) == {f"{LOCAL}:8080"}


def test_without_endpoints_source_ranges_still_come_first() -> None:
    made = service(
        type="LoadBalancer",
        ingress=[{"ip": BALANCER}],
        loadBalancerSourceRanges=["198.51.100.0/24"],
    )
    node = node_with(parts(made))
    assert node.outcomes(Packet(OUTSIDE, BALANCER, 80)) == {"reject"}
    assert node.outcomes(Packet("203.0.113.99", BALANCER, 80)) == {"drop"}


def test_an_address_that_wants_to_be_passed_is_not_cut_short() -> None:
    ingress = [{"ip": BALANCER, "ipMode": "Proxy"}, {"hostname": "lb.example"}]
    made = service(type="LoadBalancer", ingress=ingress)
    node = node_with(parts(made, slice_of(endpoint(LOCAL))))
    packet = Packet(destination=BALANCER, port=80, **FROM_POD)
    assert node.outcomes(packet) == {f"{BALANCER}:80 as node"}


def test_a_nodes_own_address_as_balancer_leads_and_refuses() -> None:
    made = service(type="LoadBalancer", ingress=[{"ip": NODE}])
    packet = Packet(destination=NODE, port=80, **FROM_OUTSIDE)
    assert node_with(parts(made, slice_of(endpoint(LOCAL)))).outcomes(packet) == {f"{LOCAL}:8080"}
    assert node_with(parts(made)).outcomes(packet) == {"reject"}


def test_of_services_that_claim_one_external_address_the_first_that_can_serve_does() -> None:
    first = parts(service("api", clusterIP="10.96.0.1", externalIPs=[EXTERNAL]))
    second = parts(service(externalIPs=[EXTERNAL]), slice_of(endpoint(LOCAL)))
    third = parts(
        service("zoo", clusterIP="10.96.0.3", externalIPs=[EXTERNAL]), slice_of(endpoint(REMOTE))
    )
    node = node_with(first, second, third)
    assert node.outcomes(Packet(OUTSIDE, EXTERNAL, 80)) == {f"{LOCAL}:8080"}


def test_a_client_with_affinity_comes_back_to_where_it_was() -> None:
    made = service(sessionAffinity="ClientIP")
    node = node_with(parts(made, slice_of(endpoint(LOCAL), endpoint(REMOTE, "n2"))))
    packet = Packet(destination="10.96.0.10", port=80, **FROM_POD)
    first = node.send(packet, choice=1)
    assert node.outcomes(packet) == {first.told}
    assert len(node.outcomes(Packet(LOCAL_TOO, "10.96.0.10", 80, iif="mk8s3"))) == 2


@pytest.mark.parametrize("protocol", ["UDP", "SCTP"])
def test_other_protocols_are_led_and_refused_as_well(protocol: str) -> None:
    made = service(type="NodePort", nodePort=30080, protocol=protocol)
    node = node_with(parts(made, slice_of(endpoint(LOCAL), protocol=protocol)))
    empty = node_with(parts(made))
    for address, port in (("10.96.0.10", 80), (NODE, 30080)):
        packet = Packet(OTHER_POD, address, port, protocol.lower(), iif="mk8s9")
        assert node.outcomes(packet) == {f"{LOCAL}:8080"}
        assert empty.outcomes(packet) == {"reject"}


def hinted(address: str, node: str, **hints: str) -> dict[str, Any]:
    made = {field: [{"name": name}] for field, name in hints.items()}
    return endpoint(address, node, hints=made)


@pytest.mark.parametrize(
    ("endpoints", "chosen"),
    [
        ([hinted(LOCAL, "n1", forZones="east"), hinted(REMOTE, "n2", forZones="west")], {LOCAL}),
        ([hinted(LOCAL, "n1", forZones="west"), hinted(REMOTE, "n2", forZones="east")], {REMOTE}),
        ([hinted(LOCAL, "n1", forZones="west"), hinted(REMOTE, "n2", forZones="west")],
         {LOCAL, REMOTE}),
        ([hinted(LOCAL, "n1", forZones="east"), endpoint(REMOTE, "n2")], {LOCAL, REMOTE}),
        ([hinted(LOCAL, "n1", forZones="east", forNodes="n1"),
          hinted(LOCAL_TOO, "n1", forZones="east", forNodes="n9")], {LOCAL}),
        ([hinted(LOCAL, "n1", forZones="east", forNodes="n8"),
          hinted(REMOTE, "n2", forZones="west", forNodes="n9")], {LOCAL}),
    ],
)  # fmt: skip
def test_hints_choose_the_endpoints_for_this_node(
    endpoints: list[dict[str, Any]], chosen: set[str]
) -> None:
    node = node_with(parts(service(), slice_of(*endpoints)))
    packet = Packet(destination="10.96.0.10", port=80, **FROM_POD)
    assert node.outcomes(packet) == {f"{each}:8080" for each in chosen}


def test_hints_do_not_count_among_the_nodes_own_endpoints() -> None:
    found = slice_of(hinted(LOCAL, "n1", forZones="west"), hinted(LOCAL_TOO, "n1", forZones="east"))
    node = node_with(parts(service(internalTrafficPolicy="Local"), found))
    packet = Packet(destination="10.96.0.10", port=80, **FROM_POD)
    assert node.outcomes(packet) == {f"{LOCAL}:8080", f"{LOCAL_TOO}:8080"}


def test_a_node_without_a_zone_takes_no_hints() -> None:
    far = [hinted(LOCAL, "n1", forZones="east"), hinted(REMOTE, "n2", forZones="west")]
    node = node_with(parts(service(), slice_of(*far), node=Node("n1")))
    assert len(node.outcomes(Packet(destination="10.96.0.10", port=80, **FROM_POD))) == 2


def test_a_dual_stack_service_serves_both_families_with_their_own_endpoints() -> None:
    made = service(type="NodePort", nodePort=30080, clusterIPs=["10.96.0.10", "fd96::10"])
    six = slice_of(endpoint("fd44::2"), endpoint("fd44:0:0:1::2", "n2"), addressType="IPv6")
    names = slice_of(endpoint("backend.example"), addressType="FQDN")
    node = node_with(
        parts(made, slice_of(endpoint(LOCAL)), six, names), pods=("fd44::2", "fd44::9")
    )
    assert node.outcomes(Packet(OTHER_POD, "10.96.0.10", 80, iif="mk8s9")) == {f"{LOCAL}:8080"}
    told = {"fd44::2:8080", "fd44:0:0:1::2:8080"}
    assert node.outcomes(Packet("fd44::9", "fd96::10", 80, iif="mk8s9")) == told
    outside = Packet("2001:db8:9::9", "2001:db8::1", 30080)
    assert node.outcomes(outside) == {"fd44::2:8080", "fd44:0:0:1::2:8080 as node"}
    assert node.outcomes(Packet("fd44::9", "fd96::11", 80, iif="mk8s9")) == {"reject"}
    assert node.outcomes(Packet("::1", "::1", 30080, iif="")) == {"::1:30080"}


def test_a_single_stack_service_has_no_node_port_in_the_other_family() -> None:
    made = service(type="NodePort", nodePort=30080)
    node = node_with(parts(made, slice_of(endpoint(LOCAL))))
    there = Packet("2001:db8:9::9", "2001:db8::1", 30080)
    assert node.outcomes(there) == {"2001:db8::1:30080"}


def test_own_endpoints_outside_the_cluster_are_reached_as_the_node() -> None:
    node = node_with(parts(service(), slice_of(endpoint("203.0.113.80", None))))
    packet = Packet(destination="10.96.0.10", port=80, **FROM_POD)
    assert node.outcomes(packet) == {"203.0.113.80:8080 as node"}


def test_several_ports_lead_to_their_own_targets() -> None:
    ports = [{"name": "http", "port": 80}, {"name": "admin", "port": 81}]
    found = slice_of(
        endpoint(LOCAL), ports=[{"name": "http", "port": 8080}, {"name": "admin", "port": 9000}]
    )
    node = node_with(parts(service(ports=ports), found))
    for port, target in ((80, 8080), (81, 9000)):
        packet = Packet(destination="10.96.0.10", port=port, **FROM_POD)
        assert node.outcomes(packet) == {f"{LOCAL}:{target}"}


def test_ports_without_names_fit_each_other() -> None:
    found = slice_of(endpoint(LOCAL), ports=[{"port": 8080, "protocol": "TCP"}])
    node = node_with(parts(service(ports=[{"port": 80}]), found))
    packet = Packet(destination="10.96.0.10", port=80, **FROM_POD)
    assert node.outcomes(packet) == {f"{LOCAL}:8080"}
