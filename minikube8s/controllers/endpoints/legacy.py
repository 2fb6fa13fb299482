"""Lays a Service's backends out as the older Endpoints object. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from minikube8s.api.resources import ENDPOINTS
from minikube8s.api.views import Service
from minikube8s.controllers.actions import Create, Patch, Report, ref
from minikube8s.controllers.endpoints.backends import Backend, Port, port_json
from minikube8s.controllers.endpoints.slices import HEADLESS

CAPACITY = 1000
"""The most addresses of one Endpoints object."""
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
MANAGED_BY = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"

FAILED_CREATE = Report(
    failed_reason="FailedToCreateEndpoint", failed_message="Failed to create endpoint for service: "
)
FAILED_UPDATE = Report(
    failed_reason="FailedToUpdateEndpoint", failed_message="Failed to update endpoint: "
)

Json = dict[str, Any]


def reconcile(
    service: Service, found: Sequence[Backend], existing: Mapping[str, Any] | None
) -> Create | Patch | None:
    """Return the write that makes the Service's Endpoints say `found`, if one is needed."""
    everybody = service.spec.publish_not_ready_addresses
    present = [one for one in found if everybody or not one.terminating]
    # Where not all find room, those that serve come first.
    serving = sorted(present, key=lambda one: not one.ready) if len(present) > CAPACITY else present
    subsets = _subsets(service, serving[:CAPACITY])
    labels = _labels(service)
    truncated = len(present) > CAPACITY
    if existing is None:
        metadata: Json = {"name": service.metadata.name, "labels": labels}
        if truncated:
            metadata["annotations"] = {OVER_CAPACITY: "truncated"}
        body: Json = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}
        if subsets:
            body["subsets"] = subsets
        return Create(ENDPOINTS, service.metadata.namespace, body, FAILED_CREATE)
    patch: Json = {}
    if (existing.get("subsets") or []) != subsets:
        patch["subsets"] = subsets or None
    metadata = existing["metadata"]
    known = metadata.get("labels") or {}
    if known != labels:
        patch["metadata"] = {"labels": {**dict.fromkeys(known), **labels}}
    if truncated != (OVER_CAPACITY in (metadata.get("annotations") or {})):
        mark = {OVER_CAPACITY: "truncated" if truncated else None}
        patch.setdefault("metadata", {})["annotations"] = mark
    return Patch(ref(ENDPOINTS, existing), patch, report=FAILED_UPDATE) if patch else None


def _labels(service: Service) -> dict[str, str]:
    wanted = {**service.metadata.labels, MANAGED_BY: MANAGER}
    wanted.pop(HEADLESS, None)
    return {**wanted, HEADLESS: ""} if service.spec.headless else wanted


def _subsets(service: Service, found: Sequence[Backend]) -> list[Json]:
    groups: dict[tuple[Port, ...], tuple[list[Json], list[Json]]] = {}
    for backend in found:
        if not backend.ports and not service.spec.headless:
            continue
        ready, not_ready = groups.setdefault(backend.ports, ([], []))
        (ready if backend.ready else not_ready).append(_address(backend))
    return [_subset(ports, *groups[ports]) for ports in sorted(groups, key=str)]


def _subset(ports: Sequence[Port], ready: list[Json], not_ready: list[Json]) -> Json:
    body: Json = {}
    if ready:
        body["addresses"] = sorted(ready, key=_address_order)
    if not_ready:
        body["notReadyAddresses"] = sorted(not_ready, key=_address_order)
    if ports:
        body["ports"] = [_named_port(port) for port in ports]
    return body


def _address_order(address: Json) -> tuple[int, str]:
    return int(ip_address(address["ip"])), address["targetRef"]["uid"]


def _named_port(port: Port) -> Json:
    body = port_json(port)
    if not port.name:
        del body["name"]
    return body


def _address(backend: Backend) -> Json:
    body: Json = {"ip": backend.address, "targetRef": dict(backend.pod)}
    if backend.hostname:
        body["hostname"] = backend.hostname
    if backend.node:
        body["nodeName"] = backend.node
    return body
