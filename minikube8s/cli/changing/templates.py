"""Owns where an object keeps the pod that it makes or is."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

Object = dict[str, Any]
_LISTS = ("initContainers", "containers")


def pod_spec(obj: Object) -> Object | None:
    """The spec of the pod that ``obj`` is, or makes; None for what has none."""
    spec = obj.get("spec") or {}
    if obj.get("kind") == "Pod":
        return dict_or_none(spec)
    if obj.get("kind") == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    return dict_or_none((spec.get("template") or {}).get("spec"))


def containers(obj: Object, pattern: str = "*") -> list[Object]:
    """The containers whose names ``pattern`` (with `*`) fits, as kubectl orders them."""
    spec = pod_spec(obj) or {}
    return [
        one
        for part in reversed(_LISTS)
        for one in spec.get(part) or ()
        if fnmatchcase(one.get("name", ""), pattern)
    ]


def dict_or_none(found: Any) -> Object | None:
    """``found`` where it is a map."""
    return found if isinstance(found, dict) else None
