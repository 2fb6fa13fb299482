"""Copies Endpoints that users made into EndpointSlices, which is what proxies read.

Only those of Services without a selector: of others the slices tell already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any, NamedTuple

from minikube8s.api.meta import owner_reference
from minikube8s.api.resources import ENDPOINTS, ENDPOINTSLICES, SERVICES, Resource
from minikube8s.api.selectors import from_map
from minikube8s.api.views import Service
from minikube8s.controllers.actions import Create, Delete, Patch, Plan, Report, ref
from minikube8s.controllers.endpoints.slices import MANAGED_BY, SERVICE_NAME
from minikube8s.controllers.runner import Reader
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

MANAGER = "endpointslicemirroring-controller.k8s.io"
SKIP = "endpointslice.kubernetes.io/skip-mirror"
LEADER = "control-plane.alpha.kubernetes.io/leader"
CAPACITY = 1000
"""The most addresses of one subset that are copied."""
_OWN_ANNOTATIONS = (
    "endpoints.kubernetes.io/last-change-trigger-time",
    "kubectl.kubernetes.io/last-applied-configuration",
)

Json = dict[str, Any]
Kind = tuple[str, str]
"""Address type and ports (as text): endpoints that have both in common share a slice."""


class Key(NamedTuple):
    """Names Endpoints, and the Service that they are for."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Endpoints to copy (None: nothing is to be copied), and the copies there are."""

    endpoints: Mapping[str, Any] | None
    slices: tuple[Mapping[str, Any], ...]


class MirroringController:
    """Keeps the copies of Endpoints."""

    name = "endpoint-slice-mirroring"
    watches = (ENDPOINTS, SERVICES, ENDPOINTSLICES)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return what the change concerns."""
        entry, previous = event.entry, event.previous
        if resource is ENDPOINTSLICES:
            name = entry.labels.get(SERVICE_NAME, "") if _is_copy(entry) else ""
            return (Key(entry.namespace, name),) if name else ()
        # Copies that are there although they should not wake it themselves.
        if resource is ENDPOINTS:
            service = reader.find(SERVICES, entry.namespace, entry.name)
            concerned = service is None or not _selects(service)
        else:
            states = (entry,) if previous is None else (entry, previous)
            concerned = not all(_selects(state) for state in states)
        return (Key(entry.namespace, entry.name),) if concerned else ()

    def read(self, reader: Reader, key: Key) -> Snapshot:
        """Return the Endpoints if they are to be copied, and the copies."""
        labels = {SERVICE_NAME: key.name, MANAGED_BY: MANAGER}
        found = reader.selected(ENDPOINTSLICES, key.namespace, from_map(labels))
        copies = (entry.object for entry in found)
        endpoints = reader.find(ENDPOINTS, *key)
        service = reader.find(SERVICES, *key)
        wanted = (
            endpoints is not None
            and service is not None
            and not _selects(service)
            and _may_be_copied(endpoints)
        )
        return Snapshot(endpoints.object if endpoints and wanted else None, tuple(copies))

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the writes that make the copies say what the Endpoints say."""
        return plan(snapshot)


def plan(snapshot: Snapshot) -> Plan:
    """Plan one look at one Endpoints object."""
    obj = snapshot.endpoints
    if obj is None:
        return Plan(deletes=tuple(Delete(ref(ENDPOINTSLICES, one)) for one in snapshot.slices))
    wanted, warnings = _wanted(obj)
    creates: list[Create] = []
    patches: list[Patch] = []
    spare = list(snapshot.slices)
    for kind, (ports, endpoints) in wanted.items():
        existing = next((one for one in spare if _kind(one) == kind), None)
        body = _body(obj, kind[0], ports, endpoints)
        if existing is None:
            creates.append(Create(ENDPOINTSLICES, obj["metadata"]["namespace"], body))
            continue
        spare.remove(existing)
        patch = _difference(existing, body)
        if patch:
            patches.append(Patch(ref(ENDPOINTSLICES, existing), patch))
    return Plan(
        about=obj,
        patches=tuple(patches),
        creates=tuple(creates),
        deletes=tuple(Delete(ref(ENDPOINTSLICES, one)) for one in spare),
        warnings=tuple(warnings),
    )


def _wanted(
    obj: Mapping[str, Any],
) -> tuple[dict[Kind, tuple[list[Json], list[Json]]], list[Report]]:
    """Return ports and endpoints of every slice, and what could not be copied."""
    found: dict[Kind, tuple[list[Json], list[Json]]] = {}
    invalid = skipped = 0
    for subset in obj.get("subsets") or ():
        ports = _ports(subset)
        addresses = [(one, True) for one in subset.get("addresses") or ()]
        addresses += [(one, False) for one in subset.get("notReadyAddresses") or ()]
        skipped += max(0, len(addresses) - CAPACITY)
        for address, ready in addresses[:CAPACITY]:
            try:
                ip = ip_address(address["ip"])
            except ValueError:
                invalid += 1
                continue
            kind = f"IPv{ip.version}", str(ports)
            endpoints = found.setdefault(kind, (ports, []))[1]
            if len(endpoints) < CAPACITY:
                endpoints.append(_endpoint(address, str(ip), ready))
            else:
                skipped += 1
    warnings = []
    if invalid:
        why = f"Skipped {invalid} invalid IP addresses when mirroring to EndpointSlices"
        warnings.append(Report("InvalidIPAddress", why))
    if skipped:
        why = (
            f"A max of {CAPACITY} addresses can be mirrored to EndpointSlices per Endpoints"
            f" subset. {skipped} addresses were skipped"
        )
        warnings.append(Report("TooManyAddressesToMirror", why))
    return found, warnings


def _body(
    obj: Mapping[str, Any], family: str, ports: Sequence[Json], endpoints: list[Json]
) -> Json:
    metadata = obj["metadata"]
    annotations = {
        name: value
        for name, value in (metadata.get("annotations") or {}).items()
        if name not in _OWN_ANNOTATIONS
    }
    own = {SERVICE_NAME: metadata["name"], MANAGED_BY: MANAGER}
    return {
        "apiVersion": ENDPOINTSLICES.api_version,
        "kind": ENDPOINTSLICES.kind,
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "labels": {**(metadata.get("labels") or {}), **own},
            **({"annotations": annotations} if annotations else {}),
            "ownerReferences": [owner_reference(ENDPOINTS, obj)],
        },
        "addressType": family,
        "endpoints": endpoints,
        "ports": list(ports),
    }


def _difference(existing: Mapping[str, Any], body: Json) -> Json:
    """Return the patch that makes the slice say what `body` says; empty if it does."""
    patch: Json = {}
    if (existing.get("endpoints") or []) != body["endpoints"]:
        patch["endpoints"] = body["endpoints"]
    known, wanted = existing["metadata"], body["metadata"]
    for field in ("labels", "annotations"):
        before, after = known.get(field) or {}, wanted.get(field) or {}
        if before != after:
            patch.setdefault("metadata", {})[field] = {**dict.fromkeys(before), **after}
    if known.get("ownerReferences") != wanted["ownerReferences"]:
        patch.setdefault("metadata", {})["ownerReferences"] = wanted["ownerReferences"]
    return patch


def _ports(obj: Mapping[str, Any]) -> list[Json]:
    """Return the ports of a subset or a slice, spelled alike."""
    return [
        {
            "name": port.get("name", ""),
            **{name: port[name] for name in ("port", "protocol", "appProtocol") if name in port},
        }
        for port in obj.get("ports") or ()
    ]


def _kind(one: Mapping[str, Any]) -> Kind:
    return one.get("addressType", ""), str(_ports(one))


def _endpoint(address: Mapping[str, Any], ip: str, ready: bool) -> Json:
    body: Json = {"addresses": [ip], "conditions": {"ready": ready}}
    for name in ("targetRef", "hostname", "nodeName"):
        if address.get(name):
            body[name] = address[name]
    return body


def _selects(service: Entry) -> bool:
    return bool(service.view(Service).spec.selector)


def _is_copy(entry: Entry) -> bool:
    return entry.labels.get(MANAGED_BY) == MANAGER


def _may_be_copied(endpoints: Entry) -> bool:
    metadata = endpoints.object["metadata"]
    return (
        endpoints.labels.get(SKIP) != "true"
        and LEADER not in (metadata.get("annotations") or {})
        and "deletionTimestamp" not in metadata
    )
