"""What an applier is told who is not alone: the conflict and the configuration errors.

Wording as Kubernetes', because people search for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minikube8s.api.apply.fields import Fields, paths
from minikube8s.api.apply.managers import Manager
from minikube8s.api.apply.shapes import Shape
from minikube8s.api.errors import ApiError


def conflict(conflicts: dict[Manager, Fields]) -> ApiError:
    """Return 409 Conflict with a cause for every field that somebody else owns."""
    by_manager = {_shown(key): paths(conflicts[key]) for key in sorted(conflicts)}
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {name}", "field": path}
        for name, fields in by_manager.items()
        for path in fields
    ]
    if len(causes) == 1:
        told = f"1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        lines = [
            line
            for name, fields in by_manager.items()
            for line in (f"conflicts with {name}:", *(f"- {path}" for path in fields))
        ]
        told = f"{len(causes)} conflicts: " + "\n".join(lines)
    return ApiError(409, "Conflict", f"Apply failed with {told}", {"causes": causes})


def faults(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """Yield what keeps a configuration's lists from being merged: items without a name of theirs.

    Expects values of the right types.
    """
    if isinstance(value, dict) and shape.kind in ("struct", "map"):
        for name, item in value.items():
            yield from faults(shape.child(name), item, f"{path}.{name}")
    elif isinstance(value, list) and shape.kind in ("set", "keyed"):
        seen: set[str] = set()
        for index, item in enumerate(value):
            absent = shape.absent_keys(item) if shape.kind == "keyed" else []
            if absent:
                yield (
                    f"{path}: element {index}: associative list with keys has an element that "
                    f'omits key field "{absent[0]}" (and doesn\'t have default value)'
                )
                continue
            edge = shape.edge(item)
            (name,) = paths({edge: {}})
            if edge in seen:
                yield f"{path}: duplicate entries for key {name}"
            seen.add(edge)
            yield from faults(shape.element, item, path + name)


def _shown(manager: Manager) -> str:
    text = f'"{manager.name}"'
    if manager.subresource:
        text += f' with subresource "{manager.subresource}"'
    return f"{text} using {manager.api_version}" if manager.operation == "Update" else text
