"""What a template finds in a value. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from minikube8s.cli.output.jsonpath import wording
from minikube8s.cli.output.jsonpath.errors import JsonPathError
from minikube8s.cli.output.jsonpath.nodes import (
    Action,
    Block,
    Field,
    Filter,
    Literal,
    Node,
    Range,
    Recursive,
    Slice,
    Text,
    Union,
    Unknown,
    Wildcard,
)

_ORDERED = (int, float, str)


def render(blocks: Sequence[Block], value: Any, *, as_json: bool) -> str:
    """The text of a template. Raises JsonPathError."""
    return "".join(_rendered(blocks, value, as_json))


def values_of(blocks: Sequence[Block], value: Any, *, missing: bool) -> list[Any]:
    """What the first action finds. Raises JsonPathError."""
    for block in blocks:
        if isinstance(block, Action):
            return select(block.nodes, [value], missing=missing)
    return []


def select(nodes: Sequence[Node], values: list[Any], *, missing: bool = True) -> list[Any]:
    """What a path leads to from all of ``values``. Raises JsonPathError."""
    for node in nodes:
        values = _step(node, values, missing)
    return values


def _rendered(blocks: Sequence[Block], value: Any, as_json: bool) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Text):
            yield wording.indented([block.text]) + "\n" if as_json else block.text
        elif isinstance(block, Range):
            for item in select(block.nodes, [value]):
                yield from _rendered(block.body, item, as_json)
        else:
            found = select(block.nodes, [value])
            yield wording.indented(found) + "\n" if as_json else " ".join(map(wording.text, found))


def _step(node: Node, values: list[Any], missing: bool) -> list[Any]:
    if isinstance(node, Field):
        found = [v[node.name] for v in values if isinstance(v, dict) and node.name in v]
        if not found and not missing:
            raise JsonPathError(f"{node.name} is not found")
        return found
    if isinstance(node, Literal):
        return [node.value for _ in values]
    if isinstance(node, Union):
        return [item for part in node.parts for item in select(part, values, missing=missing)]
    if isinstance(node, Unknown):
        raise JsonPathError(_why_unknown(node))
    if isinstance(node, Slice):
        values = [value for value in values if value is not None]
    return [item for value in values for item in _inside(node, value)]


def _inside(node: Slice | Wildcard | Filter | Recursive, value: Any) -> Iterable[Any]:
    if isinstance(node, Slice):
        return _slice(node, value)
    if isinstance(node, Wildcard):
        return _children(value)
    return _filtered(node, value) if isinstance(node, Filter) else _descendants(value)


def _why_unknown(node: Unknown) -> str:
    if node.name == "end":
        return "not in range, nothing to end"
    return f"unrecognized identifier {node.name}"


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    return value if isinstance(value, list) else []


def _descendants(value: Any) -> Iterator[Any]:
    children = _children(value)
    if children or (isinstance(value, str) and value):
        yield value
    for child in children:
        yield from _descendants(child)


def _slice(node: Slice, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise JsonPathError(f"{wording.kind(value)} is not array or slice")
    length = len(value)
    start = node.start or 0
    start += length if start < 0 else 0
    if node.single:
        end = start + 1
    else:
        end = length if node.end is None else node.end
        end += length if end < 0 else 0
    if start == end:
        return []
    _check_bounds(start, length)
    if start > end:
        raise JsonPathError(f"starting index {start} is greater than ending index {end}")
    _check_bounds(end - 1, length)
    if node.step is not None and node.step <= 0:
        raise JsonPathError("step must be > 0")
    return value[start : end : node.step or 1]


def _check_bounds(index: int, length: int) -> None:
    if not 0 <= index < length:
        raise JsonPathError(f"array index out of bounds: index {index}, length {length}")


def _filtered(node: Filter, value: Any) -> Iterator[Any]:
    if not isinstance(value, list):
        shown = wording.plain(value)
        raise JsonPathError(f"{shown} is not array or slice and cannot be filtered")
    for item in value:
        if _holds(node, item):
            yield item


def _holds(node: Filter, item: Any) -> bool:
    if not node.operator:
        return _leads_somewhere(node.left, item)
    left = select(node.left, [item])
    if not left:
        return False
    if len(left) > 1:
        raise JsonPathError("can only compare one element at a time")
    right = select(node.right, [item])
    if not right:
        return False
    if len(right) > 1:
        raise JsonPathError("can only compare one element at a time")
    return _compare(left[0], node.operator, right[0])


def _leads_somewhere(nodes: Sequence[Node], item: Any) -> bool:
    """Whether a path finds something, as far as it can be followed."""
    values = [item]
    for node in nodes:
        try:
            values = _step(node, values, True)
        except JsonPathError:
            break
    return bool(values)


def _compare(left: Any, operator: str, right: Any) -> bool:
    if operator not in {"==", "!=", "<", "<=", ">", ">="}:
        raise JsonPathError(f"unrecognized filter operator {operator}")
    for value in (left, right):
        if value is None or isinstance(value, dict | list):
            raise JsonPathError("invalid type for comparison")
    if type(left) is not type(right):
        raise JsonPathError("incompatible types for comparison")
    if operator in {"==", "!="}:
        return bool((left == right) == (operator == "=="))
    if not isinstance(left, _ORDERED) or isinstance(left, bool):
        raise JsonPathError("invalid type for comparison")
    if left == right:
        return operator in {"<=", ">="}
    return bool((left < right) == (operator in {"<", "<="}))
