"""What the rules have to do, read from Services and EndpointSlices.

Pure: objects in, values out. Knows Kubernetes' meaning of the fields, and no nftables.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import collapse_addresses, ip_address, ip_network
from typing import Any, NamedTuple

from minikube8s.api.views import EndpointPort, EndpointSlice, Service
from minikube8s.api.views.services import ServicePort as PortView
from minikube8s.api.views.services import ServiceSpec
from mk8s_agent.proxy.endpoints import Candidate, Node, usable

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

    `backends` serve the whole cluster's traffic, `local` those of this node; both are sorted, and
    without a backend there is no local one. `protocol` is tcp, udp or sctp; `node_port` is 0 for
    none, `affinity_seconds` 0 for none. Only sources within `source_ranges` reach the
    `load_balancer_ips`; none means everybody. All addresses are of one family: a port of a
    dual-stack Service is two of these. `only_inside`: connections of this node and its own pods
    alone are led to the backends.
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
    load_balancer_ips: tuple[str, ...] = ()
    source_ranges: tuple[str, ...] = ()
    ipv6: bool = False
    only_inside: bool = False

    @property
    def all_backends(self) -> tuple[Backend, ...]:
        """All that some connection may go to, sorted; a local one need not serve the cluster."""
        return tuple(sorted({*self.backends, *self.local}))


def service_ports(
    service: Service, slices: Iterable[EndpointSlice], node: Node
) -> Iterator[ServicePort]:
    """The ports of one Service as `node` has to serve them.

    Headless Services and those that are only a name (ExternalName) have none.
    """
    spec = service.spec
    if spec.type == "ExternalName" or spec.headless or not spec.cluster_ip:
        return
    known = list(slices)
    for cluster_ip in spec.cluster_ips or (spec.cluster_ip,):
        ipv6 = ":" in cluster_ip
        kind = "IPv6" if ipv6 else "IPv4"
        of_family = [each for each in known if each.address_type == kind]
        lb_ips = tuple(_of_family(_load_balancer_ips(service), ipv6))
        for port in spec.ports:
            candidates = list(_candidates(of_family, port))
            yield ServicePort(
                key=_key(service, port),
                protocol=port.protocol.lower(),
                port=port.port,
                cluster_ips=(cluster_ip,),
                external_ips=tuple(_of_family(spec.external_ips, ipv6)),
                node_port=port.node_port,
                affinity_seconds=_affinity_seconds(spec),
                internal_local=spec.internal_traffic_policy == "Local",
                external_local=spec.external_traffic_policy == "Local",
                backends=_backends(usable(candidates, node), node),
                local=_backends(usable(candidates, node, only_local=True), node),
                load_balancer_ips=lb_ips,
                source_ranges=_source_ranges(spec, lb_ips, node) if lb_ips else (),
                ipv6=ipv6,
            )


class HealthCheck(NamedTuple):
    """What a load balancer is told of a Service on a port of this node."""

    namespace: str
    name: str
    port: int
    local_endpoints: int


def health_check(
    service: Service, slices: Iterable[EndpointSlice], node: Node
) -> HealthCheck | None:
    """For load balancers that have to find the nodes with endpoints; None: they need not."""
    spec = service.spec
    local = spec.type == "LoadBalancer" and spec.external_traffic_policy == "Local"
    if not local or not spec.health_check_node_port:
        return None
    found = {
        endpoint.addresses[0]
        for each in slices
        for endpoint in each.endpoints
        if endpoint.addresses
        and endpoint.node_name == node.name
        and endpoint.conditions.ready is not False
    }
    meta = service.metadata
    return HealthCheck(meta.namespace, meta.name, spec.health_check_node_port, len(found))


def _key(service: Service, port: PortView) -> PortKey:
    meta = service.metadata
    return PortKey(meta.namespace, meta.name, port.name or str(port.port))


def _affinity_seconds(spec: ServiceSpec) -> int:
    if spec.session_affinity != "ClientIP":
        return 0
    config = spec.session_affinity_config
    return config.client_ip.timeout_seconds if config else _DEFAULT_AFFINITY_SECONDS


def _load_balancer_ips(service: Service) -> Iterator[str]:
    """The addresses that lead here directly: not those whose balancer wants to be passed."""
    if service.spec.type == "LoadBalancer":
        for ingress in service.status.load_balancer.ingress:
            if ingress.ip and ingress.ip_mode != "Proxy":
                yield ingress.ip


def _source_ranges(spec: ServiceSpec, own: tuple[str, ...], node: Node) -> tuple[str, ...]:
    """Who may use the load balancer's addresses, of the family of these addresses.

    A node that may, and has such an address itself, calls with this address as its source.
    """
    ipv6 = ":" in own[0]
    wanted = _of_family((each.strip() for each in spec.load_balancer_source_ranges), ipv6)
    ranges: list[Any] = [ip_network(each, strict=False) for each in wanted]
    if not ranges:
        return ()
    addresses = [ip_address(each) for each in _of_family(node.addresses, ipv6)]
    if any(address in allowed for address in addresses for allowed in ranges):
        ranges += [ip_network(each) for each in own]
    return tuple(str(each) for each in collapse_addresses(ranges))


def _of_family(addresses: Iterable[str], ipv6: bool) -> Iterator[str]:
    return (each for each in addresses if (":" in each) is ipv6)


def _backends(candidates: Iterable[Candidate], node: Node) -> tuple[Backend, ...]:
    found = {
        Backend(endpoint.addresses[0], port, endpoint.node_name in (None, "", node.name))
        for endpoint, port in candidates
    }
    return tuple(sorted(found))


def _candidates(slices: list[EndpointSlice], port: PortView) -> Iterator[Candidate]:
    for each in slices:
        number = _target(each.ports, port)
        if number is not None:
            for endpoint in each.endpoints:
                if endpoint.addresses:
                    yield Candidate(endpoint, number)


def _target(ports: tuple[EndpointPort, ...], port: PortView) -> int | None:
    for candidate in ports:
        if candidate.name == port.name and candidate.protocol == port.protocol:
            return candidate.port
    return None
