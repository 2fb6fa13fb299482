"""The variables by which a container finds the Services of its namespace. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from minikube8s.api.views import Service

_MASTER_NAMESPACE, _MASTER_NAME = "default", "kubernetes"


def service_environment(
    services: Iterable[Service], namespace: str, *, links: bool
) -> dict[str, str]:
    """Variables of every Service with an address in `namespace`; without `links` only the API
    server's.

    The API server's Service is there in every namespace, unless that has a Service of the same
    name.
    """
    chosen: dict[str, Service] = {}
    for service in services:
        name, home = service.metadata.name, service.metadata.namespace
        if service.spec.cluster_ip in ("", "None") or not service.spec.ports:
            continue
        if home == namespace and links:
            chosen[name] = service
        elif (home, name) == (_MASTER_NAMESPACE, _MASTER_NAME):
            chosen.setdefault(name, service)
    variables: dict[str, str] = {}
    for name in sorted(chosen):
        variables |= _variables(chosen[name])
    return variables


def _variables(service: Service) -> dict[str, str]:
    prefix = _variable_name(service.metadata.name)
    address = service.spec.cluster_ip
    host = f"[{address}]" if ":" in address else address
    first = service.spec.ports[0]
    variables = {
        f"{prefix}_SERVICE_HOST": address,
        f"{prefix}_SERVICE_PORT": str(first.port),
        f"{prefix}_PORT": f"{first.protocol.lower()}://{host}:{first.port}",
    }
    for port in service.spec.ports:
        if port.name:
            variables[f"{prefix}_SERVICE_PORT_{_variable_name(port.name)}"] = str(port.port)
        link = f"{prefix}_PORT_{port.port}_{port.protocol.upper()}"
        variables |= {
            link: f"{port.protocol.lower()}://{host}:{port.port}",
            f"{link}_PROTO": port.protocol.lower(),
            f"{link}_PORT": str(port.port),
            f"{link}_ADDR": address,
        }
    return variables


def _variable_name(name: str) -> str:
    return name.upper().replace("-", "_")
