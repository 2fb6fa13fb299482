"""Services and nodes for tests of what reaches Services from outside."""

from typing import Any

from minikube8s.api.views import Node, Service, from_dict
from tests.support.objects import metadata

Json = dict[str, Any]


def service(name: str, port: int = 80, *, has: tuple[str, ...] = (), **spec: Any) -> Json:
    """A LoadBalancer Service that has these addresses; `spec` may hold `metadata` fields, too."""
    head = metadata(name, **spec.pop("metadata", {}))
    ports = spec.pop("ports", [{"port": port, "protocol": "TCP"}])
    ingress = [{"ip": one, "ipMode": "VIP"} for one in has]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": head,
        "spec": {"type": "LoadBalancer", "ports": ports, **spec},
        "status": {"loadBalancer": {"ingress": ingress} if ingress else {}},
    }


def service_view(name: str, port: int = 80, **fields: Any) -> Service:
    return from_dict(Service, service(name, port, **fields))


def node_json(
    name: str, address: str = "", *, ready: bool = True, labels: Json | None = None
) -> Json:
    addresses = [{"type": "InternalIP", "address": address}] if address else []
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    return {
        "metadata": {"name": name, "labels": labels or {}},
        "status": {"addresses": addresses, "conditions": [condition]},
    }


def node_view(name: str, address: str = "", **fields: Any) -> Node:
    return from_dict(Node, node_json(name, address, **fields))
