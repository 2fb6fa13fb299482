"""The published definitions with their descriptions, for as long as a document is being built.

Owns finding what a set of kinds needs. The file is split without being parsed; only definitions
that a document holds are decoded, one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from minikube8s.api.schema.source import definitions_file, own_definitions_file

REFERENCE = "#/$defs/"

Convert = Callable[[str, dict[str, Any]], dict[str, Any]]


class _File(msgspec.Struct):
    definitions: dict[str, msgspec.Raw] = msgspec.field(name="$defs")


class Source:
    """All definitions, undecoded. Make one for a document and let it go: it holds 1.6 MB."""

    def __init__(self) -> None:
        self._definitions = {
            name: one
            for file in (definitions_file(), own_definitions_file())
            for name, one in msgspec.json.decode(file.read_bytes(), type=_File).definitions.items()
        }

    def __contains__(self, name: str) -> bool:
        return name in self._definitions

    def closure(self, roots: Iterable[str], convert: Convert) -> dict[str, msgspec.Raw]:
        """The roots and whatever they refer to, converted and encoded, sorted by name."""
        found: dict[str, msgspec.Raw] = {}
        waiting = [name for name in roots if name in self]
        while waiting:
            name = waiting.pop()
            if name not in found:
                definition: dict[str, Any] = msgspec.json.decode(self._definitions[name])
                waiting += references(definition)
                found[name] = msgspec.Raw(msgspec.json.encode(convert(name, definition)))
        return dict(sorted(found.items()))


def references(schema: dict[str, Any]) -> Iterator[str]:
    """The definitions that a schema names."""
    reference: str = schema.get("$ref", "")
    if reference:
        yield reference.removeprefix(REFERENCE)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from references(schema[key])
    for field in schema.get("properties", {}).values():
        yield from references(field)
