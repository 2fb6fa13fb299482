"""Whom a proxy request is for: an address, and the node through which it is reached.

Owns Kubernetes' choice of ports and endpoints, and its refusals. It only reads.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.quoting import quote
from minikube8s.api.resources import ENDPOINTSLICES, NODES, PODS, SERVICES
from minikube8s.registry import Registry
from minikube8s.server import containers
from minikube8s.server.proxying import names

Object = dict[str, Any]

KUBELET_PORT = "10250"
SERVICE_NAME = "kubernetes.io/service-name"
_STANDARD = {"http": 80, "https": 443}


class Target(NamedTuple):
    """Where to connect, and from which node."""

    node: str
    scheme: str
    address: str
    port: int

    @property
    def host(self) -> str:
        """`address:port`, as URLs write it."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.port}"


def pod_target(registry: Registry, namespace: str, text: str) -> Target:
    """Return what `[SCHEME:]NAME[:PORT]` of a pod means. Raises ApiError."""
    named = names.split("pod", text)
    pod = registry.get(PODS, namespace, named.name).object
    address = _allowed((pod.get("status") or {}).get("podIP", ""))
    declared = (port for one in pod["spec"]["containers"] for port in one.get("ports") or ())
    if named.port:
        port = names.number("pod", text, named.port)
    else:
        first = next(declared, None)
        port = first["containerPort"] if first else _STANDARD[named.scheme]
    return Target(containers.node_of(pod), named.scheme, address, port)


def service_target(registry: Registry, namespace: str, text: str) -> Target:
    """Return one of the endpoints of the service that is meant. Raises ApiError."""
    named = names.split("service", text)
    service = registry.get(SERVICES, namespace, named.name).object
    wanted = _port_name(service, named)
    candidates = list(_endpoints(registry, namespace, named.name, wanted))
    random.shuffle(candidates)
    for address, pod_name, port in candidates:
        node = _node_of_pod(registry, namespace, pod_name, address)
        if node:
            return Target(node, named.scheme, _allowed(address), port)
    raise errors.unavailable(f"no endpoints available for service {quote(named.name)}")


def node_target(registry: Registry, text: str) -> Target | None:
    """Return a port of a node; None when its own agent is meant. Raises ApiError."""
    named = names.split("node", text)
    node = registry.get(NODES, None, named.name).object
    if named.port in {"", KUBELET_PORT}:
        return None
    port = names.number("node", text, named.port)
    addresses = (node.get("status") or {}).get("addresses") or ()
    found = [one["address"] for one in addresses if one["type"] == "InternalIP"]
    return Target(named.name, named.scheme, _allowed(found[0] if found else ""), port)


def _port_name(service: Object, named: names.Named) -> str:
    """Return the name of the service's port that is meant; "" is that of one without a name."""
    if not (named.port.isascii() and named.port.isdigit()):
        return named.port
    # Compared as text: it may have more digits than a number can.
    number = named.port.lstrip("0")
    for port in service["spec"].get("ports") or ():
        if str(port["port"]) == number:
            return str(port.get("name", ""))
    why = f"no service port {number or '0'} found for service {quote(named.name)}"
    raise errors.unavailable(why)


def _endpoints(
    registry: Registry, namespace: str, service: str, port_name: str
) -> Iterator[tuple[str, str, int]]:
    """Yield address, pod and port of the endpoints that are ready and are pods.

    What else an EndpointSlice may name is not reached, or whoever may write one could reach
    whatever the nodes reach.
    """
    for entry in registry.list(ENDPOINTSLICES, namespace):
        one = entry.object
        if (one["metadata"].get("labels") or {}).get(SERVICE_NAME) != service:
            continue
        ports = [p["port"] for p in one.get("ports") or () if p.get("name", "") == port_name]
        for endpoint in one.get("endpoints") or ():
            ready = (endpoint.get("conditions") or {}).get("ready", True)
            target = endpoint.get("targetRef") or {}
            if ready and ports and target.get("kind") == "Pod" and endpoint.get("addresses"):
                yield endpoint["addresses"][0], target.get("name", ""), ports[0]


def _node_of_pod(registry: Registry, namespace: str, name: str, address: str) -> str:
    """Return the node of a pod that has the address, "" when there is no such pod any more."""
    try:
        pod = registry.get(PODS, namespace, name).object
    except ApiError:
        return ""
    status = pod.get("status") or {}
    own = {status.get("podIP"), *(one.get("ip") for one in status.get("podIPs") or ())}
    return str(pod["spec"].get("nodeName", "")) if address in own else ""


def _allowed(address: str) -> str:
    """Return an address that may be reached. Raises ApiError BadRequest for the others."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        ip = None
    if ip is None or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        raise errors.bad_request("address not allowed")
    return address
