"""Ingresses for tests, as they stand in the registry."""

from typing import Any

from minikube8s.api.views import Ingress, Service, from_dict
from minikube8s.controllers.ingress.routing import Item
from tests.support.objects import metadata

Json = dict[str, Any]


def backend(name: str, port: int | str = 80) -> Json:
    by = {"number": port} if isinstance(port, int) else {"name": port}
    return {"service": {"name": name, "port": by}}


def path(text: str, to: str, type: str = "Prefix", port: int | str = 80) -> Json:
    return {"path": text, "pathType": type, "backend": backend(to, port)}


def rule(host: str = "", *paths: Json) -> Json:
    body: Json = {"http": {"paths": list(paths)}} if paths else {}
    return {"host": host, **body} if host else body


def ingress(
    name: str, *rules: Json, minute: int = 0, annotations: Json | None = None, **spec: Any
) -> Json:
    created = f"2026-01-01T00:{minute:02}:00Z"
    head = metadata(name, creationTimestamp=created, annotations=annotations or {})
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}
    return {**kind, "metadata": head, "spec": {"rules": list(rules), **spec}}


def item(obj: Json) -> Item:
    return from_dict(Ingress, obj), obj


def web_service(name: str, address: str, port: int = 80, **spec: Any) -> Service:
    ports = [{"name": "http", "port": port, "protocol": "TCP"}]
    body = {"type": "ClusterIP", "clusterIP": address, "ports": ports, **spec}
    return from_dict(Service, {"metadata": metadata(name), "spec": body})
