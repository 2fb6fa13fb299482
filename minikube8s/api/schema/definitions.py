"""The definitions of Kubernetes' kinds, decoded one at a time from the compact table.

Owns the reading of `definitions.jsonl` (its form is told in `generate.py`) and the values that
describe a type. The table stays one byte string of some 250 kB; a definition is found in it by
search and decoded on its first use, so a process pays only for the kinds that it meets.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

DATA = Path(__file__).with_name("definitions.jsonl")


class UnknownDefinition(LookupError):
    """A name that no definition has; a fault of the caller, not of an object."""


class Type(NamedTuple):
    """What a value may be.

    `kind` is `list`, `map`, `ref` (an object with its own definition, named by `ref`) or a scalar:
    `string boolean int32 int64 double bytes time micro-time quantity int-or-string any object`.
    `element` is the type of a list's items or a map's values.
    """

    kind: str
    ref: str = ""
    element: Type | None = None


class Field(NamedTuple):
    """One field of a definition, with the rules by which patches and appliers merge it."""

    type: Type
    merge_key: str = ""
    patch_strategies: tuple[str, ...] = ()
    list_type: str = "atomic"
    map_keys: tuple[str, ...] = ()
    map_type: str = "granular"

    @property
    def ref(self) -> str:
        """The definition of the field's own value, if it is an object with one."""
        return self.type.ref

    @property
    def element_ref(self) -> str:
        """The definition of a list's items or a map's values, if they are objects with one."""
        return self.type.element.ref if self.type.element else ""


class Definition(NamedTuple):
    """The fields of one kind or of a part of one."""

    name: str
    fields: Mapping[str, Field]
    map_type: str = "granular"


@cache
def definition(name: str) -> Definition:
    """The definition of this name. Raises UnknownDefinition."""
    table = _table()
    key = b"\n" + name.encode() + b"\t"
    start = table.find(key)
    if start < 0:
        raise UnknownDefinition(f'there is no definition "{name}"')
    start += len(key)
    raw: dict[str, Any] = msgspec.json.decode(table[start : table.index(b"\n", start)])
    map_type = raw.pop("", "granular")
    package = name.rpartition(".")[0]
    fields = {key: _field(value, package) for key, value in raw.items()}
    return Definition(name, fields, map_type)


def field(name: str, field_name: str) -> Field | None:
    """One field of a definition, or None. Raises UnknownDefinition."""
    return definition(name).fields.get(field_name)


def names() -> list[str]:
    """The names of all definitions."""
    return [line.partition(b"\t")[0].decode() for line in _table().splitlines() if line]


@cache
def _table() -> bytes:
    # The newline in front lets every line be found by the newline before it.
    return b"\n" + DATA.read_bytes()


def _field(raw: Any, package: str) -> Field:
    if isinstance(raw, str):
        return _plain(raw, package)
    expression, rules = raw
    return Field(
        type=_type(expression, package),
        merge_key=rules.get("mergeKey", ""),
        patch_strategies=tuple(rules["strategy"].split(",")) if "strategy" in rules else (),
        list_type=rules.get("list", "atomic"),
        map_keys=tuple(rules.get("keys", ())),
        map_type=rules.get("map", "granular"),
    )


@cache
def _plain(expression: str, package: str) -> Field:
    return Field(_type(expression, package))


def _type(expression: str, package: str) -> Type:
    if expression.startswith("[]"):
        return Type("list", element=_type(expression[2:], package))
    if expression.startswith("{}"):
        return Type("map", element=_type(expression[2:], package))
    if expression.startswith("#"):
        name = expression[1:]
        return Type("ref", ref=name if "." in name else f"{package}.{name}")
    return Type(expression)
