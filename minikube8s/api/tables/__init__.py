"""Tables: the columns and cells that `kubectl get` prints, as the API server computes them. Pure.

Cells of columns with priority 1 show in `-o wide`; they are always computed. A kind without a
table of its own has NAME and AGE.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from minikube8s.api.lazy import attribute
from minikube8s.api.resources import PODS, Resource
from minikube8s.api.tables.model import AGE, NAME, Table, age, name_of

__all__ = ["columns", "conditions", "row"]

_GENERIC = Table((NAME, AGE), lambda obj, now: [name_of(obj), age(obj, now)])

_KINDS: dict[tuple[str, str], str] = {
    ("", "ComponentStatus"): "components:COMPONENT_STATUS",
    ("", "ConfigMap"): "config:CONFIG_MAP",
    ("", "Endpoints"): "services:ENDPOINTS",
    ("", "Event"): "events:EVENT",
    ("", "LimitRange"): "quotas:LIMIT_RANGE",
    ("", "Namespace"): "cluster:NAMESPACE",
    ("", "Node"): "cluster:NODE",
    ("", "PersistentVolume"): "volumes:PERSISTENT_VOLUME",
    ("", "PersistentVolumeClaim"): "volumes:PERSISTENT_VOLUME_CLAIM",
    ("", "Pod"): "pods:POD",
    ("", "PodTemplate"): "sets:POD_TEMPLATE",
    ("", "ReplicationController"): "sets:REPLICATION_CONTROLLER",
    ("", "ResourceQuota"): "quotas:RESOURCE_QUOTA",
    ("", "Secret"): "config:SECRET",
    ("", "Service"): "services:SERVICE",
    ("", "ServiceAccount"): "config:SERVICE_ACCOUNT",
    ("apps", "ControllerRevision"): "sets:CONTROLLER_REVISION",
    ("apps", "DaemonSet"): "sets:DAEMON_SET",
    ("apps", "Deployment"): "apps:DEPLOYMENT",
    ("apps", "ReplicaSet"): "apps:REPLICA_SET",
    ("apps", "StatefulSet"): "sets:STATEFUL_SET",
    ("autoscaling", "HorizontalPodAutoscaler"): "autoscaling:HORIZONTAL_POD_AUTOSCALER",
    ("batch", "CronJob"): "batch:CRON_JOB",
    ("batch", "Job"): "batch:JOB",
    ("certificates.k8s.io", "CertificateSigningRequest"): "certificates:SIGNING_REQUEST",
    ("coordination.k8s.io", "Lease"): "config:LEASE",
    ("discovery.k8s.io", "EndpointSlice"): "services:ENDPOINT_SLICE",
    ("metrics.k8s.io", "NodeMetrics"): "metrics:NODE_METRICS",
    ("metrics.k8s.io", "PodMetrics"): "metrics:POD_METRICS",
    ("networking.k8s.io", "IPAddress"): "networking:IP_ADDRESS",
    ("networking.k8s.io", "Ingress"): "networking:INGRESS",
    ("networking.k8s.io", "IngressClass"): "networking:INGRESS_CLASS",
    ("networking.k8s.io", "NetworkPolicy"): "networking:NETWORK_POLICY",
    ("networking.k8s.io", "ServiceCIDR"): "networking:SERVICE_CIDR",
    ("node.k8s.io", "RuntimeClass"): "classes:RUNTIME_CLASS",
    ("policy", "PodDisruptionBudget"): "quotas:POD_DISRUPTION_BUDGET",
    ("rbac.authorization.k8s.io", "ClusterRole"): "rbac:ROLE",
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): "rbac:ROLE_BINDING",
    ("rbac.authorization.k8s.io", "Role"): "rbac:ROLE",
    ("rbac.authorization.k8s.io", "RoleBinding"): "rbac:ROLE_BINDING",
    ("scheduling.k8s.io", "PriorityClass"): "classes:PRIORITY_CLASS",
    ("storage.k8s.io", "CSIDriver"): "storage:CSI_DRIVER",
    ("storage.k8s.io", "CSINode"): "storage:CSI_NODE",
    ("storage.k8s.io", "CSIStorageCapacity"): "storage:CSI_STORAGE_CAPACITY",
    ("storage.k8s.io", "StorageClass"): "storage:STORAGE_CLASS",
    ("storage.k8s.io", "VolumeAttachment"): "storage:VOLUME_ATTACHMENT",
    ("storage.k8s.io", "VolumeAttributesClass"): "storage:VOLUME_ATTRIBUTES_CLASS",
}
_ENDED = {
    "Failed": "The pod failed.",
    "Succeeded": "The pod has completed successfully.",
}
_loaded: dict[Resource, Table] = {}


def _table(resource: Resource) -> Table:
    table = _loaded.get(resource)
    if table is None:
        # All forms of a kind show as the one that is stored.
        kind = resource.storage or resource
        path = _KINDS.get((kind.group, kind.kind))
        table = attribute(__name__, path) if path else _GENERIC
        _loaded[resource] = table
    return table


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


def conditions(resource: Resource, obj: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what clients may want to know of a row: that its pod has ended."""
    phase = (obj.get("status") or {}).get("phase") if resource is PODS else None
    if phase not in _ENDED:
        return []
    message = _ENDED[phase]
    return [{"type": "Completed", "status": "True", "reason": phase, "message": message}]


def row(resource: Resource, obj: Mapping[str, Any], now: datetime) -> list[Any]:
    """Return the object's cells, one a column, with ages as of `now`.

    `obj` is in the form of `resource`.
    """
    if resource.storage is not None:
        from minikube8s.api.conversion import to_storage  # noqa: PLC0415 -- few kinds need it

        obj = to_storage(resource, dict(obj))
    return _table(resource).cells(obj, now)
