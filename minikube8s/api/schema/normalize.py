"""Bring a decoded object to the form that Kubernetes stores.

Owns what happens to an object by being read into typed fields and written again: nulls vanish, and
quantities take their canonical spelling as strings. Expects an object that `check` found no wrong
types in; unknown fields are left as they are.
"""

from __future__ import annotations

from typing import Any

from minikube8s.api import quantity
from minikube8s.api.schema.definitions import Type, definition

_UNTYPED = ("any", "object")
_ZEROS: dict[str, Any] = {
    "boolean": False,
    "int32": 0,
    "int64": 0,
    "double": 0,
    "int-or-string": 0,
    "quantity": "0",
    "time": None,
    "micro-time": None,
}


def normalize(name: str, obj: dict[str, Any]) -> None:
    """Normalize `obj`, of the definition `name`, in place. Raises UnknownDefinition."""
    fields = definition(name).fields
    for key in list(obj):
        value = obj[key]
        field = fields.get(key)
        if value is None and (field is None or field.type.kind != "any"):
            del obj[key]
        elif field is not None:
            obj[key] = _value(field.type, value)


def _value(type_: Type, value: Any) -> Any:
    match type_.kind:
        case "ref":
            normalize(type_.ref, value)
        case "quantity":
            return quantity.canonical(value)
        case "list" | "map" if type_.element is not None and type_.element.kind not in _UNTYPED:
            items = enumerate(value) if isinstance(value, list) else list(value.items())
            for key, item in items:
                value[key] = _zero(type_.element) if item is None else _value(type_.element, item)
    return value


def _zero(type_: Type) -> Any:
    """What a null inside a list or map is read as: the empty value of its type."""
    if type_.kind in ("ref", "map"):
        return {}
    return [] if type_.kind == "list" else _ZEROS.get(type_.kind, "")
