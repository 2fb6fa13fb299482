"""Who has which address. Pure: from the stored Services alone, so that a restart changes nothing.

Who has an address keeps it as long as it may; then those that wait are served in order of age.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from minikube8s.api.loadbalancing import is_balanced
from minikube8s.api.views import Service
from minikube8s.kit.addresspool import AddressPool

OPTION = "--load-balancer-pool"


class Name(NamedTuple):
    """Names a Service."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


Taker = Name | str
"""Who has an address or a port: a Service, or a word on somebody else."""


class Share(NamedTuple):
    """What a Service gets: addresses, or the reason why it has to wait for them.

    Neither means that an address is about to be given back.
    """

    addresses: tuple[str, ...] = ()
    refusal: str = ""


def name_of(service: Service) -> Name:
    """Return the Service's name with its namespace."""
    return Name(service.metadata.namespace, service.metadata.name)


def held(service: Service) -> tuple[str, ...]:
    """Return the addresses that stand in the Service's status."""
    return tuple(one.ip for one in service.status.load_balancer.ingress if one.ip)


def families_of(service: Service) -> tuple[str, ...]:
    """Return the families of the Service's addresses."""
    return service.spec.ip_families or ("IPv4",)


def from_pool(
    services: Iterable[Service], pool: AddressPool, foreign: Mapping[str, Taker]
) -> dict[Name, Share]:
    """Give each Service that wants one an address of the pool.

    `foreign` are addresses that others have. One that stands in a status is given to nobody else
    before it was taken out there: a plan may be cut off between any two writes.
    """
    shares: dict[Name, Share] = {}
    takers = dict(foreign)
    everybody = list(services)
    ordered = by_age(service for service in everybody if is_balanced(service))
    for service in ordered:
        address = next((one for one in held(service) if _may_keep(service, one, pool)), "")
        if address and address not in takers:
            takers[address] = name_of(service)
            shares[name_of(service)] = Share((address,))
    # one walk through the pool for all: what is taken does not become free meanwhile
    free = (address for address in pool if address not in takers)
    for service in sorted(ordered, key=lambda one: not one.spec.load_balancer_ip):
        if name_of(service) not in shares:
            share = _from_pool(service, pool, takers, free)
            takers |= dict.fromkeys(share.addresses, name_of(service))
            shares[name_of(service)] = share
    present = {address for service in everybody for address in held(service)}
    for service in ordered:
        own = held(service)
        if any(one in present and one not in own for one in shares[name_of(service)].addresses):
            shares[name_of(service)] = Share()
    return shares


def from_nodes(
    services: Iterable[Service],
    addresses: Mapping[Name, Sequence[str]],
    ports: Mapping[tuple[str, int], Taker],
) -> dict[Name, Share]:
    """Give each Service that wants some the nodes' own addresses, each port to one Service.

    `addresses` are those that reach each Service; `ports` (protocol and number) are taken for
    something else.
    """
    shares: dict[Name, Share] = {}
    takers = dict(ports)
    wanting = by_age(service for service in services if is_balanced(service))
    for service in sorted(wanting, key=lambda one: not held(one)):
        share = _from_nodes(service, addresses[name_of(service)], takers)
        if not share.refusal:
            mine = name_of(service)
            takers |= {(port.protocol, port.port): mine for port in service.spec.ports}
        shares[name_of(service)] = share
    return shares


def by_age(services: Iterable[Service]) -> list[Service]:
    """Return the Services, the oldest first."""
    return sorted(services, key=lambda one: (one.metadata.creation_timestamp, *name_of(one)))


def _words(taker: Taker) -> str:
    return f"Service {taker}" if isinstance(taker, Name) else taker


def _may_keep(service: Service, address: str, pool: AddressPool) -> bool:
    wanted = service.spec.load_balancer_ip
    return address in pool and wanted in ("", address) and "IPv4" in families_of(service)


def _from_pool(
    service: Service, pool: AddressPool, takers: Mapping[str, Taker], free: Iterator[str]
) -> Share:
    wanted = service.spec.load_balancer_ip
    if "IPv4" not in families_of(service):
        why = "addresses of the pool are IPv4: give the Service that family with spec.ipFamilies"
        return Share(refusal=why)
    if not wanted:
        address = next(free, None)
        if address is None:
            why = (
                f"all addresses of the pool {pool} are in use: delete a Service of type "
                f"LoadBalancer, or give the cluster a larger pool with {OPTION}"
            )
            return Share(refusal=why)
        return Share((address,))
    if wanted not in pool:
        why = (
            f"spec.loadBalancerIP {wanted} is not an address of the pool {pool}: choose one of "
            f"it, leave the field out, or change the pool with {OPTION}"
        )
        return Share(refusal=why)
    if wanted in takers:
        why = (
            f"spec.loadBalancerIP {wanted} is in use by {_words(takers[wanted])}: choose "
            "another, or leave the field out"
        )
        return Share(refusal=why)
    return Share((wanted,))


def _from_nodes(
    service: Service, addresses: Sequence[str], takers: Mapping[tuple[str, int], Taker]
) -> Share:
    wanted = service.spec.load_balancer_ip
    if wanted and wanted not in addresses:
        known = ", ".join(addresses) or "none"
        why = (
            f"spec.loadBalancerIP {wanted} is not an address of a node ({known}): choose one, "
            f"leave the field out, or give the cluster a pool of addresses with {OPTION}"
        )
        return Share(refusal=why)
    for port in service.spec.ports:
        taker = takers.get((port.protocol, port.port))
        if taker and taker != name_of(service):
            why = (
                f"port {port.port}/{port.protocol} of the nodes' addresses is in use by "
                f"{_words(taker)}: choose another port, delete the other, or give the cluster a "
                f"pool of addresses with {OPTION}"
            )
            return Share(refusal=why)
    if not addresses:
        why = (
            "there are no available nodes for LoadBalancer: none is ready and without the label "
            "node.kubernetes.io/exclude-from-external-load-balancers"
        )
        return Share(refusal=why)
    return Share((wanted,) if wanted else tuple(addresses))
