"""Small questions that everybody asks of an object's metadata and conditions. Pure.

Objects are plain JSON dicts. Nothing here changes its arguments except `set_condition`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minikube8s.api.resources import Resource
from minikube8s.api.times import now_micro, now_rfc3339, parse_time

__all__ = [
    "annotations_of",
    "condition",
    "controller_of",
    "is_condition_true",
    "is_pod_available",
    "is_pod_ready",
    "is_pod_terminal",
    "labels_of",
    "now_micro",
    "now_rfc3339",
    "owner_reference",
    "parse_time",
    "set_condition",
]


def labels_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """Return the object's labels, empty when it has none. Not a copy: do not change it."""
    found: dict[str, str] = obj.get("metadata", {}).get("labels") or {}
    return found


def annotations_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """Return the object's annotations, empty when it has none. Not a copy: do not change it."""
    found: dict[str, str] = obj.get("metadata", {}).get("annotations") or {}
    return found


def controller_of(obj: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the owner reference whose `controller` is true: at most one object manages another."""
    references: list[dict[str, Any]] = obj.get("metadata", {}).get("ownerReferences") or []
    return next((reference for reference in references if reference.get("controller")), None)


def owner_reference(owner_resource: Resource, owner_obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reference that makes `owner_obj` the managing owner of another object."""
    metadata = owner_obj["metadata"]
    return {
        "apiVersion": owner_resource.api_version,
        "kind": owner_resource.kind,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def condition(obj: Mapping[str, Any], type: str) -> dict[str, Any] | None:
    """Return the entry of `status.conditions` with that type."""
    conditions: list[dict[str, Any]] = (obj.get("status") or {}).get("conditions") or []
    return next((entry for entry in conditions if entry.get("type") == type), None)


def is_condition_true(obj: Mapping[str, Any], type: str) -> bool:
    """Tell whether the condition exists and its status is "True"."""
    found = condition(obj, type)
    return found is not None and found.get("status") == "True"


def set_condition(
    status: dict[str, Any],
    type: str,
    value: str,
    *,
    now: str,
    reason: str = "",
    message: str = "",
) -> bool:
    """Put a condition into a status dict; tell whether anything changed.

    `now` (RFC 3339) becomes lastTransitionTime only when `value` differs from before.
    """
    conditions: list[dict[str, Any]] = status.setdefault("conditions", [])
    entry = next((one for one in conditions if one.get("type") == type), None)
    fresh = {"type": type, "status": value, "lastTransitionTime": now}
    if reason:
        fresh["reason"] = reason
    if message:
        fresh["message"] = message
    if entry is None:
        conditions.append(fresh)
        return True
    if entry.get("status") == value:
        fresh["lastTransitionTime"] = entry.get("lastTransitionTime", now)
    if all(entry.get(name, "") == fresh.get(name, "") for name in ("status", "reason", "message")):
        return False
    entry.clear()
    entry.update(fresh)
    return True


def is_pod_ready(pod: Mapping[str, Any]) -> bool:
    """Tell whether the pod's Ready condition is True."""
    return is_condition_true(pod, "Ready")


def is_pod_terminal(pod: Mapping[str, Any]) -> bool:
    """Tell whether the pod has ended for good (Succeeded or Failed)."""
    return (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}


def is_pod_available(pod: Mapping[str, Any], min_ready_seconds: int, now: str) -> bool:
    """Tell whether the pod has been ready for at least `min_ready_seconds` at `now` (RFC 3339)."""
    ready = condition(pod, "Ready")
    if ready is None or ready.get("status") != "True":
        return False
    if min_ready_seconds <= 0:
        return True
    since = ready.get("lastTransitionTime")
    if not since:
        return False
    return (parse_time(now) - parse_time(since)).total_seconds() >= min_ready_seconds
