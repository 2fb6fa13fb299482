"""What Services and EndpointSlices mean for a node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from mk8s_agent.proxy.desired import Backend, ServicePort, service_ports
from mk8s_agent.proxy.endpoints import Node

from minikube8s.api.views import EndpointSlice, Service


def service(**spec: Any) -> Service:
    defaults = {"clusterIP": "10.96.0.10", "ports": [{"port": 80, "name": "http"}]}
    obj = {"metadata": {"namespace": "shop", "name": "web"}, "spec": defaults | spec}
    return msgspec.convert(obj, Service)


def endpoint(address: str, node: str | None = "n1", **conditions: bool) -> dict[str, Any]:
    return {"addresses": [address], "nodeName": node, "conditions": conditions}


def endpoint_slice(*endpoints: dict[str, Any], **more: Any) -> EndpointSlice:
    ports = [{"name": "http", "port": 8080, "protocol": "TCP"}]
    return msgspec.convert({"endpoints": list(endpoints), "ports": ports} | more, EndpointSlice)


def only(ports: Iterable[ServicePort]) -> ServicePort:
    (port,) = ports
    return port


def backends(*endpoints: dict[str, Any]) -> list[str]:
    port = only(service_ports(service(), [endpoint_slice(*endpoints)], Node("n1")))
    return [backend.address for backend in port.backends]


def test_a_port_leads_to_the_target_port_of_its_name_in_all_slices() -> None:
    slices = [
        endpoint_slice(endpoint("10.244.0.3")),
        endpoint_slice(endpoint("10.244.0.2", node="n2"), endpoint("10.244.0.3")),
        endpoint_slice(endpoint("10.244.0.9"), ports=[{"name": "other", "port": 1}]),
        endpoint_slice(endpoint("fd00::1"), addressType="IPv6"),
    ]
    port = only(service_ports(service(), slices, Node("n1")))
    assert port.key == ("shop", "web", "http")
    assert port.backends == (
        Backend("10.244.0.2", 8080, here=False),
        Backend("10.244.0.3", 8080, here=True),
    )
    assert port.local == (Backend("10.244.0.3", 8080, here=True),)


def test_an_endpoint_of_unknown_readiness_is_ready_and_an_unready_one_is_not_used() -> None:
    assert backends(endpoint("10.244.0.2"), endpoint("10.244.0.3", ready=False)) == ["10.244.0.2"]


def test_terminating_endpoints_that_still_serve_are_used_when_there_is_no_other() -> None:
    going = endpoint("10.244.0.3", ready=False, serving=True, terminating=True)
    gone = endpoint("10.244.0.4", ready=False, serving=False, terminating=True)
    assert backends(going, gone) == ["10.244.0.3"]
    assert backends(going, gone, endpoint("10.244.0.2", ready=True)) == ["10.244.0.2"]


def test_local_endpoints_fall_back_to_terminating_ones_on_their_own() -> None:
    going = endpoint("10.244.0.3", ready=False, serving=True, terminating=True)
    slices = [endpoint_slice(going, endpoint("10.244.1.2", node="n2", ready=True))]
    port = only(service_ports(service(), slices, Node("n1")))
    assert [each.address for each in port.backends] == ["10.244.1.2"]
    assert [each.address for each in port.local] == ["10.244.0.3"]


@pytest.mark.parametrize(
    "spec",
    [{"clusterIP": "None"}, {"clusterIP": ""}, {"type": "ExternalName", "externalName": "x.org"}],
)
def test_services_without_a_cluster_address_need_no_rules(spec: dict[str, Any]) -> None:
    assert list(service_ports(service(**spec), [], Node("n1"))) == []


def test_the_fields_of_a_service_are_taken_over() -> None:
    made = service(
        ports=[{"port": 53, "protocol": "UDP", "nodePort": 30053}],
        externalIPs=["203.0.113.7", "2001:db8::1"],
        sessionAffinity="ClientIP",
        sessionAffinityConfig={"clientIP": {"timeoutSeconds": 60}},
        externalTrafficPolicy="Local",
        internalTrafficPolicy="Local",
    )
    port = only(service_ports(made, [], Node("n1")))
    assert port.key.port == "53"
    assert (port.protocol, port.port, port.node_port) == ("udp", 53, 30053)
    assert port.external_ips == ("203.0.113.7",)
    assert port.affinity_seconds == 60
    assert port.external_local
    assert port.internal_local
