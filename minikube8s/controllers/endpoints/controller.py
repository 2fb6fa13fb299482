"""What wakes the endpoints controller, what it reads, and the plan for one Service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from minikube8s.api.resources import (
    ENDPOINTS,
    ENDPOINTSLICES,
    NODES,
    PODS,
    SERVICES,
    Resource,
)
from minikube8s.api.selectors import Selector, from_map
from minikube8s.api.views import Node, Service
from minikube8s.controllers.actions import NOTHING, Create, Delete, Patch, Plan, Report, ref
from minikube8s.controllers.endpoints import hints, legacy, slices
from minikube8s.controllers.endpoints.backends import backends, families
from minikube8s.controllers.keys import Key
from minikube8s.controllers.podfacts import PodFacts, facts
from minikube8s.controllers.runner import Reader
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A Service (None: gone), the pods it selects, and what tells of its endpoints now."""

    service: Service | None
    service_object: Mapping[str, Any] | None
    pods: tuple[PodFacts, ...]
    slices: tuple[Mapping[str, Any], ...]
    endpoints: Mapping[str, Any] | None
    zones: Mapping[str, str] = field(default_factory=dict)
    """Those of the pods' nodes."""
    nodes: tuple[Node, ...] = ()
    """All there are, where the endpoints are shared out by them."""


class EndpointsController:
    """Keeps Endpoints and EndpointSlices of every Service with a selector."""

    name = "endpoint-slice"
    watches = (SERVICES, PODS, ENDPOINTSLICES, ENDPOINTS, NODES)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the Services that the change concerns."""
        entry = event.entry
        if resource is PODS:
            return _services_of_pod(event, reader)
        if resource is NODES:
            return _services_of_node(event, reader)
        if resource is ENDPOINTSLICES:
            if entry.labels.get(slices.MANAGED_BY) != slices.MANAGER:
                return ()
            return {Key(entry.namespace, entry.labels.get(slices.SERVICE_NAME, ""))}
        return {Key(entry.namespace, entry.name)}

    def read(self, reader: Reader, key: Key) -> Snapshot:
        """Return the Service with its pods and everything that was written for it."""
        entry = reader.find(SERVICES, *key)
        endpoints = reader.find(ENDPOINTS, *key)
        labels = {slices.SERVICE_NAME: key.name, slices.MANAGED_BY: slices.MANAGER}
        own = reader.selected(ENDPOINTSLICES, key.namespace, from_map(labels))
        service = entry.view(Service) if entry is not None else None
        pods = _selected(reader, service) if service is not None else ()
        # Only where they share out the endpoints all nodes are looked at: there may be thousands.
        shared_out = entry is not None and entry.digest(_is_shared_out)
        return Snapshot(
            service,
            entry.object if entry is not None else None,
            pods,
            tuple(one.object for one in own),
            endpoints.object if endpoints is not None else None,
            _zones(reader, {pod.node for pod in pods}),
            tuple(one.view(Node) for one in reader.list(NODES, None)) if shared_out else (),
        )

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the writes that make the endpoints tell the truth."""
        return plan(snapshot)


def plan(snapshot: Snapshot) -> Plan:
    """Plan one look at one Service."""
    service, service_object = snapshot.service, snapshot.service_object
    if service is None or service_object is None:
        return _clean_up(snapshot)
    if not service.spec.selector or service.spec.type == "ExternalName":
        return NOTHING
    if service.metadata.deletion_timestamp is not None:
        return NOTHING
    by_family = families(service)
    creates: list[Create] = []
    patches: list[Patch] = []
    deletes = [
        slices.remove(one) for one in snapshot.slices if one.get("addressType") not in by_family
    ]
    reports: list[Report] = []
    unhinted = {
        family: backends(service, snapshot.pods, snapshot.zones, family) for family in by_family
    }
    for family, every in unhinted.items():
        own = [one for one in snapshot.slices if one.get("addressType") == family]
        found, told = hints.hinted(service, every, snapshot.nodes, family)
        changes = slices.reconcile(service, service_object, found, own, family)
        creates += changes.creates
        patches += changes.patches
        deletes += changes.deletes
        if told is not None and (told.reason == hints.DISABLED or _is_news(told, own)):
            reports.append(told)
    old_form = legacy.reconcile(service, unhinted[by_family[0]], snapshot.endpoints)
    if isinstance(old_form, Create):
        creates.append(old_form)
    elif isinstance(old_form, Patch):
        patches.append(old_form)
    return Plan(
        about=service_object,
        patches=tuple(patches),
        creates=tuple(creates),
        deletes=tuple(deletes),
        warnings=tuple(one for one in reports if one.reason == hints.DISABLED),
        notices=tuple(one for one in reports if one.reason == hints.ENABLED),
    )


def _is_news(told: Report, existing: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether hints are given that were not given before."""
    endpoints = (endpoint for one in existing for endpoint in one.get("endpoints") or ())
    return told.reason == hints.ENABLED and not any(one.get("hints") for one in endpoints)


def _clean_up(snapshot: Snapshot) -> Plan:
    """Remove what was written for a Service that is gone, and nothing that others wrote."""
    deletes = [Delete(ref(ENDPOINTSLICES, one)) for one in snapshot.slices]
    endpoints = snapshot.endpoints
    if endpoints is not None:
        labels = endpoints["metadata"].get("labels") or {}
        if labels.get(legacy.MANAGED_BY) == legacy.MANAGER:
            deletes.append(Delete(ref(ENDPOINTS, endpoints)))
    return Plan(deletes=tuple(deletes))


def _selected(reader: Reader, service: Service) -> tuple[PodFacts, ...]:
    selector = from_map(service.spec.selector)
    found = reader.selected(PODS, service.metadata.namespace, selector)
    return tuple(facts(entry) for entry in found)


def _services_of_pod(event: Event, reader: Reader) -> Iterable[Key]:
    pod, previous = event.entry, event.previous
    states = [pod] if previous is None else [pod, previous]
    if not any(_has_address(state) for state in states):
        return
    yield from {key for state in states for key in _selecting(state, reader)}


def _selecting(pod: Entry, reader: Reader) -> Iterable[Key]:
    for service in reader.selecting(SERVICES, pod.namespace, pod.labels, _selector):
        yield Key(service.namespace, service.name)


def _selector(service: Entry) -> Selector:
    return from_map(service.view(Service).spec.selector)


def _services_of_node(event: Event, reader: Reader) -> Iterable[Key]:
    """Return the Services that the change of a node concerns: its zone, or what it can bear."""
    node, previous = event.entry, event.previous
    moved = node.labels.get(hints.ZONE) != (previous.labels.get(hints.ZONE) if previous else None)
    known = previous is not None and event.type != "DELETED"
    if not moved and known and _capacity(node) == _capacity(previous):
        return
    if moved:
        yield from {key for pod in reader.pods_on(node.name) for key in _selecting(pod, reader)}
    for entry in reader.list(SERVICES, None):
        if entry.digest(_is_shared_out):
            yield Key(entry.namespace, entry.name)


def _is_shared_out(entry: Entry) -> bool:
    """Tell whether the nodes' CPUs decide whom the Service's endpoints are for."""
    service = entry.view(Service)
    return bool(service.spec.selector) and hints.is_auto(service.metadata.annotations)


def _zones(reader: Reader, nodes: Iterable[str]) -> dict[str, str]:
    """Return the zones of the nodes that there are."""
    found = {name: reader.find(NODES, "", name) for name in nodes if name}
    return {name: node.digest(_zone) for name, node in found.items() if node is not None}


def _zone(node: Entry) -> str:
    return node.labels.get(hints.ZONE, "")


def _capacity(node: Entry | None) -> tuple[Any, ...]:
    if node is None:
        return ()
    view = node.view(Node)
    return view.ready, view.status.allocatable.get("cpu")


def _has_address(pod: Entry) -> bool:
    return bool(facts(pod).addresses)
