"""The life cycle of namespaces, as it bears on what may be created in them."""

from __future__ import annotations

from minikube8s.api import errors
from minikube8s.api.resources import NAMESPACES, Resource
from minikube8s.store.cache import Cache


def admit(cache: Cache, resource: Resource, namespace: str, name: str) -> None:
    """Raise ApiError unless `namespace` takes new objects: 404 missing, 403 being terminated."""
    entry = cache.get(NAMESPACES.key(None, namespace))
    if entry is None:
        raise errors.not_found(NAMESPACES, namespace)
    if entry.meta.deletion_timestamp:
        refusal = errors.forbidden(
            resource,
            name,
            f"unable to create new content in namespace {namespace} because it is being terminated",
        )
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        refusal.details = {**(refusal.details or {}), "causes": [cause]}
        raise refusal
