"""The patch that ``apply`` sends: what the user's file changed, as a strategic merge patch.

Owns the comparison of three objects: what was applied last, what shall be applied now, and what
is live. Fields that others set (defaults, status, other tools' labels) are in the live object
only, and so are left alone; fields that were applied last and are no longer wanted are deleted.
See https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/.
"""

from __future__ import annotations

from typing import Any

from minikube8s.api import schema
from minikube8s.api.patch.strategic import strategic_merge

_UNKNOWN = schema.Field(schema.Type("any"))


def three_way(
    definition: str, original: dict[str, Any], modified: dict[str, Any], current: dict[str, Any]
) -> dict[str, Any]:
    """The patch that leads from ``current`` to ``modified``; empty when nothing is to change.

    ``original`` is what was applied last, empty when nothing was. Raises UnknownDefinition.
    """
    return _map(schema.Type("ref", ref=definition), original, modified, current)


def three_way_merge(
    original: dict[str, Any], modified: dict[str, Any], current: dict[str, Any]
) -> dict[str, Any]:
    """The same as a JSON merge patch, for kinds without a definition: lists are replaced whole."""
    return _map(_UNKNOWN.type, original, modified, current)


def _map(
    type_: schema.Type,
    original: dict[str, Any],
    modified: dict[str, Any],
    current: dict[str, Any],
) -> dict[str, Any]:
    patch: dict[str, Any] = {}
    for key, wanted in modified.items():
        if wanted is None:
            if key in current:
                patch[key] = None
        elif key not in current:
            patch[key] = wanted
        else:
            patch.update(_value(key, _field(type_, key), original.get(key), wanted, current[key]))
    for key in original:
        if key not in modified and key in current:
            patch[key] = None
    return patch


def _value(key: str, field: schema.Field, original: Any, wanted: Any, live: Any) -> dict[str, Any]:
    """What the patch says of one field that both the file and the live object have."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        before = original if isinstance(original, dict) else {}
        inner = _map(field.type, before, wanted, live)
        return {key: inner | _retained(field, wanted)} if inner else {}
    if isinstance(wanted, list) and isinstance(live, list) and "merge" in field.patch_strategies:
        applied = original if isinstance(original, list) else []
        return (_items if field.merge_key else _scalars)(key, field, applied, wanted, live)
    return {} if wanted == live else {key: wanted}


def _items(
    key: str, field: schema.Field, original: list[Any], wanted: list[Any], live: list[Any]
) -> dict[str, Any]:
    name = field.merge_key
    if not all(isinstance(item, dict) and name in item for item in (*wanted, *live)):
        return {} if wanted == live else {key: wanted}
    element = field.type.element or _UNKNOWN.type
    before = [item for item in original if isinstance(item, dict) and name in item]
    if _shares_keys(field, before, wanted, live):
        return {key: [{"$patch": "replace"}, *_whole(field, before, wanted, live)]}
    changes: list[dict[str, Any]] = []
    for item in wanted:
        found = _same(field, item, live)
        if found is None:
            changes.append(item)
            continue
        inner = _map(element, _same(field, item, before) or {}, item, found)
        if inner:
            changes.append(
                {part: item[part] for part in _keys(field, item)} | inner | _retained(field, item)
            )
    kept = {item[name] for item in wanted}
    present = {item[name] for item in live}
    gone = dict.fromkeys(item[name] for item in before)
    changes += [
        {"$patch": "delete", name: value}
        for value in gone
        if value not in kept and value in present
    ]
    order = [item[name] for item in wanted]
    if not changes and order == [item[name] for item in live if item[name] in kept]:
        return {}
    ordered = {f"$setElementOrder/{key}": [{name: value} for value in order]}
    return ordered | ({key: changes} if changes else {})


def _shares_keys(
    field: schema.Field, before: list[Any], wanted: list[Any], live: list[Any]
) -> bool:
    """Whether an item comes or goes beside another one with the same merge key.

    Such as a port 53 for UDP beside that for TCP: a patch cannot say which of them it means.
    """
    name = field.merge_key
    kept, present = {item[name] for item in wanted}, {item[name] for item in live}
    leaves = any(
        item[name] in kept
        for item in before
        if _same(field, item, wanted) is None and _same(field, item, live) is not None
    )
    return leaves or any(
        item[name] in present for item in wanted if _same(field, item, live) is None
    )


def _whole(
    field: schema.Field, before: list[Any], wanted: list[Any], live: list[Any]
) -> list[dict[str, Any]]:
    """The list as it shall be: what is wanted, then what neither file has had."""
    element = field.type.element or _UNKNOWN.type
    found: list[dict[str, Any]] = []
    for item in wanted:
        same = _same(field, item, live)
        if same is None:
            found.append(item)
            continue
        inner = _map(element, _same(field, item, before) or {}, item, same)
        found.append(strategic_merge(element.ref, same, inner) if inner else same)
    theirs = [
        item for item in live if item not in found and not _named(field, [*before, *wanted], item)
    ]
    return found + theirs


def _named(field: schema.Field, items: list[Any], other: dict[str, Any]) -> bool:
    return any(_same(field, item, [other]) is not None for item in items)


def _scalars(
    key: str, field: schema.Field, original: list[Any], wanted: list[Any], live: list[Any]
) -> dict[str, Any]:
    added = [item for item in wanted if item not in live]
    gone = [item for item in original if item not in wanted and item in live]
    patch: dict[str, Any] = {key: added} if added else {}
    if gone:
        patch[f"$deleteFromPrimitiveList/{key}"] = gone
    if patch:
        patch[f"$setElementOrder/{key}"] = wanted
    return patch


def _retained(field: schema.Field, wanted: dict[str, Any]) -> dict[str, Any]:
    """The directive that drops what is not wanted of a union, such as a Deployment's strategy."""
    if "retainKeys" not in field.patch_strategies:
        return {}
    return {"$retainKeys": sorted(key for key, value in wanted.items() if value is not None)}


def _same(
    field: schema.Field, item: dict[str, Any], others: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """The one of ``others`` that ``item`` means: it agrees in every key that the item states.

    A Service's port 53 for TCP and for UDP share the merge key and differ in the protocol, which
    a file may leave to its default.
    """
    keys = _keys(field, item)
    return next((o for o in others if all(o.get(key) == item[key] for key in keys)), None)


def _keys(field: schema.Field, item: dict[str, Any]) -> list[str]:
    names = dict.fromkeys((field.merge_key, *field.map_keys))
    return [name for name in names if name in item]


def _field(type_: schema.Type, key: str) -> schema.Field:
    if type_.kind == "ref":
        return schema.field(type_.ref, key) or _UNKNOWN
    if type_.kind == "map" and type_.element is not None:
        return schema.Field(type_.element)
    return _UNKNOWN
