"""The resource table: which kinds exist and how they are named, scoped and addressed.

Everything that differs between kinds by a *name* is a row here; what differs by behaviour is a
hook in `api.strategy`. Imports nothing heavy, because the CLI reads it on every start.
"""

from minikube8s.api.resources.model import Resource, ResourceTable, Subresource
from minikube8s.api.resources.rows import (
    CONFIGMAPS,
    DEPLOYMENTS,
    ENDPOINTS,
    ENDPOINTSLICES,
    EVENTS,
    LEASES,
    NAMESPACES,
    NODES,
    PODS,
    REPLICASETS,
    RESOURCES,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
)

__all__ = [
    "CONFIGMAPS",
    "DEPLOYMENTS",
    "ENDPOINTS",
    "ENDPOINTSLICES",
    "EVENTS",
    "LEASES",
    "NAMESPACES",
    "NODES",
    "PODS",
    "REPLICASETS",
    "RESOURCES",
    "SECRETS",
    "SERVICEACCOUNTS",
    "SERVICES",
    "Resource",
    "ResourceTable",
    "Subresource",
]
