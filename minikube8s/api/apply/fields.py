"""Sets of field paths, and their algebra.

A set is kept as the document that `managedFields[].fieldsV1` shows, so reading and writing it costs
nothing: a trie whose edges are path elements, `f:NAME` (a field or a map's key), `k:{...}` (the
item with these keys), `v:VALUE` (the item with this value) and `i:N` (the item at this index).
A path is in the set when its node is empty or has the edge `.`. The root's own path never is, so
`{}` as a whole set is the empty one. Functions return new sets that may share nodes with their
arguments: nodes are never changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

Fields: TypeAlias = dict[str, Any]
"""A set, or the node of one: edges to nodes."""

SELF = "."
_LEAF: Fields = {SELF: {}}
_DEEPEST = 100

_encode = msgspec.json.Encoder(order="sorted").encode


def union(left: Fields, right: Fields) -> Fields:
    """Return the paths that are in either set."""
    merged = dict(left)
    for edge, node in right.items():
        mine = merged.get(edge)
        merged[edge] = node if mine is None else _joined(mine, node)
    return merged


def difference(left: Fields, right: Fields) -> Fields:
    """Return the paths of `left` that are not in `right`."""
    rest: Fields = {}
    for edge, node in left.items():
        other = right.get(edge)
        if other is None:
            rest[edge] = node
        elif edge != SELF:
            kept = difference(node or _LEAF, other or _LEAF)
            if kept:
                rest[edge] = _folded(kept)
    return rest


def intersection(left: Fields, right: Fields) -> Fields:
    """Return the paths that are in both sets."""
    common: Fields = {}
    for edge, node in left.items():
        other = right.get(edge)
        if other is None:
            continue
        if edge == SELF:
            common[edge] = node
        else:
            shared = intersection(node or _LEAF, other or _LEAF)
            if shared:
                common[edge] = _folded(shared)
    return common


def is_member(node: Fields) -> bool:
    """Tell whether the path that leads to `node` is in the set itself."""
    return not node or SELF in node


def as_member(node: Fields) -> Fields:
    """Return `node` with its own path in the set."""
    return node if is_member(node) else {SELF: {}, **node}


def paths(fields: Fields) -> list[str]:
    """Return the paths in Kubernetes' spelling, `.spec.ports[port=80,protocol="TCP"]`, sorted."""
    return sorted(_paths(fields, ""))


def checked(document: Any) -> Fields:
    """Return a set that a client wrote, its keys in the one spelling used here.

    Raises ValueError for what is no set of fields.
    """
    return _checked(document, 0)


def field_edge(name: str) -> str:
    """Return the edge of a field or of a map's key."""
    return f"f:{name}"


def key_edge(keys: dict[str, Any]) -> str:
    """Return the edge of the list item that has these keys."""
    return f"k:{_encode(keys).decode()}"


def value_edge(value: Any) -> str:
    """Return the edge of the list item that is this value."""
    return f"v:{_encode(value).decode()}"


def _joined(left: Fields, right: Fields) -> Fields:
    return left if left == right else _folded(union(left or _LEAF, right or _LEAF))


def _folded(node: Fields) -> Fields:
    """Return the shortest form of a node: one that is nothing but in the set is empty."""
    return {} if node == _LEAF else node


def _paths(node: Fields, prefix: str) -> Iterator[str]:
    for edge, below in node.items():
        if edge == SELF:
            continue
        path = prefix + _text(edge)
        if is_member(below):
            yield path
        yield from _paths(below, path)


def _text(edge: str) -> str:
    kind, _, rest = edge.partition(":")
    if kind == "f":
        return f".{rest}"
    if kind == "k":
        keys = msgspec.json.decode(rest)
        return f"[{','.join(f'{key}={_encode(keys[key]).decode()}' for key in sorted(keys))}]"
    return f"[={rest}]" if kind == "v" else f"[{rest}]"


def _checked(node: Any, depth: int) -> Fields:
    if not isinstance(node, dict) or depth > _DEEPEST:
        raise ValueError("a set of fields is an object of objects, and not very deep")
    clean: Fields = {}
    for edge, below in node.items():
        if edge == SELF:
            if below != {} or depth == 0:
                raise ValueError('the value of "." must be {}, and the root has none')
            clean[SELF] = {}
        else:
            clean[_checked_edge(edge)] = _checked(below, depth + 1)
    return _folded(clean)


def _checked_edge(edge: str) -> str:
    kind, colon, rest = edge.partition(":")
    try:
        if colon and kind == "f":
            return edge
        if kind == "k":
            return key_edge(msgspec.json.decode(rest, type=dict[str, Any]))
        if kind == "v":
            return value_edge(msgspec.json.decode(rest))
        if kind == "i" and int(rest) >= 0:
            return edge
    except (msgspec.MsgspecError, ValueError) as error:
        raise ValueError(f"bad path element {edge!r}: {error}") from error
    raise ValueError(f"unknown kind of path element {edge!r}: use f:, k:, v: or i:")
