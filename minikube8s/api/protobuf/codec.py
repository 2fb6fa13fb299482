"""Messages to JSON objects and back, field by field.

Go's encoder writes every plain scalar, zero or not, and a pointer only when it is set; the wire
does not tell the two apart. JSON leaves most zeros out (`omitempty`), so a zero is kept only in
fields where it says something else than absence, which `zeros` lists.
"""

from __future__ import annotations

import base64
from typing import Any

from minikube8s.api.protobuf import wire
from minikube8s.api.protobuf.messages import Field, Message, Type, message
from minikube8s.api.protobuf.special import SPECIALS
from minikube8s.api.protobuf.zeros import EMPTY_TEXTS, ZERO_NUMBERS, ZERO_PORTS

MAX_DEPTH = 100
"""How deeply messages may be nested; Kubernetes' own need some 20."""

_INTEGERS = ("int32", "int64", "bool")


def decode_message(kind: Message, data: memoryview, depth: int = 0) -> dict[str, Any]:
    """The JSON object of a message. Raises wire.Malformed."""
    if depth > MAX_DEPTH:
        raise wire.Malformed("the message is nested too deeply")
    result: dict[str, Any] = {}
    for number, value in wire.fields(data):
        field = kind.by_number.get(number)
        if field is not None:
            _read(result, field, value, depth)
    return result


def encode_message(kind: Message, obj: dict[str, Any]) -> bytes:
    """The message of a JSON object; its apiVersion and kind are the envelope's.

    Raises ValueError for a field that the message does not have, or a value it cannot hold.
    """
    unknown = obj.keys() - kind.names - {"apiVersion", "kind"}
    if unknown:
        raise ValueError(f'{kind.name} has no field "{min(unknown)}"')
    return _written(kind, obj)


def _written(kind: Message, obj: dict[str, Any]) -> bytes:
    out = bytearray()
    for field in kind.fields:
        if field.inline:
            inner = message(field.type.message)
            if obj.keys() & inner.names:
                out += wire.field(field.number, _written(inner, obj))
        elif (value := obj.get(field.name)) is not None:
            out += _field(field.number, field.type, value)
    return bytes(out)


def _field(number: int, type_: Type, value: Any) -> bytes:
    if type_.kind == "list":
        return b"".join(_field(number, _element(type_), item) for item in value)
    if type_.kind == "map":
        entries = (
            _field(1, Type("string"), key) + _field(2, _element(type_), value[key])
            for key in sorted(value)
        )
        return b"".join(wire.field(number, entry) for entry in entries)
    if type_.kind == "message":
        return wire.field(number, _embedded(type_.message, value))
    if type_.kind in _INTEGERS:
        return wire.integer(number, int(value))
    if type_.kind == "double":
        return wire.double(number, float(value))
    if not isinstance(value, str):
        raise ValueError(f"expected a string, got {type(value).__name__}")
    return wire.field(number, base64.b64decode(value) if type_.kind == "bytes" else value.encode())


def _embedded(name: str, value: Any) -> bytes:
    kind = message(name)
    special = SPECIALS.get(name)
    if special is not None:
        return _written(kind, special.encode(value))
    if not isinstance(value, dict):
        raise ValueError(f"expected an object for {name}, got {type(value).__name__}")
    return encode_message(kind, value)


def _read(result: dict[str, Any], field: Field, value: int | memoryview, depth: int) -> None:
    type_ = field.type
    if field.inline:
        inner = message(type_.message)
        result.update(decode_message(inner, _bytes(value), depth + 1))
    elif type_.kind == "list":
        items: list[Any] = result.setdefault(field.name, [])
        element = _element(type_)
        if element.kind in _INTEGERS and not isinstance(value, int):
            items += _packed(element, value)
        else:
            items.append(_value(element, value, depth))
    elif type_.kind == "map":
        entry = dict(wire.fields(_bytes(value)))
        key = _text(_bytes(entry.get(1, memoryview(b""))))
        element = _element(type_)
        empty = 0 if element.kind in _INTEGERS else memoryview(b"")
        result.setdefault(field.name, {})[key] = _value(element, entry.get(2, empty), depth)
    else:
        decoded = _value(type_, value, depth)
        if _shown(field, decoded):
            result[field.name] = decoded


def _shown(field: Field, value: Any) -> bool:
    """Whether JSON would have the field at all."""
    if field.type.kind == "message":
        return value is not None and not (value == 0 and field.name in ZERO_PORTS)
    return bool(value) or field.name in (EMPTY_TEXTS if value == "" else ZERO_NUMBERS)


def _value(type_: Type, value: int | memoryview, depth: int) -> Any:
    if type_.kind in _INTEGERS:
        if not isinstance(value, int):
            raise wire.Malformed("expected an integer")
        return bool(value) if type_.kind == "bool" else wire.signed(value)
    data = _bytes(value)
    if type_.kind == "message":
        plain = decode_message(message(type_.message), data, depth + 1)
        special = SPECIALS.get(type_.message)
        return special.decode(plain) if special else plain
    if type_.kind == "double":
        return wire.as_double(data)
    return base64.b64encode(data).decode() if type_.kind == "bytes" else _text(data)


def _packed(element: Type, data: memoryview) -> list[Any]:
    items, position = [], 0
    while position < len(data):
        number, position = wire.read_varint(data, position)
        items.append(_value(element, number, 0))
    return items


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise wire.Malformed("expected bytes, got an integer")
    return value


def _text(data: memoryview) -> str:
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        raise wire.Malformed("a string is not UTF-8") from None


def _element(type_: Type) -> Type:
    if type_.element is None:
        raise TypeError(f"a {type_.kind} without an element type")
    return type_.element
