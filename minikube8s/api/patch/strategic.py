"""Strategic merge patch: merges lists by their keys, as the kind's schema says.

Owns the meaning of the directives `$patch`, `$retainKeys`, `$setElementOrder/FIELD` and
`$deleteFromPrimitiveList/FIELD`. Which lists merge and by which key comes from `api.schema`.
Works on private copies, in place.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import msgspec

from minikube8s.api import errors, schema
from minikube8s.api.patch.ordering import interleaved
from minikube8s.api.patch.values import copied

_DIRECTIVE = "$patch"
_RETAIN = "$retainKeys"
_ORDER = "$setElementOrder/"
_DELETE = "$deleteFromPrimitiveList/"
_UNKNOWN = schema.Field(schema.Type("any"))


def strategic_merge(definition: str, obj: dict[str, Any], patch: Any) -> dict[str, Any]:
    """Apply the patch to a copy of `obj`, an object of the definition of that name.

    Raises ApiError BadRequest for a malformed patch, UnknownDefinition for a wrong name.
    """
    if not isinstance(patch, dict):
        raise errors.bad_request("a strategic merge patch for an object is a map of fields")
    return _merge_map(copied(obj), copied(patch), schema.Type("ref", ref=definition))


def _merge_map(
    original: dict[str, Any], patch: dict[str, Any], type_: schema.Type
) -> dict[str, Any]:
    match patch.pop(_DIRECTIVE, "merge"):
        case "merge":
            pass
        case "replace":
            return _fresh_map(patch)
        case "delete":
            return {}
        case other:
            raise errors.bad_request(f"unknown patch type: {other}; use merge, replace or delete")
    _retain(original, patch)
    for key in [key for key in patch if key.startswith(_DELETE)]:
        _delete_primitives(original, key.removeprefix(_DELETE), patch.pop(key))
    orders = {
        key.removeprefix(_ORDER): patch.pop(key) for key in list(patch) if key.startswith(_ORDER)
    }
    for key, value in patch.items():
        if value is None:
            original.pop(key, None)
        else:
            order = _order(key, orders.pop(key, None))
            field = _field(type_, key)
            original[key] = _merge_value(key, original.get(key), value, field, order)
    for key, wanted in orders.items():
        order, field = _order(key, wanted), _field(type_, key)
        if isinstance(original.get(key), list) and order is not None:
            original[key] = _ordered(original[key], order, original[key], field)
    return original


def _merge_value(
    key: str, original: Any, patch: Any, field: schema.Field, order: list[Any] | None
) -> Any:
    if isinstance(original, dict) and isinstance(patch, dict):
        if "replace" in field.patch_strategies:
            return _fresh_map(patch)
        return _merge_map(original, patch, field.type)
    if not isinstance(patch, list):
        return _fresh(patch)
    if not isinstance(original, list) or "merge" not in field.patch_strategies:
        return _fresh(patch)
    merged = _merge_list(key, list(original), patch, field)
    return _ordered(merged, patch if order is None else order, original, field)


def _merge_list(key: str, original: list[Any], patch: list[Any], field: schema.Field) -> list[Any]:
    """Bring the patch's items into the list; the order is not settled here."""
    merge_key = field.merge_key
    if not merge_key:
        known = {_hashable(item) for item in original}
        return original + [item for item in _unique(patch) if _hashable(item) not in known]
    if not all(isinstance(item, dict) for item in (*original, *patch)):
        raise errors.bad_request(f'the items of "{key}" must be maps with the key "{merge_key}"')
    plain: list[dict[str, Any]] = []
    unwanted: set[Hashable] = set()
    replace = False
    for item in patch:
        match item.get(_DIRECTIVE, "merge"):
            case "merge":
                _require(key, item, merge_key)
                plain.append(item)
            case "replace":
                replace = True
            case "delete":
                _require(key, item, merge_key)
                unwanted.add(_hashable(item[merge_key]))
            case other:
                raise errors.bad_request(f'unknown patch type: {other} in "{key}"')
    if replace:
        return [_fresh_map(item) for item in plain]
    kept = [item for item in original if _hashable(item.get(merge_key)) not in unwanted]
    return _merge_items(kept, plain, field)


def _merge_items(
    original: list[dict[str, Any]], patch: list[dict[str, Any]], field: schema.Field
) -> list[dict[str, Any]]:
    """Merge each patch item into the item that it means, or append it.

    Kubernetes matches by the merge key alone. Where that fits several items (a Service's port 53
    for TCP and for UDP) the one that agrees in all of the list's keys is meant, and two items of
    one patch are the same only if they agree so.
    """
    element = field.type.element or _UNKNOWN.type
    places: dict[Hashable, list[int]] = {}
    for at, item in enumerate(original):
        places.setdefault(_hashable(item.get(field.merge_key)), []).append(at)
    added: dict[Hashable, dict[str, Any]] = {}

    def keys(item: dict[str, Any]) -> Hashable:
        return tuple(_hashable(item.get(key)) for key in field.map_keys or (field.merge_key,))

    for item in patch:
        same = places.get(_hashable(item[field.merge_key]), [])
        if same:
            at = next((at for at in same if keys(original[at]) == keys(item)), same[0])
            original[at] = _merge_map(original[at], item, element)
        elif keys(item) in added:
            name = keys(item)
            added[name] = _merge_map(added[name], item, element)
        else:
            added[keys(item)] = _fresh_map(item)
    return original + list(added.values())


def _require(key: str, item: dict[str, Any], merge_key: str) -> None:
    if merge_key not in item:
        shown = msgspec.json.encode(item).decode()
        raise errors.bad_request(
            f'map: {shown} in "{key}" does not contain declared merge key: {merge_key}'
        )


def _ordered(
    merged: list[Any], wanted: list[Any], before: list[Any], field: schema.Field
) -> list[Any]:
    if "merge" not in field.patch_strategies:
        return merged

    def name(item: Any) -> Hashable:
        if field.merge_key and isinstance(item, dict):
            item = item.get(field.merge_key)
        return _hashable(item)

    kept = [item for item in wanted if not (isinstance(item, dict) and _DIRECTIVE in item)]
    return interleaved(merged, [name(item) for item in kept], [name(item) for item in before], name)


def _order(key: str, wanted: Any) -> list[Any] | None:
    if wanted is not None and not isinstance(wanted, list):
        raise errors.bad_request(
            f'invalid patch format of setElementOrder list: "{_ORDER}{key}" must be a list'
        )
    return wanted


def _retain(original: dict[str, Any], patch: dict[str, Any]) -> None:
    """`$retainKeys`: of what the object has, only these fields stay."""
    if _RETAIN not in patch:
        return
    retained = patch.pop(_RETAIN)
    if not isinstance(retained, list):
        raise errors.bad_request(
            f'invalid patch format of retainKeys: "{_RETAIN}" must be a list of field names'
        )
    for key, value in patch.items():
        if value is not None and not key.startswith("$") and key not in retained:
            raise errors.unprocessable(
                "patch content doesn't match retainKeys list:"
                f' "{_RETAIN}" does not name "{key}", which the patch sets'
            )
    for key in [key for key in original if key not in retained]:
        del original[key]


def _delete_primitives(original: dict[str, Any], key: str, unwanted: Any) -> None:
    if not isinstance(unwanted, list):
        raise errors.bad_request(
            f'invalid patch format of primitive list: "{_DELETE}{key}" must be a list'
        )
    if isinstance(original.get(key), list):
        original[key] = [item for item in original[key] if item not in unwanted]


def _fresh(value: Any) -> Any:
    """A patch's value where the object has nothing to merge with: no nulls, no directives."""
    if isinstance(value, dict):
        return _fresh_map(value)
    if isinstance(value, list):
        return [
            _fresh(item)
            for item in value
            if not (isinstance(item, dict) and item.get(_DIRECTIVE) in ("delete", "replace"))
        ]
    return value


def _fresh_map(patch: dict[str, Any]) -> dict[str, Any]:
    if patch.get(_DIRECTIVE) == "delete":
        return {}
    return {
        key: _fresh(value)
        for key, value in patch.items()
        if value is not None
        and key not in (_DIRECTIVE, _RETAIN)
        and not key.startswith((_ORDER, _DELETE))
    }


def _field(type_: schema.Type, key: str) -> schema.Field:
    """What the schema says of one field; of a map's entry or free-form value, only its type."""
    if type_.kind == "ref":
        return schema.field(type_.ref, key) or _UNKNOWN
    if type_.kind == "map" and type_.element is not None:
        return schema.Field(type_.element)
    return _UNKNOWN


def _unique(items: list[Any]) -> list[Any]:
    return list({_hashable(item): item for item in reversed(items)}.values())[::-1]


def _hashable(value: Any) -> Hashable:
    """Something to compare a JSON value by."""
    return repr(value) if isinstance(value, dict | list) else (type(value), value)
