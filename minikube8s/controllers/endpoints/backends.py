"""What a Service's pods contribute to its endpoints. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from minikube8s.api.views import Service, ServicePort
from minikube8s.controllers.podfacts import PodFacts

IPV4: Final = "IPv4"
IPV6: Final = "IPv6"


class Port(NamedTuple):
    """One port of an endpoint, resolved to a number."""

    name: str
    protocol: str
    port: int
    app_protocol: str | None = None


@dataclass(frozen=True, slots=True)
class Backend:
    """One pod as the Service's clients see it."""

    address: str
    ports: tuple[Port, ...]
    pod: Mapping[str, str]
    """The targetRef."""
    node: str
    hostname: str
    serving: bool
    terminating: bool
    ready: bool
    zone: str = ""
    hints: Mapping[str, Any] | None = None


def backends(
    service: Service,
    pods: Iterable[PodFacts],
    zones: Mapping[str, str] = MappingProxyType({}),
    family: str = IPV4,
) -> list[Backend]:
    """Return the backends of a Service, by pod name; pods that ended or have no IP of the family
    are none.

    `zones` are those of the nodes.
    """
    found = [
        _backend(service, pod, address, zones.get(pod.node, ""))
        for pod in pods
        if not pod.terminal and (address := address_of(pod, family))
    ]
    return sorted(found, key=lambda one: one.pod["name"])


def address_of(pod: PodFacts, family: str) -> str:
    """Return the pod's address of that family, or ""."""
    return next((one for one in pod.addresses if (":" in one) == (family == IPV6)), "")


def families(service: Service) -> tuple[str, ...]:
    """Return the families of the Service's addresses, the primary one first."""
    return service.spec.ip_families or (IPV4,)


def _backend(service: Service, pod: PodFacts, address: str, zone: str) -> Backend:
    metadata = pod.metadata
    terminating = metadata.deletion_timestamp is not None
    ready = service.spec.publish_not_ready_addresses or (pod.ready and not terminating)
    named = pod.hostname and pod.subdomain == service.metadata.name
    reference = {
        "kind": "Pod",
        "namespace": metadata.namespace,
        "name": metadata.name,
        "uid": metadata.uid,
    }
    return Backend(
        address=address,
        ports=_ports(service, pod),
        pod=reference,
        node=pod.node,
        hostname=pod.hostname if named else "",
        serving=pod.ready,
        terminating=terminating,
        ready=ready,
        zone=zone,
    )


def _ports(service: Service, pod: PodFacts) -> tuple[Port, ...]:
    resolved = ((port, _number(port, pod)) for port in service.spec.ports)
    return tuple(
        Port(port.name, port.protocol, number, port.app_protocol)
        for port, number in resolved
        if number is not None
    )


def _number(port: ServicePort, pod: PodFacts) -> int | None:
    """Return the pod's port; None if no container has a port of that name and protocol."""
    if isinstance(port.target_port, int):
        return port.target_port or port.port
    wanted = (port.target_port, port.protocol)
    return next((one.number for one in pod.ports if (one.name, one.protocol) == wanted), None)


def port_json(port: Port) -> dict[str, Any]:
    """Return the port as both Endpoints and EndpointSlices spell it, its name always included."""
    body: dict[str, Any] = {"name": port.name, "port": port.port, "protocol": port.protocol}
    if port.app_protocol is not None:
        body["appProtocol"] = port.app_protocol
    return body
