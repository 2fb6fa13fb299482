"""Tables: the columns and cells that `kubectl get` prints, as the API server computes them. Pure.

Cells of columns with priority 1 show in `-o wide`; they are always computed. A kind without a
table of its own has NAME and AGE.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from minikube8s.api.resources import Resource
from minikube8s.api.tables import apps, cluster, config, events, pods, services
from minikube8s.api.tables.model import AGE, NAME, Table, age, name_of

__all__ = ["columns", "row"]

_GENERIC = Table((NAME, AGE), lambda obj, now: [name_of(obj), age(obj, now)])

_KINDS: dict[tuple[str, str], Table] = {
    ("", "ConfigMap"): config.CONFIG_MAP,
    ("", "Endpoints"): services.ENDPOINTS,
    ("", "Event"): events.EVENT,
    ("", "Namespace"): cluster.NAMESPACE,
    ("", "Node"): cluster.NODE,
    ("", "Pod"): pods.POD,
    ("", "Secret"): config.SECRET,
    ("", "Service"): services.SERVICE,
    ("", "ServiceAccount"): config.SERVICE_ACCOUNT,
    ("apps", "Deployment"): apps.DEPLOYMENT,
    ("apps", "ReplicaSet"): apps.REPLICA_SET,
    ("coordination.k8s.io", "Lease"): config.LEASE,
    ("discovery.k8s.io", "EndpointSlice"): services.ENDPOINT_SLICE,
}


def _table(resource: Resource) -> Table:
    return _KINDS.get((resource.group, resource.kind), _GENERIC)


def columns(resource: Resource) -> list[dict[str, Any]]:
    """Return the kind's TableColumnDefinitions."""
    return [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": column.description,
            "priority": column.priority,
        }
        for column in _table(resource).columns
    ]


def row(resource: Resource, obj: Mapping[str, Any], now: datetime) -> list[Any]:
    """Return the object's cells, one a column, with ages as of `now`."""
    return _table(resource).cells(obj, now)
