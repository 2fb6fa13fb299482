"""Which names Services give, as the Kubernetes DNS specification 1.1.0 says. Pure.

Where that leaves a choice this does what CoreDNS does: dashed addresses name endpoints without a
host name, and the SRV records of all ports answer for the Service's own name as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, ip_address
from typing import NamedTuple

from minikube8s.api.views import Endpoint, EndpointSlice, Service
from mk8s_agent.dns.wire import Type

VERSION = "1.1.0"
_WEIGHT = 100


class Record(NamedTuple):
    """One record; `value` is written as in a zone file. Names are absolute."""

    name: str
    type: Type
    value: str


class _Target(NamedTuple):
    """An endpoint that has a name."""

    name: str
    addresses: tuple[str, ...]
    ports: tuple[tuple[str, str, int], ...]


def zone_records(domain: str, address: str) -> tuple[Record, ...]:
    """What the zone says of itself; `address` is the DNS service's own."""
    server = f"ns.dns.{domain}."
    return (
        Record(f"{domain}.", Type.NS, server),
        Record(server, Type.A, address),
        Record(f"dns-version.{domain}.", Type.TXT, VERSION),
    )


def service_records(
    service: Service, slices: Iterable[EndpointSlice], domain: str
) -> tuple[Record, ...]:
    """All records of one Service. Names have at most the length that the API lets them have."""
    meta, spec = service.metadata, service.spec
    name = f"{meta.name}.{meta.namespace}.svc.{domain}."
    if spec.type == "ExternalName":
        return (Record(name, Type.CNAME, f"{spec.external_name.rstrip('.')}."),)
    if spec.headless:
        unready = spec.publish_not_ready_addresses
        return tuple(dict.fromkeys(_headless(name, slices, with_unready=unready)))
    addresses = spec.cluster_ips or ((spec.cluster_ip,) if spec.cluster_ip else ())
    found = [_address(name, each) for each in addresses]
    if found:
        for port in spec.ports:
            found += _srv(name, port.name, port.protocol, f"0 {_WEIGHT} {port.port} {name}")
    found += [Record(reverse_name(each), Type.PTR, name) for each in addresses]
    return tuple(dict.fromkeys(found))


def reverse_name(address: str) -> str:
    """`10.96.0.10` -> `10.0.96.10.in-addr.arpa.`"""
    return f"{ip_address(address).reverse_pointer}."


def pod_address(label: str) -> str | None:
    """`10-244-0-5` -> `10.244.0.5`; None for what is no address."""
    for candidate in (label.replace("-", "."), label.replace("-", ":")):
        try:
            return str(ip_address(candidate))
        except ValueError:
            continue
    return None


def _headless(
    name: str, slices: Iterable[EndpointSlice], *, with_unready: bool
) -> Iterator[Record]:
    targets = list(_targets(name, slices, with_unready=with_unready))
    for target in targets:
        for address in target.addresses:
            yield _address(name, address)
            yield _address(target.name, address)
            yield Record(reverse_name(address), Type.PTR, target.name)
    named = {(t.name, *port) for t in targets for port in t.ports}
    share = {kind: sum(1 for one in named if one[1:3] == kind) for kind in {p[1:3] for p in named}}
    for host, port, protocol, number in sorted(named):
        weight = max(_WEIGHT // share[port, protocol], 1)
        yield from _srv(name, port, protocol, f"0 {weight} {number} {host}")


def _targets(
    name: str, slices: Iterable[EndpointSlice], *, with_unready: bool
) -> Iterator[_Target]:
    for each in slices:
        if each.address_type == "FQDN":
            continue
        ports = tuple((one.name, one.protocol, one.port) for one in each.ports if one.port)
        for endpoint in each.endpoints:
            if endpoint.addresses and (with_unready or endpoint.conditions.ready is not False):
                yield _Target(f"{_host(endpoint)}.{name}", endpoint.addresses[:1], ports)


def _host(endpoint: Endpoint) -> str:
    return endpoint.hostname or endpoint.addresses[0].replace(".", "-").replace(":", "-")


def _address(name: str, address: str) -> Record:
    parsed = ip_address(address)
    return Record(name, Type.A if isinstance(parsed, IPv4Address) else Type.AAAA, str(parsed))


def _srv(name: str, port: str, protocol: str, value: str) -> list[Record]:
    names = [name, f"_{port}._{protocol.lower()}.{name}"] if port else [name]
    return [Record(each, Type.SRV, value) for each in names]
