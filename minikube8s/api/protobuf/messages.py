"""Which fields a message has: JSON names, numbers and types, from `messages.jsonl`.

One line a message, as in the schema's table: name, tab, JSON object of `name: [number, type]`.
Types are protobuf's scalars, `[]T`, `{}T` (a map with string keys), `#Message` of the same package
or with its full name, and `=#Message` for a message whose fields stand among the parent's in JSON.
The numbers and types are facts read off the interface files that Kubernetes 1.36 publishes
(generated.proto); names are spelled as in JSON.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

DATA = Path(__file__).with_name("messages.jsonl")

META = "k8s.io.apimachinery.pkg.apis.meta.v1"
_PACKAGES = {
    "apiextensions.k8s.io": "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions",
    "meta.k8s.io": "k8s.io.apimachinery.pkg.apis.meta",
    "metrics.k8s.io": "k8s.io.metrics.pkg.apis.metrics",
}


class Type(NamedTuple):
    """`kind` is a scalar of protobuf, `message` (named by `message`), `list` or `map`."""

    kind: str
    message: str = ""
    element: Type | None = None

    @property
    def inner(self) -> Type:
        """What a list or a map holds."""
        if self.element is None:
            raise TypeError(f"a {self.kind} holds nothing")
        return self.element


class Field(NamedTuple):
    """One field; an `inline` one has no name in JSON, its own fields take its place."""

    name: str
    number: int
    type: Type
    inline: bool = False


class Message(NamedTuple):
    """The fields of a message in the order of their numbers, and their names in JSON."""

    name: str
    fields: tuple[Field, ...]
    names: frozenset[str]


@cache
def message(name: str) -> Message:
    """The message of this full name. Raises LookupError."""
    table = _table()
    key = b"\n" + name.encode() + b"\t"
    start = table.find(key)
    if start < 0:
        raise LookupError(f'there is no protobuf message "{name}"')
    start += len(key)
    line = table[start : table.index(b"\n", start)]
    raw = msgspec.json.decode(line, type=dict[str, tuple[int, str]])
    package = name.rpartition(".")[0]
    fields = tuple(
        Field(json_name, number, _type(text.removeprefix("="), package), text.startswith("="))
        for json_name, (number, text) in raw.items()
    )
    names = {field.name for field in fields if not field.inline}
    for field in fields:
        if field.inline:
            names |= message(field.type.message).names
    return Message(name, fields, frozenset(names))


def names() -> list[str]:
    """The names of all messages."""
    return [line.partition(b"\t")[0].decode() for line in _table().splitlines() if line]


def of_kind(api_version: str, kind: str) -> Message | None:
    """The message of a kind, None when it has none.

    Kinds that all groups share (Status, DeleteOptions, …) are meta/v1's whatever the apiVersion.
    """
    group, _, version = api_version.rpartition("/")
    package = _PACKAGES.get(group) or f"k8s.io.api.{group.partition('.')[0] or 'core'}"
    for name in (f"{package}.{version}.{kind}", f"{META}.{kind}"):
        if b"\n" + name.encode() + b"\t" in _table():
            return message(name)
    return None


@cache
def _table() -> bytes:
    # The newline in front lets every line be found by the newline before it.
    return b"\n" + DATA.read_bytes()


def _type(text: str, package: str) -> Type:
    if text.startswith("[]"):
        return Type("list", element=_type(text[2:], package))
    if text.startswith("{}"):
        return Type("map", element=_type(text[2:], package))
    if text.startswith("#"):
        name = text[1:]
        return Type("message", message=name if "." in name else f"{package}.{name}")
    return Type(text)
