"""Bringing a configuration into an object, and taking fields out of one."""

from __future__ import annotations

from collections import deque
from typing import Any

from minikube8s.api.apply.fields import Fields, as_member, is_member
from minikube8s.api.apply.shapes import Shape


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
    """Return `value` less what `fields` names; None when that leaves nothing."""
    if isinstance(value, dict) and shape.kind != "leaf":
        kept: dict[str, Any] = {}
        for name, item in value.items():
            left = _left(shape.child(name), item, fields.get(f"f:{name}"))
            if left is not None:
                kept[name] = left
        return kept or (None if value else value)
    if isinstance(value, list) and shape.kind in ("set", "keyed"):
        element = shape.element
        rest = (_left(element, item, fields.get(shape.edge(item))) for item in value)
        items = [item for item in rest if item is not None]
        return items or (None if value else value)
    return value


def with_named_fields(shape: Shape, fields: Fields) -> Fields:
    """Return `fields` with the structs on the way: whose parts are in a set is in it, too."""
    named: Fields = {}
    for edge, node in fields.items():
        below = with_named_fields(shape.below(edge), node)
        is_field = edge.startswith("f:") and shape.has_field(edge[2:])
        named[edge] = as_member(below) if is_field else below
    return named


def _left(shape: Shape, item: Any, node: Fields | None) -> Any:
    if node is None:
        return item
    return None if is_member(node) else without(shape, item, node)


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
