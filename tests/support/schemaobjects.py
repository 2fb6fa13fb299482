"""Objects of any kind, made up by what the schema allows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from minikube8s.api import schema

DEPTH = 7

TEXTS = st.sampled_from(["", "a", "web", "Always", "Exists", "ClientIP", "NodePort", "10.0.0.1"])
SCALARS = {
    "string": TEXTS,
    "boolean": st.booleans(),
    "int32": st.integers(-1, 70000),
    "int64": st.integers(-1, 70000),
    "double": st.just(0.5),
    "bytes": st.just("eA=="),
    "time": st.just("2024-01-31T09:00:00Z"),
    "micro-time": st.just("2024-01-31T09:00:00.000000Z"),
    "quantity": st.sampled_from(["0", "1", "500m", "64Mi"]),
    "int-or-string": st.one_of(st.integers(0, 90), st.sampled_from(["25%", "http"])),
}
# What the system alone writes is left out of generated objects.
LEFT_OUT = {"managedFields", "apiVersion", "kind"}


def values(type_: schema.Type, depth: int) -> st.SearchStrategy[Any]:
    """Values of a type, with objects nested at most so deep."""
    if type_.kind == "ref":
        return objects(type_.ref, depth - 1)
    if type_.kind == "list":
        return st.lists(values(type_.element, depth), max_size=2)
    if type_.kind == "map":
        return st.dictionaries(
            st.sampled_from(["a", "cpu", "x/y"]), values(type_.element, depth), max_size=2
        )
    return SCALARS.get(type_.kind, st.just({}))


def objects(definition: str, depth: int = DEPTH) -> st.SearchStrategy[Any]:
    """Objects of a definition."""
    if depth <= 0:
        return st.just({})
    known = schema.definition(definition).fields
    return st.deferred(
        lambda: st.fixed_dictionaries(
            {},
            optional={
                name: values(field.type, depth)
                for name, field in known.items()
                if name not in LEFT_OUT
            },
        )
    )


def told_apart(type_: schema.Type, value: Any) -> Any:
    """Return a copy of a value whose list items can be told apart by their keys.

    Items without a key that names them are left out, and so are those named like one before.
    """
    if isinstance(value, dict) and type_.kind == "ref":
        known = schema.definition(type_.ref).fields
        return {name: _field(known[name], item) for name, item in value.items()}
    if isinstance(value, dict) and type_.element is not None:
        return {name: told_apart(type_.element, item) for name, item in value.items()}
    if isinstance(value, list) and type_.element is not None:
        return [told_apart(type_.element, item) for item in value]
    return value


def _field(field: schema.Field, value: Any) -> Any:
    value = told_apart(field.type, value)
    if not isinstance(value, list):
        return value
    if field.merge_key or field.list_type == "map":
        names = (field.merge_key,) if field.merge_key else field.map_keys
        # A list's items must differ in the merge key alone: patches know no other.
        return list(_first(value, names, {*names, *field.map_keys}))
    if field.list_type == "set" or "merge" in field.patch_strategies:
        return [item for place, item in enumerate(value) if item not in value[:place]]
    return value


def _first(
    items: Iterable[dict[str, Any]], names: tuple[str, ...], needed: set[str]
) -> Iterable[dict[str, Any]]:
    taken: list[Any] = []
    for item in items:
        name = [item.get(one) for one in names]
        if name not in taken and all(one in item for one in needed):
            taken.append(name)
            yield item
