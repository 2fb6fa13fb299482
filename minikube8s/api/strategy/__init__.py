"""What a write means per kind: preparation, validation, warnings. Pure hooks, no storage.

The registry calls, in this order, `prepare_create`, `validate` and `validate_new`, or
`prepare_update`, `validate` and `validate_update`. Objects are JSON dicts that passed the schema
and got their defaults.
"""

from __future__ import annotations

from minikube8s.api.lazy import attribute
from minikube8s.api.resources import Resource
from minikube8s.api.strategy.model import Strategy

__all__ = ["Strategy", "for_resource"]

_KINDS: dict[tuple[str, str], str] = {
    ("", "ConfigMap"): "config:ConfigMapStrategy",
    ("", "Endpoints"): "endpoints:EndpointsStrategy",
    ("", "Event"): "config:EventStrategy",
    ("", "LimitRange"): "quotas:LimitRangeStrategy",
    ("", "Namespace"): "cluster:NamespaceStrategy",
    ("", "Node"): "cluster:NodeStrategy",
    ("", "PersistentVolume"): "volumes:PersistentVolumeStrategy",
    ("", "PersistentVolumeClaim"): "volumes:PersistentVolumeClaimStrategy",
    ("", "Pod"): "pods:PodStrategy",
    ("", "PodTemplate"): "sets:PodTemplateStrategy",
    ("", "ReplicationController"): "sets:ReplicationControllerStrategy",
    ("", "ResourceQuota"): "quotas:ResourceQuotaStrategy",
    ("", "Secret"): "config:SecretStrategy",
    ("", "Service"): "services:ServiceStrategy",
    ("apps", "ControllerRevision"): "sets:ControllerRevisionStrategy",
    ("apps", "DaemonSet"): "sets:DaemonSetStrategy",
    ("apps", "Deployment"): "workloads:DeploymentStrategy",
    ("apps", "ReplicaSet"): "workloads:ReplicaSetStrategy",
    ("apps", "StatefulSet"): "sets:StatefulSetStrategy",
    ("autoscaling", "HorizontalPodAutoscaler"): "autoscaling:HorizontalPodAutoscalerStrategy",
    ("batch", "CronJob"): "batch:CronJobStrategy",
    ("batch", "Job"): "batch:JobStrategy",
    ("certificates.k8s.io", "CertificateSigningRequest"): "certificates:SigningRequestStrategy",
    ("coordination.k8s.io", "Lease"): "config:LeaseStrategy",
    ("discovery.k8s.io", "EndpointSlice"): "endpoints:EndpointSliceStrategy",
    ("networking.k8s.io", "IPAddress"): "networking:IPAddressStrategy",
    ("networking.k8s.io", "Ingress"): "ingress:IngressStrategy",
    ("networking.k8s.io", "IngressClass"): "ingress:IngressClassStrategy",
    ("networking.k8s.io", "NetworkPolicy"): "networking:NetworkPolicyStrategy",
    ("networking.k8s.io", "ServiceCIDR"): "networking:ServiceCIDRStrategy",
    ("node.k8s.io", "RuntimeClass"): "classes:RuntimeClassStrategy",
    ("policy", "PodDisruptionBudget"): "quotas:PodDisruptionBudgetStrategy",
    ("rbac.authorization.k8s.io", "ClusterRole"): "rbac:RoleStrategy",
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): "rbac:RoleBindingStrategy",
    ("rbac.authorization.k8s.io", "Role"): "rbac:RoleStrategy",
    ("rbac.authorization.k8s.io", "RoleBinding"): "rbac:RoleBindingStrategy",
    ("scheduling.k8s.io", "PriorityClass"): "classes:PriorityClassStrategy",
    ("storage.k8s.io", "CSIDriver"): "storage:CSIDriverStrategy",
    ("storage.k8s.io", "CSINode"): "storage:CSINodeStrategy",
    ("storage.k8s.io", "CSIStorageCapacity"): "storage:CSIStorageCapacityStrategy",
    ("storage.k8s.io", "StorageClass"): "storage:StorageClassStrategy",
    ("storage.k8s.io", "VolumeAttachment"): "storage:VolumeAttachmentStrategy",
    ("storage.k8s.io", "VolumeAttributesClass"): "storage:VolumeAttributesClassStrategy",
}
_made: dict[Resource, Strategy] = {}


def for_resource(resource: Resource) -> Strategy:
    """Return the kind's strategy; a kind without rules of its own gets the general ones."""
    strategy = _made.get(resource)
    if strategy is None:
        path = _KINDS.get((resource.group, resource.kind)) if not resource.storage else None
        kind = attribute(__name__, path) if path else Strategy
        strategy = _made[resource] = kind(resource)
    return strategy
