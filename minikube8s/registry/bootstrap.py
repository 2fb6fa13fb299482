"""The objects that every cluster has from its first second.

Owns nothing else: idempotent, so it runs at every start of the master.
"""

from __future__ import annotations

import logging
from typing import Any

from minikube8s.api import ingressing, localpath
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import (
    ENDPOINTS,
    ENDPOINTSLICES,
    INGRESSCLASSES,
    NAMESPACES,
    PRIORITYCLASSES,
    SERVICEACCOUNTS,
    SERVICES,
    STORAGECLASSES,
    Resource,
)
from minikube8s.api.strategy.classes import SYSTEM_PRIORITIES
from minikube8s.api.views import Service
from minikube8s.registry.admission import accounts
from minikube8s.registry.registry import Registry

log = logging.getLogger(__name__)

Object = dict[str, Any]

_PRIORITIES = {
    "system-cluster-critical": (
        "Used for system critical pods that must run in the cluster, but can be moved to another"
        " node if necessary."
    ),
    "system-node-critical": (
        "Used for system critical pods that must not be moved from their current node."
    ),
}
SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_NAMESPACE, _NAME = "default", "kubernetes"
_DNS_NAMESPACE, _DNS_NAME = "kube-system", "kube-dns"
_DNS_PORT = 53
_SYSTEM = "kube-system"
CLASSES_MADE = "mk8s.io/classes-made"
"""On the namespace kube-system: the names of the classes that the cluster was given."""
_CLASSES = {
    localpath.CLASS: (STORAGECLASSES, localpath.storage_class),
    ingressing.CLASS: (INGRESSCLASSES, ingressing.ingress_class),
}


async def ensure(registry: Registry, api_address: str = "", api_port: int = 6443) -> None:
    """Create what is missing: namespaces, priority and storage class, Service default/kubernetes.

    With `api_address`, an address of the API server that pods can reach, the Service gets it as
    its one endpoint, also after it changed. Raises ApiError, for instance when the Service's
    address is taken because the Service range changed.
    """
    for namespace in SYSTEM_NAMESPACES:
        await _create(registry, NAMESPACES, None, {"metadata": {"name": namespace}})
        account = {"metadata": {"name": accounts.DEFAULT}}
        await _create(registry, SERVICEACCOUNTS, namespace, account)
    for name, description in _PRIORITIES.items():
        await _create(registry, PRIORITYCLASSES, None, _priority(name, description))
    await _ensure_classes(registry)
    await _create(registry, SERVICES, _NAMESPACE, _service(registry.kubernetes_address, api_port))
    if api_address:
        await publish(registry, api_address, api_port)


async def publish(registry: Registry, api_address: str, api_port: int) -> None:
    """Make an address the one endpoint of Service default/kubernetes. Raises ApiError."""
    await _write(registry, ENDPOINTS, _endpoints(api_address, api_port))
    await _write(registry, ENDPOINTSLICES, _slice(api_address, api_port))


async def ensure_dns(registry: Registry) -> str:
    """Create the Service kube-system/kube-dns where it is missing; return its address.

    It has no selector and no endpoints: every node answers at its address itself. Where another
    Service has the address that is meant for it, it gets any, and people are told. Returns "" when
    there is none.
    """
    meant = registry.dns_address
    try:
        entry = registry.get(SERVICES, _DNS_NAMESPACE, _DNS_NAME)
    except ApiError:
        try:
            entry = await registry.create(SERVICES, _DNS_NAMESPACE, _dns_service(meant))
        except ApiError as refused:
            log.warning("cluster DNS cannot have the address %s: %s", meant, refused.message)
            try:
                entry = await registry.create(SERVICES, _DNS_NAMESPACE, _dns_service(""))
            except ApiError as error:
                log.error("there is no cluster DNS, give a Service's address free: %s", error)
                return ""
    address = entry.view(Service).spec.cluster_ip
    if address != meant:
        log.warning(
            "cluster DNS answers at %s, because %s was taken; pods ask there that are made from"
            " now on",
            address,
            meant,
        )
    return "" if address == "None" else address


def _dns_service(address: str) -> Object:
    return {
        "metadata": {
            "name": _DNS_NAME,
            "labels": {"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"},
        },
        "spec": {
            "type": "ClusterIP",
            **({"clusterIP": address} if address else {}),
            "ports": [
                {"name": name, "port": _DNS_PORT, "protocol": protocol, "targetPort": _DNS_PORT}
                for name, protocol in (("dns", "UDP"), ("dns-tcp", "TCP"))
            ],
        },
    }


async def _ensure_classes(registry: Registry) -> None:
    """Make the classes of storage and Ingresses, each once: who deletes one is rid of it."""
    namespace = registry.get(NAMESPACES, None, _SYSTEM).object["metadata"]
    made = (namespace.get("annotations") or {}).get(CLASSES_MADE, "")
    missing = [one for name, one in _CLASSES.items() if name not in made.split(",")]
    if not missing:
        return
    for resource, body in missing:
        await _create(registry, resource, None, body())

    def note(current: Object) -> Object:
        annotations = current["metadata"].get("annotations") or {}
        current["metadata"]["annotations"] = {**annotations, CLASSES_MADE: ",".join(_CLASSES)}
        return current

    await registry.update(NAMESPACES, None, _SYSTEM, note)


def _priority(name: str, description: str) -> Object:
    return {
        "metadata": {"name": name},
        "value": SYSTEM_PRIORITIES[name],
        "description": description,
    }


def _service(address: str, port: int) -> Object:
    return {
        "metadata": {
            "name": _NAME,
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "type": "ClusterIP",
            "clusterIP": address,
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": port}],
        },
    }


def _endpoints(address: str, port: int) -> Object:
    return {
        "metadata": {
            "name": _NAME,
            "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"},
        },
        "subsets": [
            {
                "addresses": [{"ip": address}],
                "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
            }
        ],
    }


def _slice(address: str, port: int) -> Object:
    return {
        "metadata": {"name": _NAME, "labels": {"kubernetes.io/service-name": _NAME}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
    }


async def _create(
    registry: Registry, resource: Resource, namespace: str | None, obj: Object
) -> None:
    try:
        registry.get(resource, namespace, obj["metadata"]["name"])
    except ApiError:
        await registry.create(resource, namespace, obj)


async def _write(registry: Registry, resource: Resource, obj: Object) -> None:
    await _create(registry, resource, _NAMESPACE, obj)
    content = {field: value for field, value in obj.items() if field != "metadata"}
    await registry.update(resource, _NAMESPACE, _NAME, lambda current: {**current, **content})
