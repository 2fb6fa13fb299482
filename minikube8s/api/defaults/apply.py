"""Which kind gets which defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikube8s.api.lazy import attribute
from minikube8s.api.resources import Resource

_PACKAGE = "minikube8s.api.defaults"
_KINDS: dict[tuple[str, str], str] = {
    ("", "Endpoints"): "services:endpoints",
    ("", "LimitRange"): "quotas:limit_range",
    ("", "Namespace"): "cluster:namespace",
    ("", "Node"): "cluster:node",
    ("", "PersistentVolume"): "storage:persistent_volume",
    ("", "PersistentVolumeClaim"): "storage:persistent_volume_claim",
    ("", "Pod"): "pods:pod",
    ("", "PodTemplate"): "workloads:pod_template_object",
    ("", "ReplicationController"): "workloads:replication_controller",
    ("", "Secret"): "cluster:secret",
    ("", "Service"): "services:service",
    ("apps", "DaemonSet"): "workloads:daemon_set",
    ("apps", "Deployment"): "workloads:deployment",
    ("apps", "ReplicaSet"): "workloads:replica_set",
    ("apps", "StatefulSet"): "workloads:stateful_set",
    ("autoscaling", "HorizontalPodAutoscaler"): "autoscaling:horizontal_pod_autoscaler",
    ("batch", "CronJob"): "batch:cron_job",
    ("batch", "Job"): "batch:job",
    ("discovery.k8s.io", "EndpointSlice"): "services:endpoint_slice",
    ("networking.k8s.io", "IngressClass"): "networking:ingress_class",
    ("networking.k8s.io", "NetworkPolicy"): "networking:network_policy",
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): "rbac:binding",
    ("rbac.authorization.k8s.io", "RoleBinding"): "rbac:binding",
    ("scheduling.k8s.io", "PriorityClass"): "cluster:priority_class",
    ("storage.k8s.io", "CSIDriver"): "storage:csi_driver",
    ("storage.k8s.io", "StorageClass"): "storage:storage_class",
}
_loaded: dict[Resource, Callable[[dict[str, Any]], None] | None] = {}


def apply(resource: Resource, obj: dict[str, Any]) -> None:
    """Fill the defaults of the object's kind in place."""
    if resource not in _loaded:
        path = _KINDS.get((resource.group, resource.kind))
        _loaded[resource] = attribute(_PACKAGE, path) if path and not resource.storage else None
    defaults = _loaded[resource]
    if defaults is not None:
        defaults(obj)
