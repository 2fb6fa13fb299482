"""Which UDP flows are forgotten."""

from __future__ import annotations

from dataclasses import replace

from mk8s_agent.network.conntrack import Flow
from mk8s_agent.proxy.desired import Backend, PortKey, ServicePort
from mk8s_agent.proxy.rules import PortPart
from mk8s_agent.proxy.stale import flows

ONE, TWO = Backend("10.244.0.2", 53, here=True), Backend("10.244.0.3", 53, here=True)
DNS = ServicePort(
    key=PortKey("default", "dns", "53"),
    protocol="udp",
    port=53,
    cluster_ips=("10.96.0.10",),
    external_ips=(),
    node_port=30053,
    affinity_seconds=0,
    internal_local=False,
    external_local=False,
    backends=(ONE, TWO),
    local=(),
)


def found(before: ServicePort | None, after: ServicePort | None) -> set[Flow]:
    former, present = (one and PortPart(one, "10.244.0.0/16") for one in (before, after))
    return flows([(former, present)])


def sent(address: str, port: int, *unless: Backend, protocol: str = "udp") -> Flow:
    kept = frozenset((each.address, each.port) for each in unless)
    return Flow(protocol, 4, destination=(address, port), unless=kept)


def test_flows_to_endpoints_that_are_gone_are_forgotten() -> None:
    assert found(DNS, replace(DNS, backends=(TWO,))) == {Flow("udp", 4, ("10.244.0.2", 53))}
    going = replace(DNS, backends=(TWO,), local=(ONE,))
    assert found(DNS, going) == set()
    assert found(going, replace(going, local=())) == {Flow("udp", 4, ("10.244.0.2", 53))}


def test_flows_to_a_service_that_is_gone_or_has_no_endpoint_any_more_are_forgotten() -> None:
    all_of_it = {sent("10.96.0.10", 53), sent("", 30053)}
    assert found(DNS, None) == all_of_it
    assert found(DNS, replace(DNS, backends=())) == all_of_it
    assert found(DNS, replace(DNS, node_port=0)) == {sent("", 30053)}


def test_flows_from_before_there_was_an_endpoint_are_forgotten_unless_they_are_right() -> None:
    now_led = {sent("10.96.0.10", 53, ONE, TWO), sent("", 30053, ONE, TWO)}
    assert found(None, DNS) == now_led
    assert found(replace(DNS, backends=()), DNS) == now_led
    balanced = replace(DNS, load_balancer_ips=("203.0.113.9",))
    assert found(DNS, balanced) == {sent("203.0.113.9", 53, ONE, TWO)}


def test_sctp_is_treated_alike_and_tcp_is_left_alone() -> None:
    sctp = replace(DNS, protocol="sctp", node_port=0)
    assert found(sctp, None) == {sent("10.96.0.10", 53, protocol="sctp")}
    tcp = replace(DNS, protocol="tcp")
    assert found(tcp, None) == found(None, tcp) == set()


def test_ipv6_flows_are_told_apart() -> None:
    six = replace(DNS, ipv6=True, cluster_ips=("fd96::10",), node_port=0, backends=(), local=())
    led = replace(six, backends=(Backend("fd44::2", 53, here=True),))
    assert found(led, six) == {Flow("udp", 6, destination=("fd96::10", 53))}
