"""Messages to JSON objects: one table of readers a message, made when the message is first met.

The wire does not tell a plain zero, which Go always writes, from a pointer to one. JSON leaves most
zeros out (`omitempty`), so one is kept only where it says something else than absence, which
`zeros` lists.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import cache
from typing import Any

from minikube8s.api.protobuf import wire
from minikube8s.api.protobuf.messages import Field, Type, message
from minikube8s.api.protobuf.special import SPECIALS
from minikube8s.api.protobuf.zeros import EMPTY_TEXTS, ZERO_NUMBERS, ZERO_PORTS

MAX_DEPTH = 100
"""How deeply messages may be nested; Kubernetes' own need some 20."""

Plain = dict[str, Any]
Span = Callable[[bytes, int, int, int], Any]
"""From the bytes between two positions, at a depth, to a JSON value. Raises ValueError."""
SpanReader = Callable[[Plain, bytes, int, int, int], None]
"""Puts such a value into an object."""
NumberReader = Callable[[Plain, int], None]

_SPAN = wire.LENGTH_DELIMITED
_INTEGERS = ("int32", "int64", "bool")


@cache
def decoder(name: str) -> Decoder:
    """What reads the message of this full name. Raises LookupError."""
    return Decoder(name, message(name).fields)


class Decoder:
    """Reads one message into its plain fields."""

    def __init__(self, name: str, fields: tuple[Field, ...]) -> None:
        self._name = name
        self._fields = fields
        self._known: frozenset[int] = frozenset()
        self._numbers: dict[int, NumberReader] = {}
        self._spans: dict[int, SpanReader] = {}

    def __call__(self, data: bytes, position: int, end: int, depth: int) -> Plain:
        """The JSON object of the message between two positions. Raises ValueError."""
        if depth > MAX_DEPTH:
            raise wire.Malformed("the message is nested too deeply")
        if not self._known:
            self._prepare()
        result: Plain = {}
        numbers, spans = self._numbers, self._spans
        while position < end:
            # Most keys, numbers and lengths are a single byte; the slow way also finds the faults.
            key = data[position]
            position += 1
            if key > 0x7F:
                key, position = wire.read_varint(data, position - 1, end)
            kind = key & 7
            if kind == wire.VARINT:
                value, position = wire.read_varint(data, position, end)
                if key in numbers:
                    numbers[key](result, value)
                    continue
            else:
                if kind == _SPAN and position < end and (size := data[position]) < 0x80:
                    start = position + 1
                    position = start + size
                    if position > end:
                        raise wire.Malformed("a field is longer than its message")
                else:
                    start, position = wire.extent(data, position, end, kind)
                if key in spans:
                    spans[key](result, data, start, position, depth)
                    continue
            if key >> 3 in self._known:
                raise wire.Malformed(f"field {key >> 3} of {self._name} is of another type")
        return result

    def _prepare(self) -> None:
        """Make the readers; later than the object, because messages may hold each other."""
        for field in self._fields:
            key, type_ = field.number << 3, field.type
            inner = type_.inner if type_.kind == "list" else type_
            if inner.kind in _INTEGERS:
                self._numbers[key | wire.VARINT] = _number_reader(field)
                if type_.kind == "list":
                    self._spans[key | wire.LENGTH_DELIMITED] = _packed_reader(field)
            elif inner.kind == "double":
                self._spans[key | wire.FIXED64] = _span_reader(field)
            else:
                self._spans[key | wire.LENGTH_DELIMITED] = _span_reader(field)
        self._known = frozenset(field.number for field in self._fields)


def _number_reader(field: Field) -> NumberReader:
    name, kept = field.name, field.name in ZERO_NUMBERS
    convert: Callable[[int], int] = bool if field.type.kind == "bool" else wire.signed

    def append(result: Plain, value: int) -> None:
        result.setdefault(name, []).append(wire.signed(value))

    def put(result: Plain, value: int) -> None:
        if value or kept:
            result[name] = convert(value)

    return append if field.type.kind == "list" else put


def _packed_reader(field: Field) -> SpanReader:
    append = _number_reader(field)

    def read(result: Plain, data: bytes, position: int, end: int, _: int) -> None:
        while position < end:
            value, position = wire.read_varint(data, position, end)
            append(result, value)

    return read


def _span_reader(field: Field) -> SpanReader:
    name, type_ = field.name, field.type
    if type_.kind == "map":
        return _map_reader(name, type_.inner)
    span = _span(type_.inner if type_.kind == "list" else type_)

    def append(result: Plain, data: bytes, start: int, end: int, depth: int) -> None:
        result.setdefault(name, []).append(span(data, start, end, depth))

    def merge(result: Plain, data: bytes, start: int, end: int, depth: int) -> None:
        result.update(span(data, start, end, depth))

    def put(result: Plain, data: bytes, start: int, end: int, depth: int) -> None:
        value = span(data, start, end, depth)
        if value or _shown(field, value):
            result[name] = value

    if field.inline:
        return merge
    return append if type_.kind == "list" else put


def _shown(field: Field, value: Any) -> bool:
    """Whether JSON would have the field although its value is empty."""
    if field.type.kind == "message":
        return value is not None and not (value == 0 and field.name in ZERO_PORTS)
    return field.name in (EMPTY_TEXTS if value == "" else ZERO_NUMBERS)


def _map_reader(name: str, inner: Type) -> SpanReader:
    entry = Decoder("a map's entry", (Field("key", 1, Type("string")), Field("value", 2, inner)))
    span = _span(inner)

    def read(result: Plain, data: bytes, start: int, end: int, depth: int) -> None:
        found = entry(data, start, end, depth + 1)
        value = found["value"] if "value" in found else span(b"", 0, 0, depth)
        result.setdefault(name, {})[found.get("key", "")] = value

    return read


def _span(type_: Type) -> Span:
    match type_.kind:
        case "message":
            return _message(type_.message)
        case "bytes":
            return lambda data, start, end, _: base64.b64encode(data[start:end]).decode()
        case "double":
            return lambda data, start, end, _: wire.as_double(data[start:end])
    return lambda data, start, end, _: data[start:end].decode()


def _message(name: str) -> Span:
    decode, special = decoder(name), SPECIALS.get(name)
    if special is None:
        return lambda data, start, end, depth: decode(data, start, end, depth + 1)
    value = special.decode
    return lambda data, start, end, depth: value(decode(data, start, end, depth + 1))
