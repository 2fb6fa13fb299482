"""What wakes the load balancer controller, what it reads, and the plan for all Services at once.

One look is about all of them: who has an address decides who can have it. The queue never works
on one key twice at a time, so no address is given away twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from minikube8s.api.loadbalancing import ANNOUNCED_BY, CLASS, is_balanced
from minikube8s.api.resources import ENDPOINTSLICES, NODES, SERVICES, Resource
from minikube8s.api.views import EndpointSlice, Node, Service
from minikube8s.controllers.actions import Patch, Plan, Report, ref
from minikube8s.controllers.loadbalancers import announcing, assigning
from minikube8s.controllers.loadbalancers.assigning import Name, Share, Taker, held, name_of
from minikube8s.controllers.runner import Reader
from minikube8s.kit.addresspool import NO_POOL, AddressPool
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

FAILED = "SyncLoadBalancerFailed"

Object = Mapping[str, Any]


class Key(NamedTuple):
    """Names the one thing there is to look at."""

    what: str = "services"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that has or wants an address from outside."""

    services: tuple[Service, ...]
    """All Services, of any type."""
    objects: Mapping[Name, Object]
    """Those of them that a plan may write to, and that Events are about."""
    nodes: tuple[Node, ...]
    serving: Mapping[Name, frozenset[str]]
    """The nodes with ready endpoints of those Services that are to be served by such alone."""


class LoadBalancerController:
    """Gives LoadBalancer Services addresses of a pool; of the nodes, when the pool is empty.

    `reserved` are ports of the nodes' addresses that the cluster needs itself, with a word on
    what for.
    """

    name = "service"
    watches = (SERVICES, NODES, ENDPOINTSLICES)

    def __init__(
        self, pool: AddressPool = NO_POOL, reserved: Mapping[int, str] | None = None
    ) -> None:
        self._pool = pool
        self._reserved: dict[tuple[str, int], Taker] = {
            ("TCP", port): who for port, who in (reserved or {}).items()
        }

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the one key if the change can matter."""
        if _matters(resource, event, reader):
            return (Key(),)
        # without a pool node ports and load balancers share the nodes' addresses
        shared = resource is SERVICES and not self._pool
        return (Key(),) if shared and _moves_node_ports(event) else ()

    def read(self, reader: Reader, key: Key) -> Snapshot:
        """Return all Services with the nodes that could serve them."""
        entries = reader.list(SERVICES, None)
        services = tuple(entry.view(Service) for entry in entries)
        objects = {Name(one.namespace, one.name): one.object for one in entries if _concerns(one)}
        # nodes matter to load balancers alone, and there may be a thousand
        nodes = reader.list(NODES, None) if objects else ()
        return Snapshot(
            services,
            objects,
            tuple(entry.view(Node) for entry in nodes),
            _serving(reader, {name_of(one) for one in services if _is_local(one)}),
        )

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the addresses, the announcers, and what to tell those that wait."""
        return plan(snapshot, self._pool, self._reserved)


def plan(snapshot: Snapshot, pool: AddressPool, reserved: Mapping[tuple[str, int], Taker]) -> Plan:
    """Plan one look at all Services."""
    nodes = announcing.usable(snapshot.nodes)
    shares = _shares(snapshot, nodes, pool, reserved)
    patches: list[Patch] = []
    warnings: list[Report] = []
    notices: list[Report] = []
    for service in snapshot.services:
        obj = snapshot.objects.get(name_of(service))
        if obj is None or _is_foreign(service):
            continue
        share = shares.get(name_of(service), Share())
        node = ""
        if pool and share.addresses:
            node = _announcer(snapshot, service, nodes)
        if share.refusal:
            message = (
                f"Error syncing load balancer: failed to ensure load balancer: {share.refusal}"
            )
            warnings.append(Report(FAILED, message, about=obj))
        patch = _patch(service, obj, share.addresses, node)
        if patch is not None:
            if share.addresses and not held(service):
                notices.append(Report("EnsuringLoadBalancer", "Ensuring load balancer", about=obj))
            patches.append(patch)
    return Plan(patches=tuple(patches), warnings=tuple(warnings), notices=tuple(notices))


def _shares(
    snapshot: Snapshot,
    nodes: Sequence[Node],
    pool: AddressPool,
    reserved: Mapping[tuple[str, int], Taker],
) -> dict[Name, Share]:
    if pool:
        foreign = {
            one.address: f"node {node.metadata.name}"
            for node in snapshot.nodes
            for one in node.status.addresses
        }
        return assigning.from_pool(snapshot.services, pool, foreign)
    addresses = {
        name_of(service): _addresses(snapshot, service, nodes)
        for service in snapshot.services
        if is_balanced(service)
    }
    ports: dict[tuple[str, int], Taker] = {
        (port.protocol, port.node_port): name_of(service)
        for service in snapshot.services
        for port in service.spec.ports
        if port.node_port
    }
    return assigning.from_nodes(snapshot.services, addresses, {**ports, **reserved})


def _addresses(snapshot: Snapshot, service: Service, nodes: Sequence[Node]) -> list[str]:
    """Return the nodes' addresses at which the Service is served.

    Without a usable node it keeps those that it has: nobody would do better.
    """
    families = assigning.families_of(service)
    if not nodes:
        known = {one for node in snapshot.nodes for one in announcing.addresses_of(node, families)}
        return [address for address in held(service) if address in known]
    serving = _serving_nodes(snapshot, service, nodes)
    return [one for node in serving for one in announcing.addresses_of(node, families)]


def _serving_nodes(snapshot: Snapshot, service: Service, nodes: Sequence[Node]) -> Sequence[Node]:
    if not _is_local(service):
        return nodes
    return announcing.with_endpoints(nodes, snapshot.serving[name_of(service)])


def _announcer(snapshot: Snapshot, service: Service, nodes: Sequence[Node]) -> str:
    """Return the node that answers for the Service's address.

    Without a usable node it stays where it was: nobody would do better.
    """
    candidates = [one.metadata.name for one in _serving_nodes(snapshot, service, nodes)]
    current = service.metadata.annotations.get(ANNOUNCED_BY, "")
    return announcing.announcer(service.metadata.uid, current, candidates or [current])


def _patch(service: Service, obj: Object, addresses: Sequence[str], node: str) -> Patch | None:
    """Return the one write that gives the Service addresses and announcer, None if it has them."""
    body: dict[str, Any] = {}
    if held(service) != tuple(addresses):
        ingress = [{"ip": address, "ipMode": "VIP"} for address in addresses]
        body["status"] = {"loadBalancer": {"ingress": ingress or None}}
    if service.metadata.annotations.get(ANNOUNCED_BY, "") != node:
        body["metadata"] = {"annotations": {ANNOUNCED_BY: node or None}}
    if not body:
        return None
    report = Report()
    if addresses and not held(service):
        report = Report("EnsuredLoadBalancer", "Ensured load balancer", about=obj)
    elif addresses:
        report = Report("UpdatedLoadBalancer", "Updated load balancer with new hosts", about=obj)
    elif service.spec.type != "LoadBalancer":
        report = Report("DeletedLoadBalancer", "Deleted load balancer", about=obj)
    return Patch(ref(SERVICES, obj), body, "status", report)


def _matters(resource: Resource, event: Event, reader: Reader) -> bool:
    entry, previous = event.entry, event.previous
    if resource is SERVICES:
        return _concerns(entry) or (previous is not None and _concerns(previous))
    if resource is NODES:
        if previous is None or event.type == "DELETED":
            return True
        return _traits(entry.view(Node)) != _traits(previous.view(Node))
    owner = reader.find(SERVICES, entry.namespace, entry.view(EndpointSlice).service_name)
    return owner is not None and _is_local(owner.view(Service))


def _concerns(entry: Entry) -> bool:
    """Tell whether the Service has to do with load balancers, or had."""
    service = entry.view(Service)
    return (
        service.spec.type == "LoadBalancer"
        or bool(service.status.load_balancer.ingress)
        or ANNOUNCED_BY in service.metadata.annotations
    )


def _moves_node_ports(event: Event) -> bool:
    before = event.previous if event.type != "DELETED" else None
    return _node_ports(event.entry) != (_node_ports(before) if before is not None else set())


def _node_ports(entry: Entry) -> set[tuple[str, int]]:
    ports = entry.view(Service).spec.ports
    return {(port.protocol, port.node_port) for port in ports if port.node_port}


def _traits(node: Node) -> tuple[Any, ...]:
    return (
        node.ready,
        node.metadata.labels,
        node.metadata.deletion_timestamp,
        node.status.addresses,
    )


def _is_local(service: Service) -> bool:
    return is_balanced(service) and service.spec.external_traffic_policy == "Local"


def _is_foreign(service: Service) -> bool:
    """Tell whether somebody else's load balancer serves it."""
    spec = service.spec
    return spec.type == "LoadBalancer" and spec.load_balancer_class not in (None, "", CLASS)


def _serving(reader: Reader, names: Set[Name]) -> dict[Name, frozenset[str]]:
    """Return the nodes with ready endpoints of each of the Services."""
    slices: dict[Name, list[EndpointSlice]] = {name: [] for name in names}
    for entry in reader.list(ENDPOINTSLICES, None) if names else ():
        one = entry.view(EndpointSlice)
        slices.get(Name(entry.namespace, one.service_name), []).append(one)
    return {name: announcing.serving(group) for name, group in slices.items()}
