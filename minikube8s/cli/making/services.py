"""Services of flags."""

from __future__ import annotations

from collections.abc import Sequence

from minikube8s.api import names
from minikube8s.cli.errors import CommandError
from minikube8s.cli.making.base import Object, made, number_or_name, port_number


def service(
    name: str,
    type_: str,
    ports: Sequence[str],
    *,
    cluster_ip: str = "",
    node_port: int = 0,
    external_name: str = "",
) -> Object:
    """A Service of pods with the label `app=NAME`. ``ports``: `PORT` or `PORT:TARGET`."""
    if not ports and type_ != "ExternalName" and cluster_ip != "None":
        raise CommandError("at least one tcp port specifier must be provided: --tcp=80:8080")
    if cluster_ip == "None" and ports and type_ != "ClusterIP":
        raise CommandError("can not map ports with clusterip=None")
    if external_name and names.dns1123_subdomain(external_name):
        raise CommandError(f"invalid service external name {external_name}")
    labels = {"app": name}
    spec: Object = {
        "ports": [_port(text, node_port) for text in ports],
        "selector": labels,
        "clusterIP": cluster_ip,
        "type": type_,
        "externalName": external_name,
    }
    spec = {field: value for field, value in spec.items() if value}
    return made("Service", "v1", name, labels=labels, spec=spec, status={"loadBalancer": {}})


def _port(text: str, node_port: int) -> Object:
    number, _, target = text.partition(":")
    port: Object = {
        "name": text.replace(":", "-"),
        "protocol": "TCP",
        "port": port_number(number),
        "targetPort": number_or_name(target or number),
    }
    return port | ({"nodePort": node_port} if node_port else {})
