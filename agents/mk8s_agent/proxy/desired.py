"""What the rules have to do, read from Services and EndpointSlices.

Pure: objects in, values out. Knows Kubernetes' meaning of the fields, and no nftables.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from minikube8s.api.views import Endpoint, EndpointPort, EndpointSlice, Service
from minikube8s.api.views.services import ServicePort as PortView
from minikube8s.api.views.services import ServiceSpec

_DEFAULT_AFFINITY_SECONDS = 10800


class PortKey(NamedTuple):
    """One port of a Service; `port` is its name, or its number when it has none."""

    namespace: str
    service: str
    port: str


class Backend(NamedTuple):
    """Where a connection may go; `here` is false when it is known to be on another node."""

    address: str
    port: int
    here: bool


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service with everything that decides where its connections go.

    `backends` serve the whole cluster's traffic, `local` those of this node; both are sorted.
    `protocol` is tcp, udp or sctp; `node_port` is 0 for none, `affinity_seconds` 0 for none. All
    addresses are of one family: a port of a dual-stack Service is two of these. `only_inside`:
    connections of this node and its own pods alone are led to the backends.
    """

    key: PortKey
    protocol: str
    port: int
    cluster_ips: tuple[str, ...]
    external_ips: tuple[str, ...]
    node_port: int
    affinity_seconds: int
    internal_local: bool
    external_local: bool
    backends: tuple[Backend, ...]
    local: tuple[Backend, ...]
    ipv6: bool = False
    only_inside: bool = False


def service_ports(
    service: Service, slices: Iterable[EndpointSlice], node: str
) -> Iterator[ServicePort]:
    """The ports of one Service as node `node` has to serve them.

    Headless Services and those that are only a name (ExternalName) have none.
    """
    spec = service.spec
    if spec.type == "ExternalName" or spec.headless or not spec.cluster_ip:
        return
    known = list(slices)
    for cluster_ip in spec.cluster_ips or (spec.cluster_ip,):
        ipv6 = ":" in cluster_ip
        kind = "IPv6" if ipv6 else "IPv4"
        usable = [each for each in known if each.address_type == kind]
        for port in spec.ports:
            yield ServicePort(
                key=_key(service, port),
                protocol=port.protocol.lower(),
                port=port.port,
                cluster_ips=(cluster_ip,),
                external_ips=tuple(ip for ip in spec.external_ips if (":" in ip) is ipv6),
                node_port=port.node_port,
                affinity_seconds=_affinity_seconds(spec),
                internal_local=spec.internal_traffic_policy == "Local",
                external_local=spec.external_traffic_policy == "Local",
                backends=_backends(usable, port, node, only_local=False),
                local=_backends(usable, port, node, only_local=True),
                ipv6=ipv6,
            )


def _key(service: Service, port: PortView) -> PortKey:
    meta = service.metadata
    return PortKey(meta.namespace, meta.name, port.name or str(port.port))


def _affinity_seconds(spec: ServiceSpec) -> int:
    if spec.session_affinity != "ClientIP":
        return 0
    config = spec.session_affinity_config
    return config.client_ip.timeout_seconds if config else _DEFAULT_AFFINITY_SECONDS


def _backends(
    slices: list[EndpointSlice], port: PortView, node: str, *, only_local: bool
) -> tuple[Backend, ...]:
    """The ready endpoints; when there is none, those that still serve while they terminate."""
    candidates = [
        (endpoint, number)
        for endpoint, number in _endpoints(slices, port)
        if not only_local or endpoint.node_name == node
    ]
    usable = [item for item in candidates if item[0].conditions.ready is not False]
    usable = usable or [item for item in candidates if _serves_terminating(item[0])]
    found = {
        Backend(endpoint.addresses[0], number, endpoint.node_name in (None, "", node))
        for endpoint, number in usable
    }
    return tuple(sorted(found))


def _serves_terminating(endpoint: Endpoint) -> bool:
    conditions = endpoint.conditions
    return conditions.serving is not False and conditions.terminating is True


def _endpoints(slices: list[EndpointSlice], port: PortView) -> Iterator[tuple[Endpoint, int]]:
    for each in slices:
        number = _target(each.ports, port)
        if number is not None:
            yield from ((endpoint, number) for endpoint in each.endpoints if endpoint.addresses)


def _target(ports: tuple[EndpointPort, ...], port: PortView) -> int | None:
    for candidate in ports:
        if candidate.name == port.name and candidate.protocol == port.protocol:
            return candidate.port
    return None
