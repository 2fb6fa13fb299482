"""Tables of Services and their endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from minikube8s.api.tables.model import (
    AGE,
    NAME,
    NONE,
    SELECTOR,
    UNKNOWN,
    Column,
    Obj,
    Table,
    age,
    label_map,
    name_of,
    section,
    shortened,
)


def _service(obj: Obj, now: datetime) -> list[Any]:
    spec = section(obj, "spec")
    addresses = spec.get("clusterIPs") or [spec.get("clusterIP") or NONE]
    return [
        name_of(obj),
        spec.get("type") or "ClusterIP",
        addresses[0],
        _external_address(obj),
        ",".join(_port(port) for port in spec.get("ports") or ()) or NONE,
        age(obj, now),
        label_map(spec.get("selector")),
    ]


def _external_address(service: Obj) -> str:
    spec = section(service, "spec")
    external = list(spec.get("externalIPs") or ())
    match spec.get("type") or "ClusterIP":
        case "ClusterIP" | "NodePort":
            return ",".join(external) or NONE
        case "LoadBalancer":
            ingress = section(section(service, "status"), "loadBalancer").get("ingress") or ()
            found = {one.get("ip") or one.get("hostname") or "" for one in ingress}
            return ",".join([*sorted(found - {""}), *external]) or "<pending>"
        case "ExternalName":
            return spec.get("externalName") or ""
    return UNKNOWN


def _port(port: Obj) -> str:
    number, protocol = port.get("port", 0), port.get("protocol") or "TCP"
    node_port = port.get("nodePort")
    return f"{number}:{node_port}/{protocol}" if node_port else f"{number}/{protocol}"


def _endpoints(obj: Obj, now: datetime) -> list[Any]:
    subsets = obj.get("subsets") or ()
    listed = [item for subset in subsets for item in _subset(subset)]
    return [name_of(obj), shortened(listed, "" if subsets else NONE), age(obj, now)]


def _subset(subset: Obj) -> Iterator[str]:
    """Yield each address with each port; alone for a headless Service without ports."""
    addresses = [address.get("ip", "") for address in subset.get("addresses") or ()]
    ports = subset.get("ports") or ()
    if not ports:
        yield from addresses
    for port in ports:
        for address in addresses:
            host = f"[{address}]" if ":" in address else address
            yield f"{host}:{port.get('port', 0)}"


def _endpoint_slice(obj: Obj, now: datetime) -> list[Any]:
    ports = [str(port.get("port") or port.get("name") or "*") for port in obj.get("ports") or ()]
    endpoints = obj.get("endpoints") or ()
    addresses = [address for one in endpoints for address in one.get("addresses") or ()]
    return [
        name_of(obj),
        obj.get("addressType", ""),
        shortened(ports, "<unset>"),
        shortened(addresses, "<unset>"),
        age(obj, now),
    ]


SERVICE = Table(
    (
        NAME,
        Column("Type", "How the Service is exposed."),
        Column("Cluster-IP", "The Service's address inside the cluster."),
        Column("External-IP", "Addresses that reach the Service from outside."),
        Column("Port(s)", "Ports, with the node port where there is one."),
        AGE,
        SELECTOR,
    ),
    _service,
)
ENDPOINTS = Table(
    (NAME, Column("Endpoints", "Addresses and ports of ready pods."), AGE),
    _endpoints,
)
ENDPOINT_SLICE = Table(
    (
        NAME,
        Column("AddressType", "The family of the slice's addresses."),
        Column("Ports", "Ports of each endpoint."),
        Column("Endpoints", "Addresses of the endpoints."),
        AGE,
    ),
    _endpoint_slice,
)
