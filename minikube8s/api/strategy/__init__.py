"""What a write means per kind: preparation, validation, warnings. Pure hooks, no storage.

The registry calls, in this order, `prepare_create` and `validate`, or `prepare_update`, `validate`
and `validate_update`. Objects are JSON dicts that passed the schema and got their defaults.
"""

from __future__ import annotations

from minikube8s.api.resources import Resource
from minikube8s.api.strategy.cluster import NamespaceStrategy, NodeStrategy
from minikube8s.api.strategy.config import (
    ConfigMapStrategy,
    EventStrategy,
    LeaseStrategy,
    SecretStrategy,
)
from minikube8s.api.strategy.endpoints import EndpointSliceStrategy, EndpointsStrategy
from minikube8s.api.strategy.model import Strategy
from minikube8s.api.strategy.pods import PodStrategy
from minikube8s.api.strategy.services import ServiceStrategy
from minikube8s.api.strategy.workloads import DeploymentStrategy, ReplicaSetStrategy

__all__ = ["Strategy", "for_resource"]

_KINDS: dict[tuple[str, str], type[Strategy]] = {
    ("", "ConfigMap"): ConfigMapStrategy,
    ("", "Endpoints"): EndpointsStrategy,
    ("", "Event"): EventStrategy,
    ("", "Namespace"): NamespaceStrategy,
    ("", "Node"): NodeStrategy,
    ("", "Pod"): PodStrategy,
    ("", "Secret"): SecretStrategy,
    ("", "Service"): ServiceStrategy,
    ("apps", "Deployment"): DeploymentStrategy,
    ("apps", "ReplicaSet"): ReplicaSetStrategy,
    ("coordination.k8s.io", "Lease"): LeaseStrategy,
    ("discovery.k8s.io", "EndpointSlice"): EndpointSliceStrategy,
}
_made: dict[Resource, Strategy] = {}


def for_resource(resource: Resource) -> Strategy:
    """Return the kind's strategy; a kind without rules of its own gets the general ones."""
    strategy = _made.get(resource)
    if strategy is None:
        kind = _KINDS.get((resource.group, resource.kind), Strategy)
        strategy = _made[resource] = kind(resource)
    return strategy
