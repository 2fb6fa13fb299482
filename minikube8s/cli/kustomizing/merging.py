"""Owns strategic merge patches as kustomize applies them: what one names of a list comes first."""

from __future__ import annotations

from typing import Any

from minikube8s.api import schema
from minikube8s.api.resources import RESOURCES
from minikube8s.cli.errors import CommandError

Object = dict[str, Any]
_DIRECTIVE = "$patch"
_ANY = schema.Type("any")
_UNKNOWN = schema.Field(_ANY)


def merge(obj: Object, patch: Object) -> Object | None:
    """What ``patch`` makes of ``obj``; None where it deletes it. Raises CommandError."""
    row = RESOURCES.by_api_version(str(obj.get("apiVersion")), str(obj.get("kind")))
    known = row is not None and bool(row.schema)
    type_ = schema.Type("ref", ref=row.schema) if known and row else _ANY
    if patch.get(_DIRECTIVE) == "delete":
        return None
    return _map(obj, patch, type_)


def _map(old: Any, patch: Object, type_: schema.Type) -> Object:
    directive = patch.get(_DIRECTIVE, "merge")
    if directive not in {"merge", "replace", "delete"}:
        raise CommandError(f"unknown $patch: {directive}; use merge, replace or delete")
    merged: Object = dict(old) if isinstance(old, dict) and directive == "merge" else {}
    for key, value in patch.items():
        if key == _DIRECTIVE:
            continue
        field = _field(type_, key)
        if value is None or (isinstance(value, dict) and value.get(_DIRECTIVE) == "delete"):
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = _map(merged.get(key), value, field.type)
        elif isinstance(value, list):
            merged[key] = _list(merged.get(key), value, field)
        else:
            merged[key] = value
    return merged


def _list(old: Any, patch: list[Any], field: schema.Field) -> list[Any]:
    element = field.type.element or _ANY
    replaces = any(isinstance(one, dict) and one.get(_DIRECTIVE) == "replace" for one in patch)
    if replaces:
        patch = [one for one in patch if not _is_directive(one)]
    known = old if isinstance(old, list) and not replaces else []
    if "merge" not in field.patch_strategies:
        return [_fresh(one, element) for one in patch]
    if not all(isinstance(one, dict) for one in (*known, *patch)):
        return [*patch, *(one for one in known if one not in patch)]
    keys = _keys(field, [*known, *patch])
    if not keys:
        return [_fresh(one, element) for one in patch]
    places = [_place(one, known, keys) for one in patch]
    merged = [
        (place, _map(None if place is None else known[place], one, element))
        for place, one in zip(places, patch, strict=True)
        if one.get(_DIRECTIVE) != "delete"
    ]
    left = {n: one for n, one in enumerate(known) if n not in places}
    if len(keys) == 1:
        return [*(one for _, one in merged), *left.values()]
    left |= {place: one for place, one in merged if place is not None}
    added = [one for place, one in merged if place is None]
    return [*added, *(left[place] for place in sorted(left))]


def _keys(field: schema.Field, items: list[Object]) -> list[str]:
    """The fields that elements are known by, as far as any of them has them."""
    wanted = field.map_keys if field.merge_key in field.map_keys else (field.merge_key,)
    return [key for key in wanted if key and any(key in item for item in items)]


def _place(one: Object, known: list[Object], keys: list[str]) -> int | None:
    """Which of ``known`` is meant; a port without a protocol is one of TCP."""
    for place, other in enumerate(known):
        if all(_key(one, key) == _key(other, key) for key in keys):
            return place
    return None


def _key(one: Object, key: str) -> Any:
    return one.get(key, "TCP" if key == "protocol" else None)


def _fresh(value: Any, type_: schema.Type) -> Any:
    return _map({}, value, type_) if isinstance(value, dict) else value


def _is_directive(one: Any) -> bool:
    return isinstance(one, dict) and set(one) == {_DIRECTIVE}


def _field(type_: schema.Type, key: str) -> schema.Field:
    if type_.kind == "ref":
        try:
            return schema.field(type_.ref, key) or _UNKNOWN
        except schema.UnknownDefinition:
            return _UNKNOWN
    if type_.kind == "map":
        return schema.Field(type_.element or _ANY)
    return _UNKNOWN
