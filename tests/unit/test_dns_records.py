"""Which names Services give: the specification's examples as a table."""

from __future__ import annotations

from typing import Any

import pytest
from mk8s_agent.dns.records import pod_address, service_records, zone_records

from minikube8s.api.views import EndpointSlice, Service, decode

CLUSTER = "cluster.local"
HTTP = {"name": "http", "port": 80, "protocol": "TCP"}
SYSLOG = {"name": "log", "port": 514, "protocol": "UDP"}
UNNAMED = {"port": 80, "protocol": "TCP"}


def service(**spec: Any) -> Service:
    import msgspec

    body = {"metadata": {"name": "web", "namespace": "shop"}, "spec": spec}
    found: Service = decode(Service, msgspec.json.encode(body))
    return found


def endpoints(*found: dict[str, Any], ports: Any = (HTTP,), kind: str = "IPv4") -> EndpointSlice:
    import msgspec

    body = {
        "metadata": {"name": "web-x", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": kind,
        "endpoints": list(found),
        "ports": list(ports),
    }
    made: EndpointSlice = decode(EndpointSlice, msgspec.json.encode(body))
    return made


def ready(address: str, hostname: str = "", *, ready: bool | None = True) -> dict[str, Any]:
    made: dict[str, Any] = {"addresses": [address], "conditions": {"ready": ready}}
    return made | ({"hostname": hostname} if hostname else {})


def told(service: Service, *slices: EndpointSlice) -> list[str]:
    """The records as lines; `@` is the Service's name."""
    own = "web.shop.svc.cluster.local."
    lines = [f"{r.name} {r.type.name} {r.value}" for r in service_records(service, slices, CLUSTER)]
    return sorted(line.replace(own, "@") for line in lines)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            {"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "ports": [HTTP, SYSLOG]},
            [
                "7.0.96.10.in-addr.arpa. PTR @",
                "@ A 10.96.0.7",
                "@ SRV 0 100 514 @",
                "@ SRV 0 100 80 @",
                "_http._tcp.@ SRV 0 100 80 @",
                "_log._udp.@ SRV 0 100 514 @",
            ],
            id="an address, and a SRV name for each named port",
        ),
        pytest.param(
            {"clusterIP": "10.96.0.7", "ports": [UNNAMED]},
            ["7.0.96.10.in-addr.arpa. PTR @", "@ A 10.96.0.7", "@ SRV 0 100 80 @"],
            id="a port without a name has no SRV name of its own",
        ),
        pytest.param(
            {"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7", "fd00::7"], "ports": []},
            [
                "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa. PTR @",
                "7.0.96.10.in-addr.arpa. PTR @",
                "@ A 10.96.0.7",
                "@ AAAA fd00::7",
            ],
            id="both families",
        ),
        pytest.param(
            {"type": "ExternalName", "externalName": "db.example.org."},
            ["@ CNAME db.example.org."],
            id="a name of others",
        ),
        pytest.param({"type": "ClusterIP", "ports": [HTTP]}, [], id="no address yet, no name"),
    ],
)
def test_a_services_names(spec: dict[str, Any], expected: list[str]) -> None:
    assert told(service(**spec)) == expected


def test_a_headless_services_names_are_those_of_its_ready_endpoints() -> None:
    found = endpoints(
        ready("10.244.0.5", "web-0"),
        ready("10.244.1.6", ready=None),
        ready("10.244.1.7", "web-2", ready=False),
    )
    assert told(service(clusterIP="None", ports=[HTTP]), found) == [
        "10-244-1-6.@ A 10.244.1.6",
        "5.0.244.10.in-addr.arpa. PTR web-0.@",
        "6.1.244.10.in-addr.arpa. PTR 10-244-1-6.@",
        "@ A 10.244.0.5",
        "@ A 10.244.1.6",
        "@ SRV 0 50 80 10-244-1-6.@",
        "@ SRV 0 50 80 web-0.@",
        "_http._tcp.@ SRV 0 50 80 10-244-1-6.@",
        "_http._tcp.@ SRV 0 50 80 web-0.@",
        "web-0.@ A 10.244.0.5",
    ]


def test_addresses_that_are_not_ready_are_told_where_the_service_says_so() -> None:
    found = endpoints(ready("10.244.0.5", "web-0", ready=False), ports=())
    spec = {"clusterIP": "None", "publishNotReadyAddresses": True}
    assert "web-0.@ A 10.244.0.5" in told(service(**spec), found)


def test_a_headless_service_without_ready_endpoints_has_no_name() -> None:
    found = endpoints(ready("10.244.0.5", ready=False))
    assert told(service(clusterIP="None", ports=[HTTP]), found) == []


def test_endpoints_of_both_families_share_their_hosts_name() -> None:
    four = endpoints(ready("10.244.0.5", "web-0"), ports=())
    six = endpoints(ready("fd00::5", "web-0"), ports=(), kind="IPv6")
    names = told(service(clusterIP="None"), four, six)
    assert {"web-0.@ A 10.244.0.5", "web-0.@ AAAA fd00::5", "@ AAAA fd00::5"} <= set(names)


def test_the_zone_names_its_server_and_the_specifications_version() -> None:
    assert [tuple(each) for each in zone_records(CLUSTER, "10.96.0.10")] == [
        ("cluster.local.", 2, "ns.dns.cluster.local."),
        ("ns.dns.cluster.local.", 1, "10.96.0.10"),
        ("dns-version.cluster.local.", 16, "1.1.0"),
    ]


@pytest.mark.parametrize(
    ("label", "address"),
    [("10-244-0-5", "10.244.0.5"), ("fd00--5", "fd00::5"), ("web-0", None), ("1-2-3-400", None)],
)
def test_a_dashed_address_is_read(label: str, address: str | None) -> None:
    assert pod_address(label) == address
