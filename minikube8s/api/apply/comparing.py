"""What fields a value has, and which of them differ between two values."""

from __future__ import annotations

from typing import Any, NamedTuple

from minikube8s.api.apply.fields import SELF, Fields, field_edge, union
from minikube8s.api.apply.shapes import ALWAYS_THERE, Shape, parts


class Changes(NamedTuple):
    """The fields that are in the old value only, in both but unequal, in the new value only."""

    removed: Fields
    modified: Fields
    added: Fields

    @property
    def taken(self) -> Fields:
        """What the author of the new value said."""
        return union(self.modified, self.added)

    def __bool__(self) -> bool:
        return bool(self.removed or self.modified or self.added)


def fields_of(shape: Shape, value: Any) -> Fields:
    """Return the fields that somebody states who states `value`.

    Those are the leaves, the entries of maps and lists, but not the structs between them.
    """
    return _stated(shape, value, member=False) or {}


def compare(shape: Shape, old: Any, new: Any) -> Changes:
    """Compare two values; the order of items with names is no difference."""
    return Changes({}, {}, {}) if old == new else _compared(shape, old, new)


def created(shape: Shape, new: dict[str, Any]) -> Fields:
    """Return the fields of a new object that its author is taken to have set."""
    fields: Fields = {}
    for name, value in new.items():
        below = shape.child(name)
        if (
            name not in ALWAYS_THERE
            or shape.kind != "struct"
            or not isinstance(value, (dict, list))
        ):
            fields[field_edge(name)] = _whole(below, value)
        elif value:
            inner = parts(below, value)
            if inner is None:
                fields[field_edge(name)] = {}
            elif isinstance(value, dict):
                if node := created(below, value):
                    fields[field_edge(name)] = node
            else:
                fields[field_edge(name)] = {
                    edge: _whole(part.shape, part.value) for edge, part in inner.items()
                }
    return fields


def _stated(shape: Shape, value: Any, member: bool) -> Fields | None:
    """Return the node of `value`, None when nothing of it is in the set."""
    inner = parts(shape, value)
    if inner is None or value == {}:
        return {}
    node: Fields = {SELF: {}} if member and inner else {}
    for edge, part in inner.items():
        below = _stated(part.shape, part.value, member=shape.kind != "struct")
        if below is not None:
            node[edge] = below
    return node if node or member else None


def _whole(shape: Shape, value: Any) -> Fields:
    """Return the node of something that is there on one side only: all of it, structs too."""
    # Most values are scalars, which have no parts whatever their shape.
    inner = parts(shape, value) if isinstance(value, (dict, list)) else None
    if not inner:
        return {}
    node: Fields = {SELF: {}}
    for edge, part in inner.items():
        node[edge] = _whole(part.shape, part.value)
    return node


def _compared(shape: Shape, old: Any, new: Any) -> Changes:
    before, after = parts(shape, old), parts(shape, new)
    changes = Changes({}, {}, {})
    if before is None or after is None:
        return changes
    for edge, part in before.items():
        other = after.get(edge)
        if other is None:
            changes.removed[edge] = _whole(part.shape, part.value)
        elif part.value != other.value:
            if parts(part.shape, part.value) is None or parts(other.shape, other.value) is None:
                changes.modified[edge] = {}
            else:
                for below, all_ in zip(
                    _compared(part.shape, part.value, other.value), changes, strict=True
                ):
                    if below:
                        all_[edge] = below
    for edge, part in after.items():
        if edge not in before:
            changes.added[edge] = _whole(part.shape, part.value)
    return changes
