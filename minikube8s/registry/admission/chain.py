"""Which plugins an object passes, in which order. The only place that lists them.

Mutating plugins come before the object is prepared and validated, validating ones after. The
order is Kubernetes': LimitRanger, ServiceAccount, Priority, DefaultTolerationSeconds,
DefaultStorageClass, StorageObjectInUseProtection, PersistentVolumeClaimResize, RuntimeClass,
DefaultIngressClass; what is asked of others (webhooks) belongs after these in either table, and
ResourceQuota, which reserves what it grants, comes last of all (`registry.quota`). The plugins
for certificates have to know who asks and are the server's (`server.signing_requests`).
A plugin is a function over a request and what the cluster holds; it raises ApiError 403.
"""

from __future__ import annotations

from collections.abc import Callable

from minikube8s.api.lazy import attribute
from minikube8s.api.resources import Resource
from minikube8s.registry.admission.request import Cluster, Request

Plugin = Callable[[Request, Cluster], None]
Kinds = dict[tuple[str, str], tuple[str, ...]]

_PACKAGE = "minikube8s.registry.admission"
_MUTATING: Kinds = {
    ("", "Node"): ("cordons:admit",),
    ("", "PersistentVolume"): ("storage:protect_volume",),
    ("", "PersistentVolumeClaim"): ("classes:admit_claim", "storage:protect_claim"),
    ("", "Pod"): (
        "limits:default_pod",
        "accounts:admit",
        "priority:admit_pod",
        "tolerations:admit",
        "runtimes:admit",
    ),
    ("networking.k8s.io", "Ingress"): ("classes:admit_ingress",),
}
_VALIDATING: Kinds = {
    ("", "PersistentVolumeClaim"): ("limits:check_claim", "storage:check_resize"),
    ("", "Pod"): ("limits:check_pod",),
    ("scheduling.k8s.io", "PriorityClass"): ("priority:check_class",),
}
_PARTS = frozenset({"", "resize"})
"""Whose writes pass admission: the status and a binding are the system's own."""


class Chain:
    """The plugins of every kind, loaded with the first object of their kind."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._mutating: dict[Resource, tuple[Plugin, ...]] = {}
        self._validating: dict[Resource, tuple[Plugin, ...]] = {}

    def mutate(self, request: Request) -> None:
        """Let the mutating plugins change the request's object. Raises ApiError."""
        _run(_MUTATING, self._mutating, request, self._cluster)

    def validate(self, request: Request) -> None:
        """Ask the validating plugins. Raises ApiError."""
        _run(_VALIDATING, self._validating, request, self._cluster)


def _run(
    kinds: Kinds, loaded: dict[Resource, tuple[Plugin, ...]], request: Request, cluster: Cluster
) -> None:
    resource = request.resource
    plugins = loaded.get(resource)
    if plugins is None:
        names = kinds.get((resource.group, resource.kind), ())
        plugins = loaded[resource] = tuple(attribute(_PACKAGE, name) for name in names)
    if plugins and request.subresource in _PARTS:
        for plugin in plugins:
            plugin(request, cluster)
