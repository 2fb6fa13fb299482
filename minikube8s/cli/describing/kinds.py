"""Which kind is described by which function, and which related objects it wants to see."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from minikube8s.api.resources import Resource
from minikube8s.cli.describing.common import Around, Object
from minikube8s.cli.describing.writer import Writer

Describer = Callable[[Writer, Object, Around], None]

_KINDS = {
    ("", "Pod"): "pods.pod",
    ("", "ReplicationController"): "workloads.replication_controller",
    ("", "Service"): "services.service",
    ("", "Endpoints"): "services.endpoints",
    ("", "Node"): "nodes.node",
    ("", "Namespace"): "quotas.namespace",
    ("", "ResourceQuota"): "quotas.quota",
    ("", "LimitRange"): "quotas.limit_range",
    ("", "ConfigMap"): "configs.config_map",
    ("", "Secret"): "configs.secret",
    ("", "ServiceAccount"): "access.account",
    ("", "PersistentVolume"): "storage.volume",
    ("", "PersistentVolumeClaim"): "claims.claim",
    ("apps", "ReplicaSet"): "workloads.replica_set",
    ("apps", "Deployment"): "workloads.deployment",
    ("apps", "DaemonSet"): "workloads.daemon_set",
    ("apps", "StatefulSet"): "workloads.stateful_set",
    ("batch", "Job"): "jobs.job",
    ("batch", "CronJob"): "jobs.cron_job",
    ("autoscaling", "HorizontalPodAutoscaler"): "scaling.autoscaler",
    ("policy", "PodDisruptionBudget"): "scaling.budget",
    ("discovery.k8s.io", "EndpointSlice"): "services.endpoint_slice",
    ("networking.k8s.io", "Ingress"): "services.ingress",
    ("networking.k8s.io", "IngressClass"): "services.ingress_class",
    ("networking.k8s.io", "NetworkPolicy"): "networking.network_policy",
    ("networking.k8s.io", "ServiceCIDR"): "networking.service_cidr",
    ("networking.k8s.io", "IPAddress"): "networking.ip_address",
    ("storage.k8s.io", "StorageClass"): "storage.storage_class",
    ("storage.k8s.io", "VolumeAttributesClass"): "storage.attributes_class",
    ("storage.k8s.io", "CSINode"): "storage.csi_node",
    ("scheduling.k8s.io", "PriorityClass"): "configs.priority_class",
    ("rbac.authorization.k8s.io", "Role"): "access.role",
    ("rbac.authorization.k8s.io", "ClusterRole"): "access.role",
    ("rbac.authorization.k8s.io", "RoleBinding"): "access.binding",
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): "access.binding",
    ("certificates.k8s.io", "CertificateSigningRequest"): "access.signing_request",
}
WITHOUT_EVENTS = {
    "Secret",
    "Namespace",
    "ResourceQuota",
    "LimitRange",
    "NetworkPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
}
"""Kinds of Kubernetes' own that kubectl shows no Events of."""


def describer(resource: Resource) -> Describer:
    """What describes objects of this kind; a kind that is not known here shows all its fields."""
    place = _KINDS.get((resource.group, resource.kind), "anything.anything")
    module, _, name = place.partition(".")
    found: Describer = getattr(importlib.import_module(f"minikube8s.cli.describing.{module}"), name)
    return found


def wants_events(resource: Resource) -> bool:
    """Whether its description ends with Events."""
    known = (resource.group, resource.kind) in _KINDS
    return not (known and resource.kind in WITHOUT_EVENTS)
