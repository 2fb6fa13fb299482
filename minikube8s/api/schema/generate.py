"""Make `definitions.jsonl` from the published definitions: `script/schema`.

Owns the compact form. One line a definition, sorted by name: the name, a tab, a JSON object. Its
values are types, or lists of a type and the field's merge rules where it has some:

    string boolean int32 int64 double bytes time micro-time duration quantity int-or-string
    any object
    []TYPE    a list          {}TYPE    a map with string keys
    #Name     a definition of the same package      #io.k8s....Name    one of another package

`any` takes every JSON value and `object` every JSON object. A definition that is itself a scalar (a
Quantity, a Time) is written in place and has no line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minikube8s.api.schema.definitions import DATA
from minikube8s.api.schema.source import definitions_file, own_definitions_file

_REF = "#/$defs/"
_SCALARS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "micro-time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Duration": "duration",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "object",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch": "object",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "object",
}
_RULES = {
    "x-kubernetes-patch-merge-key": "mergeKey",
    "x-kubernetes-patch-strategy": "strategy",
    "x-kubernetes-list-type": "list",
    "x-kubernetes-list-map-keys": "keys",
    "x-kubernetes-map-type": "map",
}
_FORMATS = {"byte": "bytes", "int32": "int32", "int64": "int64", "double": "double"}


def compact(definitions: dict[str, Any]) -> bytes:
    """The whole table for these definitions, the value of `$defs`. Deterministic."""
    return "".join(_lines(definitions)).encode()


def _lines(definitions: dict[str, Any]) -> Iterator[str]:
    for name in sorted(definitions):
        schema = definitions[name]
        if _scalar(name, schema):
            continue
        package = name.rpartition(".")[0]
        fields = {
            key: _field(value, package, definitions)
            for key, value in sorted(schema.get("properties", {}).items())
        }
        if "x-kubernetes-map-type" in schema:
            fields[""] = schema["x-kubernetes-map-type"]
        yield f"{name}\t{json.dumps(fields, separators=(',', ':'))}\n"


def _scalar(name: str, schema: dict[str, Any]) -> str:
    """The type name of a definition that has no fields to speak of, or ""."""
    if name in _SCALARS:
        return _SCALARS[name]
    return "" if "type" in schema else "any"


def _field(schema: dict[str, Any], package: str, definitions: dict[str, Any]) -> Any:
    expression = _type(schema, package, definitions)
    rules = {short: schema[key] for key, short in _RULES.items() if key in schema}
    if not rules or rules == {"list": "atomic"}:
        return expression
    return [expression, rules]


def _type(schema: dict[str, Any], package: str, definitions: dict[str, Any]) -> str:
    reference: str = schema.get("$ref", "")
    if reference:
        name = reference.removeprefix(_REF)
        scalar = _scalar(name, definitions[name])
        if scalar:
            return scalar
        return "#" + (name.removeprefix(package + ".") if _within(name, package) else name)
    types = schema["type"]
    kind: str = types if isinstance(types, str) else next(item for item in types if item != "null")
    if kind == "array":
        return "[]" + _type(schema["items"], package, definitions)
    if kind == "object":
        values = schema.get("additionalProperties")
        return "{}" + _type(values, package, definitions) if values else "object"
    form: str = schema.get("format", "")
    return _FORMATS.get(form, kind)


def _within(name: str, package: str) -> bool:
    return name.rpartition(".")[0] == package


def definitions() -> dict[str, Any]:
    """All definitions, the published ones and those beside them."""
    found: dict[str, Any] = {}
    for file in (definitions_file(), own_definitions_file()):
        found |= json.loads(file.read_bytes())["$defs"]
    return found


def main() -> None:
    """Write the table; with `--check` only say whether the one on disk is current."""
    data = compact(definitions())
    if "--check" not in sys.argv[1:]:
        DATA.write_bytes(data)
    elif DATA.read_bytes() != data:
        sys.exit(f"{Path(DATA).name} is stale: run script/schema and commit the result")


if __name__ == "__main__":
    main()
