"""Which ports of the node lead to a pod, and which are another program's."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.proxy.host_ports import check, host_ports
from mk8s_agent.proxy.rules import fragment

from minikube8s.api.views import Pod
from tests.support.agentnode import container, pod_json, view


def with_ports(*ports: dict[str, Any], **spec: Any) -> Pod:
    return view(pod_json(container(ports=list(ports)), **spec))


def leads(pod: Pod) -> dict[str, tuple[str, ...]]:
    """By place in the table's maps, the rules that follow from there."""
    found: dict[str, tuple[str, ...]] = {}
    for port in host_ports(pod, "10.244.0.2"):
        made = fragment(port, 1, "10.244.0.0/16")
        rules = tuple(text for texts in made.chains.values() for text in texts)
        found |= {
            f"{place.container} {place.key}": rules
            for place in made.elements
            if made.elements[place]
        }
    return found


@pytest.mark.parametrize(
    ("port", "place", "target"),
    [
        (
            {"containerPort": 80, "hostPort": 8080, "protocol": "TCP"},
            "node-ports tcp . 8080",
            "meta l4proto tcp dnat ip to 10.244.0.2:80",
        ),
        (
            {"containerPort": 53, "hostPort": 53, "protocol": "UDP", "hostIP": "0.0.0.0"},
            "node-ports udp . 53",
            "meta l4proto udp dnat ip to 10.244.0.2:53",
        ),
        (
            {"containerPort": 80, "hostPort": 81, "protocol": "SCTP", "hostIP": "192.0.2.10"},
            "service-ips 192.0.2.10 . sctp . 81",
            "meta l4proto sctp dnat ip to 10.244.0.2:80",
        ),
    ],
)
def test_a_host_port_leads_to_the_pod(port: dict[str, Any], place: str, target: str) -> None:
    [(found, rules)] = leads(with_ports(port)).items()
    assert found == place and target in rules


def test_sidecars_have_host_ports_and_pods_in_the_hosts_network_need_none() -> None:
    port = {"containerPort": 80, "hostPort": 8080}
    init = container("init", ports=[{"containerPort": 1, "hostPort": 1}])
    sidecar = container("side", ports=[port], restartPolicy="Always")
    assert list(leads(view(pod_json(initContainers=[init, sidecar])))) == ["node-ports tcp . 8080"]
    assert not leads(with_ports(port, hostNetwork=True))
    assert not leads(with_ports({"containerPort": 80}))
    assert not leads(with_ports({"containerPort": 80, "hostPort": 8080, "hostIP": "::1"}))


@pytest.fixture
def listening() -> Iterator[int]:
    """A port of 127.0.0.1 that is a program's, for both protocols."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        port: int = server.getsockname()[1]
        datagrams.bind(("127.0.0.1", port))
        yield port


@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
@pytest.mark.parametrize("address", ["", "0.0.0.0", "127.0.0.1"])
def test_a_port_that_another_program_has_is_named(
    listening: int, protocol: str, address: str
) -> None:
    port = {"containerPort": 80, "hostPort": listening, "protocol": protocol, "hostIP": address}
    with pytest.raises(NetworkError) as failure:
        check(with_ports(port))
    assert str(failure.value) == (
        f"cannot open hostport {listening} for pod web_default: "
        f"listen {protocol.lower()}4 {address}:{listening}: bind: address already in use"
    )


def test_a_port_of_another_address_is_free(listening: int) -> None:
    check(with_ports({"containerPort": 80, "hostPort": listening, "hostIP": "127.0.0.9"}))
    check(with_ports({"containerPort": 80, "hostPort": listening}, hostNetwork=True))
