"""Lays a Service's backends out over EndpointSlices, changing as little as possible. Pure.

Every slice holds at most PER_SLICE endpoints that all have the same ports. A Service with a
selector always has at least one slice, empty if need be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minikube8s.api.meta import owner_reference
from minikube8s.api.resources import ENDPOINTSLICES, SERVICES
from minikube8s.api.views import Service
from minikube8s.controllers.actions import Create, Delete, Patch, Report, ref
from minikube8s.controllers.endpoints.backends import IPV4, Backend, Port, port_json

PER_SLICE = 100
SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
HEADLESS = "service.kubernetes.io/headless"

FAILED = Report(
    failed_reason="FailedToUpdateEndpointSlices",
    failed_message="Error updating Endpoint Slices for Service: ",
)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Changes:
    """The writes that bring a Service's slices in line."""

    creates: tuple[Create, ...] = ()
    patches: tuple[Patch, ...] = ()
    deletes: tuple[Delete, ...] = ()


@dataclass(slots=True)
class _Slice:
    """One existing slice while endpoints are being laid out."""

    object: Mapping[str, Any]
    endpoints: list[Json]
    changed: bool = False

    @property
    def room(self) -> int:
        return PER_SLICE - len(self.endpoints)


def reconcile(
    service: Service,
    service_object: Mapping[str, Any],
    found: Sequence[Backend],
    existing: Sequence[Mapping[str, Any]],
    family: str = IPV4,
) -> Changes:
    """Return the changes from `existing` slices of this Service to the backends `found`.

    All of them are of one family of addresses.
    """
    by_ports: dict[tuple[Port, ...], dict[str, Json]] = {}
    for backend in found:
        by_ports.setdefault(backend.ports, {})[backend.pod["uid"]] = _endpoint(backend)
    slices: dict[tuple[Port, ...], list[_Slice]] = {}
    obsolete: list[Mapping[str, Any]] = []
    for slice_object in existing:
        ports = _ports_of(slice_object)
        if by_ports and ports not in by_ports:
            obsolete.append(slice_object)
        else:
            entries = list(slice_object.get("endpoints") or ())
            slices.setdefault(ports, []).append(_Slice(slice_object, entries))
    if not by_ports:
        by_ports = {ports: {} for ports in slices} or {(): {}}
    fresh: list[Json] = []
    for ports, wanted in by_ports.items():
        leftover = _lay_out(slices.get(ports, []), wanted)
        bodies = [leftover[at : at + PER_SLICE] for at in range(0, len(leftover), PER_SLICE)]
        fresh += [_new_slice(service, service_object, ports, body, family) for body in bodies]
    kept, emptied = _without_empty([one for group in slices.values() for one in group], fresh)
    if not kept and not fresh:
        fresh = [_new_slice(service, service_object, (), [], family)]
    return Changes(
        tuple(Create(ENDPOINTSLICES, service.metadata.namespace, one, FAILED) for one in fresh),
        tuple(patch for one in kept if (patch := _patch(service, service_object, one))),
        tuple(
            Delete(ref(ENDPOINTSLICES, one), report=FAILED)
            for one in [*obsolete, *(one.object for one in emptied)]
        ),
    )


def remove(slice_object: Mapping[str, Any]) -> Delete:
    """Return the removal of a slice whose family the Service has no more."""
    return Delete(ref(ENDPOINTSLICES, slice_object), report=FAILED)


def labels(service: Service) -> dict[str, str]:
    """Return a slice's labels: the Service's own, and those that say what it is."""
    wanted = {**service.metadata.labels, SERVICE_NAME: service.metadata.name, MANAGED_BY: MANAGER}
    wanted.pop(HEADLESS, None)
    return {**wanted, HEADLESS: ""} if service.spec.headless else wanted


def _lay_out(slices: list[_Slice], wanted: Mapping[str, Json]) -> list[Json]:
    """Bring `slices` up to date in place; return the endpoints that found no room."""
    missing = dict(wanted)
    for one in slices:
        kept = []
        for endpoint in one.endpoints:
            fresh = missing.pop((endpoint.get("targetRef") or {}).get("uid", ""), None)
            if fresh is not None:
                kept.append(fresh)
            one.changed |= fresh != endpoint
        one.endpoints = kept
    rest = list(missing.values())
    # A slice that is written anyway takes new endpoints first; of the others the fullest that
    # takes all of the rest, so that few slices are written.
    for one in sorted(slices, key=lambda one: (not one.changed, one.room)):
        if rest and (one.changed or one.room >= len(rest)):
            taken, rest = rest[: one.room], rest[one.room :]
            one.endpoints += taken
            one.changed |= bool(taken)
    return rest


def _without_empty(
    slices: list[_Slice], fresh: Sequence[Json]
) -> tuple[list[_Slice], list[_Slice]]:
    """Separate slices that are left empty, except the last one that a Service has."""
    empty = [one for one in slices if not one.endpoints]
    kept = [one for one in slices if one.endpoints]
    if empty and not kept and not fresh:
        kept = [empty.pop(0)]
    return kept, empty


def _patch(service: Service, service_object: Mapping[str, Any], one: _Slice) -> Patch | None:
    metadata = one.object["metadata"]
    patch: Json = {}
    if one.changed:
        patch["endpoints"] = one.endpoints
    wanted, known = labels(service), metadata.get("labels") or {}
    if wanted != known:
        patch["metadata"] = {"labels": {**dict.fromkeys(known), **wanted}}
    owners = [owner_reference(SERVICES, service_object)]
    if metadata.get("ownerReferences") != owners:
        patch.setdefault("metadata", {})["ownerReferences"] = owners
    return Patch(ref(ENDPOINTSLICES, one.object), patch, report=FAILED) if patch else None


def _new_slice(
    service: Service,
    service_object: Mapping[str, Any],
    ports: tuple[Port, ...],
    endpoints: list[Json],
    family: str,
) -> Json:
    return {
        "apiVersion": ENDPOINTSLICES.api_version,
        "kind": ENDPOINTSLICES.kind,
        "metadata": {
            "generateName": f"{service.metadata.name}-",
            "labels": labels(service),
            "ownerReferences": [owner_reference(SERVICES, service_object)],
        },
        "addressType": family,
        "endpoints": endpoints,
        "ports": [port_json(port) for port in ports],
    }


def _ports_of(slice_object: Mapping[str, Any]) -> tuple[Port, ...]:
    return tuple(
        Port(
            port.get("name", ""),
            port.get("protocol", "TCP"),
            port.get("port", 0),
            port.get("appProtocol"),
        )
        for port in slice_object.get("ports") or ()
    )


def _endpoint(backend: Backend) -> Json:
    body: Json = {
        "addresses": [backend.address],
        "conditions": {
            "ready": backend.ready,
            "serving": backend.serving,
            "terminating": backend.terminating,
        },
        "targetRef": dict(backend.pod),
    }
    if backend.hostname:
        body["hostname"] = backend.hostname
    if backend.node:
        body["nodeName"] = backend.node
    if backend.zone:
        body["zone"] = backend.zone
    if backend.hints:
        body["hints"] = dict(backend.hints)
    return body
