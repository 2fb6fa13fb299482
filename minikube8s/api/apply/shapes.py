"""How values merge, by their type: which have parts with owners of their own, and what names those.

Owns the reading of `api.schema` for that purpose. A shape is made when first asked for and kept,
as definitions are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from minikube8s.api import schema
from minikube8s.api.apply import fields

Kind = Literal["leaf", "struct", "map", "set", "keyed", "free"]

ALWAYS_THERE = frozenset(
    {
        *("metadata", "spec", "status", "template", "jobTemplate", "strategy", "updateStrategy"),
        *("loadBalancer", "scaleTargetRef", "containers"),
    }
)
"""Fields that a Kubernetes object has from the start, if only empty: no author ever added them."""
_KEY_DEFAULTS = {
    ("io.k8s.api.core.v1.ContainerPort", "protocol"): "TCP",
    ("io.k8s.api.core.v1.ServicePort", "protocol"): "TCP",
}
"""What an item's key means where the item leaves it out: the defaults that Kubernetes declares."""


class Shape(NamedTuple):
    """The way in which values of one type are owned.

    `leaf` is owned whole (scalars, whatever is atomic); `struct` has the fields of the definition
    `ref`; `map`, `set` and `keyed` have elements, `keyed` lists name theirs by `keys`; `free` is
    JSON of no known form: objects are maps, the rest is whole.
    """

    kind: Kind
    ref: str = ""
    type: schema.Type | None = None
    keys: tuple[str, ...] = ()

    def child(self, name: str) -> Shape:
        """Return the shape of a field or of a map's entry."""
        if self.kind != "struct":
            return self.element
        known = _known_fields(self.ref)
        shape = known.get(name)
        if shape is None:
            field = schema.field(self.ref, name)
            if field is None:
                return FREE
            shape = known[name] = _of_field(field)
        return shape

    @property
    def element(self) -> Shape:
        """The shape of a map's entries or a list's items."""
        return FREE if self.type is None else _of_type(self.type)

    def below(self, edge: str) -> Shape:
        """Return the shape of what an edge of a set of fields leads to."""
        return self.child(edge[2:]) if edge.startswith("f:") else self.element

    def edge(self, item: Any) -> str:
        """Return the edge that names an item of a `set` or `keyed` list.

        Keys without a value and a default are left out; `absent_keys` tells them.
        """
        if self.kind != "keyed" or not isinstance(item, dict):
            return fields.value_edge(item)
        given = {key: item.get(key, self._default(key)) for key in self.keys}
        return fields.key_edge({key: value for key, value in given.items() if value is not None})

    def absent_keys(self, item: Mapping[str, Any]) -> list[str]:
        """Return the keys that an item of a `keyed` list must have and does not."""
        return [k for k in self.keys if item.get(k) is None and self._default(k) is None]

    def _default(self, key: str) -> str | None:
        return _KEY_DEFAULTS.get((self.type.ref if self.type else "", key))


LEAF = Shape("leaf")
FREE = Shape("free")


class Part(NamedTuple):
    """What an edge leads to: a value and its shape."""

    shape: Shape
    value: Any


def of(definition: str) -> Shape:
    """Return the shape of objects of this definition."""
    return _of_type(schema.Type("ref", ref=definition))


def parts(shape: Shape, value: Any) -> dict[str, Part] | None:
    """Return what `value` consists of, by edges; None when it is owned whole.

    Items of a list that have the same name are one part, which is owned whole.
    """
    if isinstance(value, dict):
        if shape.kind not in ("struct", "map", "free"):
            return None
        if shape.kind == "struct":
            return {f"f:{name}": Part(shape.child(name), item) for name, item in value.items()}
        element = shape.element
        return {f"f:{name}": Part(element, item) for name, item in value.items()}
    if not isinstance(value, list) or shape.kind not in ("set", "keyed"):
        return None
    edges = [shape.edge(item) for item in value]
    found: dict[str, Part] = {}
    element = shape.element
    if len(set(edges)) == len(edges):
        return {edge: Part(element, item) for edge, item in zip(edges, value, strict=True)}
    counts = Counter(edges)
    for edge, item in zip(edges, value, strict=True):
        if counts[edge] == 1:
            found[edge] = Part(element, item)
        else:
            found.setdefault(edge, Part(LEAF, [])).value.append(item)
    return found


@cache
def _known_fields(definition: str) -> dict[str, Shape]:
    """Return where the shapes of a definition's fields are kept once they were asked for."""
    return {}


def _of_field(field: schema.Field) -> Shape:
    if field.type.kind == "list":
        if field.list_type == "map":
            return Shape("keyed", type=field.type.element, keys=field.map_keys)
        return Shape("set", type=field.type.element) if field.list_type == "set" else LEAF
    return LEAF if field.map_type == "atomic" else _of_type(field.type)


@cache
def _of_type(type_: schema.Type) -> Shape:
    match type_.kind:
        case "ref":
            atomic = schema.definition(type_.ref).map_type == "atomic"
            return LEAF if atomic else Shape("struct", ref=type_.ref)
        case "map":
            return Shape("map", type=type_.element)
        case "any" | "object":
            return FREE
    return LEAF
