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


def found(before: ServicePort | None, after: ServicePort | None) -> list[Flow]:
    former, present = (one and PortPart(one, "10.244.0.0/16") for one in (before, after))
    return flows([(former, present)])


def test_flows_to_endpoints_that_are_gone_are_forgotten() -> None:
    assert found(DNS, replace(DNS, backends=(TWO,))) == [Flow(backend=("10.244.0.2", 53))]
    assert found(DNS, None) == [Flow(backend=(b.address, 53)) for b in (ONE, TWO)]


def test_flows_that_came_before_the_node_port_are_forgotten() -> None:
    assert found(None, DNS) == [Flow(destination_port=30053)]
    assert found(None, replace(DNS, node_port=0)) == []


def test_tcp_is_left_alone() -> None:
    tcp = replace(DNS, protocol="tcp")
    assert found(tcp, None) == found(None, tcp) == []
