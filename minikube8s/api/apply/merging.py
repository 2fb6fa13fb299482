"""Bringing a configuration into an object, and taking fields out of one."""

from __future__ import annotations

from collections import deque
from typing import Any

from minikube8s.api.apply.fields import Fields, as_member, is_member
from minikube8s.api.apply.shapes import ALWAYS_THERE, Shape


def merge(shape: Shape, live: Any, config: Any) -> Any:
    """Return `live` with everything that `config` states; neither is changed.

    Items of named lists stand in the order of `config`; those that only `live` has stay before the
    item that they were before.
    """
    if isinstance(live, dict) and isinstance(config, dict):
        if shape.kind == "leaf":
            return config
        merged = dict(live)
        for name, value in config.items():
            merged[name] = merge(shape.child(name), live[name], value) if name in live else value
        return merged
    if isinstance(live, list) and isinstance(config, list) and shape.kind in ("set", "keyed"):
        return _merged_list(shape, live, config)
    return config


def without(shape: Shape, value: Any, fields: Fields) -> Any:
    """Return `value` less what `fields` names.

    What loses all of its parts that way, but is not named itself, becomes None (and `value` may).
    """
    if isinstance(value, dict) and shape.kind != "leaf":
        kept = {
            name: _left(shape.child(name), item, fields.get(f"f:{name}"))
            for name, item in value.items()
            if not _is_named(fields.get(f"f:{name}"))
        }
        return kept or (None if value else value)
    if isinstance(value, list) and shape.kind in ("set", "keyed"):
        element = shape.element
        items = []
        for item in value:
            node = fields.get(shape.edge(item))
            if not _is_named(node):
                items.append(_left(element, item, node))
        return items or (None if value else value)
    return value


def without_emptied(value: Any) -> Any:
    """Return `value` without the Nones that `without` leaves."""
    if isinstance(value, dict):
        return {name: without_emptied(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_emptied(item) for item in value if item is not None]
    return value


def with_structs(shape: Shape, fields: Fields) -> Fields:
    """Return `fields` with the structs on the way: whose parts are in a set is in it, too.

    A struct goes as a whole when nobody states any part of it any more, for then the rest are
    defaults of what is gone. Maps and lists do not, nor do the sections that every object has:
    what else they hold may be anybody's.
    """
    named: Fields = {}
    for edge, node in fields.items():
        child = shape.below(edge)
        below = with_structs(child, node)
        is_optional = shape.kind == "struct" and edge[2:] not in ALWAYS_THERE
        named[edge] = as_member(below) if is_optional and child.kind == "struct" else below
    return named


def _is_named(node: Fields | None) -> bool:
    return node is not None and is_member(node)


def _left(shape: Shape, item: Any, node: Fields | None) -> Any:
    return item if node is None else without(shape, item, node)


def _merged_list(shape: Shape, live: list[Any], config: list[Any]) -> list[Any]:
    wanted = {shape.edge(item): item for item in config}
    edges = [shape.edge(item) for item in live]
    had = dict(zip(reversed(edges), reversed(live), strict=True))
    element = shape.element
    pending = deque(wanted)
    shared = deque(edge for edge in wanted if edge in had)
    merged: list[Any] = []

    def take() -> str:
        edge = pending.popleft()
        if edge in had:
            shared.popleft()
            merged.append(merge(element, had[edge], wanted[edge]))
        else:
            merged.append(wanted[edge])
        return edge

    for edge, item in zip(edges, live, strict=True):
        if edge not in wanted:
            merged.append(item)
        elif shared and edge == shared[0]:
            while take() != edge:
                pass
    while pending:
        take()
    return merged
