"""The OpenAPI v2 document in protobuf: the messages that gnostic defines and kubectl reads.

Owns the field numbers of the messages that a Kubernetes document uses, and the way from the JSON
form to them. The wire form itself is `wire`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from minikube8s.api.protobuf import wire


class _Field(NamedTuple):
    """A JSON key's field: `type` is string, bool, a message, or one of the forms below.

    `[]T` is a list of T; `named:T` a JSON map, sent as a list of (name, T).
    """

    number: int
    type: str


_EXTENSION = "x-"

_MESSAGES: dict[str, dict[str, _Field]] = {
    "Document": {
        "swagger": _Field(1, "string"),
        "info": _Field(2, "Info"),
        "paths": _Field(8, "Paths"),
        "definitions": _Field(9, "Definitions"),
    },
    "Info": {"title": _Field(1, "string"), "version": _Field(2, "string")},
    "Operation": {
        "tags": _Field(1, "[]string"),
        "description": _Field(3, "string"),
        "operationId": _Field(5, "string"),
        "produces": _Field(6, "[]string"),
        "consumes": _Field(7, "[]string"),
        "parameters": _Field(8, "[]ParametersItem"),
        "responses": _Field(9, "Responses"),
        "schemes": _Field(10, "[]string"),
        _EXTENSION: _Field(13, "NamedAny"),
    },
    "PathItem": {
        "get": _Field(2, "Operation"),
        "put": _Field(3, "Operation"),
        "post": _Field(4, "Operation"),
        "delete": _Field(5, "Operation"),
        "patch": _Field(8, "Operation"),
    },
    "BodyParameter": {
        "name": _Field(2, "string"),
        "in": _Field(3, "string"),
        "required": _Field(4, "bool"),
        "schema": _Field(5, "Schema"),
    },
    "QueryParameter": {
        "in": _Field(2, "string"),
        "description": _Field(3, "string"),
        "name": _Field(4, "string"),
        "type": _Field(6, "string"),
        "uniqueItems": _Field(20, "bool"),
    },
    "PathParameter": {
        "required": _Field(1, "bool"),
        "in": _Field(2, "string"),
        "description": _Field(3, "string"),
        "name": _Field(4, "string"),
        "type": _Field(5, "string"),
        "uniqueItems": _Field(19, "bool"),
    },
    "Response": {"description": _Field(1, "string"), "schema": _Field(2, "SchemaItem")},
    "Schema": {
        "$ref": _Field(1, "string"),
        "format": _Field(2, "string"),
        "description": _Field(4, "string"),
        "required": _Field(19, "[]string"),
        "additionalProperties": _Field(21, "AdditionalProperties"),
        "type": _Field(22, "TypeItem"),
        "items": _Field(23, "ItemsItem"),
        "properties": _Field(25, "Properties"),
        _EXTENSION: _Field(31, "NamedAny"),
    },
}

_MAPS = {
    # message: (field number of its entries, what an entry's value is)
    "Paths": (2, "PathItem"),
    "Definitions": (1, "Schema"),
    "Properties": (1, "Schema"),
    "Responses": (1, "ResponseValue"),
}

_WRAPPERS = {
    # message: (field number, the one message or string that it wraps)
    "SchemaItem": (1, "Schema"),
    "ResponseValue": (1, "Response"),
    "AdditionalProperties": (1, "Schema"),
    "TypeItem": (1, "string"),
    "ItemsItem": (1, "Schema"),
}

_PARAMETER_MESSAGES = {"query": (3, "QueryParameter"), "path": (4, "PathParameter")}


def encode(message: str, value: Any) -> bytes:
    """The bytes of a JSON value as the message of that name.

    Raises LookupError for a key that the message has no field for: nothing is dropped silently.
    """
    if isinstance(value, msgspec.Raw):
        value = msgspec.json.decode(value)
    if message == "string":
        return str(value).encode()
    if message in _WRAPPERS:
        number, inner = _WRAPPERS[message]
        return wire.field(number, encode(inner, value))
    if message in _MAPS:
        number, inner = _MAPS[message]
        entries = (_named(name, encode(inner, item)) for name, item in value.items())
        return b"".join(wire.field(number, entry) for entry in entries)
    if message == "ParametersItem":
        return wire.field(1, _parameter(value))
    return b"".join(_fields(_MESSAGES[message], value.items()))


def _fields(fields: dict[str, _Field], items: Iterable[tuple[str, Any]]) -> Iterator[bytes]:
    for key, value in items:
        if key.startswith(_EXTENSION) and _EXTENSION in fields:
            # JSON is YAML, which is what extensions travel as.
            text = wire.field(2, msgspec.json.encode(value) + b"\n")
            yield wire.field(fields[_EXTENSION].number, _named(key, text))
            continue
        number, type_ = fields[key]
        if type_ == "bool":
            yield wire.integer(number, value)
        elif type_.startswith("[]"):
            for item in value:
                yield wire.field(number, encode(type_[2:], item))
        else:
            yield wire.field(number, encode(type_, value))


def _named(name: str, value: bytes) -> bytes:
    return wire.field(1, name.encode()) + wire.field(2, value)


def _parameter(value: dict[str, Any]) -> bytes:
    if value["in"] == "body":
        return wire.field(1, encode("BodyParameter", value))
    number, message = _PARAMETER_MESSAGES[value["in"]]
    return wire.field(2, wire.field(number, encode(message, value)))
