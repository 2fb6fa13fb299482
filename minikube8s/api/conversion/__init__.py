"""Other forms of stored objects: pure conversions between a row and the row it is stored under.

A conversion and its way back lose nothing: what the older form has no field for, it carries in
annotations, as Kubernetes does. Objects are JSON dicts; neither function changes its argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikube8s.api.lazy import attribute
from minikube8s.api.resources import Resource

__all__ = ["from_storage", "to_storage"]

_MODULES: dict[tuple[str, str, str], str] = {
    ("autoscaling", "v1", "HorizontalPodAutoscaler"): "autoscaling",
    ("events.k8s.io", "v1", "Event"): "events",
}

Convert = Callable[[dict[str, Any]], dict[str, Any]]


def to_storage(resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
    """Return an object of this row in the form that is stored."""
    return _converted(resource, "to_storage", obj, resource.storage)


def from_storage(resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
    """Return a stored object in the form of this row."""
    return _converted(resource, "from_storage", obj, resource)


def _converted(
    resource: Resource, direction: str, obj: dict[str, Any], form: Resource | None
) -> dict[str, Any]:
    if resource.storage is None or form is None:
        return obj
    module = _MODULES[resource.group, resource.version, resource.kind]
    convert: Convert = attribute(__name__, f"{module}:{direction}")
    return {**convert(obj), "apiVersion": form.api_version, "kind": form.kind}
