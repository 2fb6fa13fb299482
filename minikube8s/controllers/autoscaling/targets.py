"""What an autoscaler scales, as its scale subresource tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minikube8s.api.resources import REPLICATIONCONTROLLERS, RESOURCES, Resource
from minikube8s.api.selectors import NOTHING, Selector, from_label_selector, from_map
from minikube8s.controllers.runner import Reader

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """An object with a scale: how many pods it wants, has, and which they are."""

    resource: Resource
    object: Object
    wanted: int
    running: int
    selector: Selector


def target_of(reader: Reader, autoscaler: Object) -> Target | str:
    """Return what an autoscaler scales, or a sentence that says why there is nothing."""
    reference = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
    version, kind = reference.get("apiVersion") or "", reference.get("kind") or ""
    if version.count("/") > 1:
        return f"unexpected GroupVersion string: {version}"
    group = version.rpartition("/")[0]
    resource = next(
        (one for one in RESOURCES.preferred() if (one.group, one.kind) == (group, kind)), None
    )
    if resource is None:
        return f'no matches for kind "{kind}" in group "{group}"'
    if "scale" not in resource.subresources:
        return "the server could not find the requested resource"
    name = reference.get("name") or ""
    entry = reader.find(resource, autoscaler["metadata"]["namespace"], name)
    if entry is None:
        return f'{resource.group_resource} "{name}" not found'
    return _target(resource, entry.object)


def may_overlap(one: Selector, other: Selector) -> bool:
    """Tell whether some pod may match both: not when a label had to have two values."""
    if one.nothing or other.nothing:
        return False
    values = {part.key: set(part.values) for part in one.requirements if part.operator == "In"}
    return all(
        part.operator != "In" or part.key not in values or values[part.key] & set(part.values)
        for part in other.requirements
    )


def _target(resource: Resource, obj: Object) -> Target:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    labels = spec.get("selector")
    selector = (
        from_map(labels) if resource is REPLICATIONCONTROLLERS else from_label_selector(labels)
    )
    wanted, running = spec.get("replicas") or 0, status.get("replicas") or 0
    return Target(resource, obj, wanted, running, NOTHING if selector.empty else selector)
