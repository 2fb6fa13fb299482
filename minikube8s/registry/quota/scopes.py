"""Which objects a quota is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikube8s.api.resources import PERSISTENTVOLUMECLAIMS, PODS, Resource
from minikube8s.api.strategy.pods import qos_class

Object = dict[str, Any]


def requirements(spec: Object) -> tuple[Object, ...]:
    """Return the scopes of a quota's spec, whichever way they are written, as requirements."""
    plain = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    selector = spec.get("scopeSelector") or {}
    return (*plain, *(selector.get("matchExpressions") or ()))


def covers(scopes: Iterable[Object], resource: Resource, obj: Object) -> bool:
    """Tell whether an object is in all of these scopes; without scopes everything is."""
    return all(_in_scope(scope, resource, obj) for scope in scopes)


def _in_scope(scope: Object, resource: Resource, obj: Object) -> bool:
    name = scope.get("scopeName")
    if resource is PODS:
        return _pod_in_scope(name, scope, obj["spec"])
    if resource is PERSISTENTVOLUMECLAIMS and name == "VolumeAttributesClass":
        return _selects(scope, (obj.get("spec") or {}).get("volumeAttributesClassName") or "")
    return False


def _pod_in_scope(name: str | None, scope: Object, spec: Object) -> bool:
    match name:
        case "Terminating" | "NotTerminating":
            ends = spec.get("activeDeadlineSeconds") is not None
            return ends == (name == "Terminating")
        case "BestEffort" | "NotBestEffort":
            return (qos_class(spec) == "BestEffort") == (name == "BestEffort")
        case "PriorityClass":
            return _selects(scope, spec.get("priorityClassName") or "")
        case "CrossNamespacePodAffinity":
            return any(_leaves_namespace(term) for term in _affinity_terms(spec))
        case _:
            return False


def _selects(scope: Object, value: str) -> bool:
    """Tell whether a requirement holds for what has `value`, or ("") has none."""
    values = scope.get("values") or ()
    match scope.get("operator"):
        case "Exists":
            return bool(value)
        case "DoesNotExist":
            return not value
        case "In":
            return bool(value) and value in values
        case "NotIn":
            return value not in values
        case _:
            return False


def _affinity_terms(spec: Object) -> Iterable[Object]:
    affinity = spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(kind) or {}
        yield from terms.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        for weighted in terms.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            yield weighted.get("podAffinityTerm") or {}


def _leaves_namespace(term: Object) -> bool:
    return bool(term.get("namespaces")) or term.get("namespaceSelector") is not None
