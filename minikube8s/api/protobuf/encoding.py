"""JSON objects to messages: one function a message, put together when the message is first met.

Only what an object has is written. Go's encoder writes every plain zero too, but its decoder makes
the same of both; what is a pointer there is absent here when it is absent in JSON.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Any

from minikube8s.api.protobuf import wire
from minikube8s.api.protobuf.messages import Type, message
from minikube8s.api.protobuf.special import SPECIALS

Encoder = Callable[[Any], bytes]
"""From a JSON value to a message, or to a field with its tag. Raises ValueError."""


@cache
def encoder(name: str) -> Encoder:
    """What writes the message of this full name, without tag and length. Raises LookupError.

    The function raises ValueError for a field that the message does not have, or a value that it
    cannot hold.
    """
    special = SPECIALS.get(name)
    if special is None:
        return _message(name)
    encode, plain = _message(name), special.encode
    return lambda value: encode(plain(value))


def _message(name: str) -> Encoder:
    kind = message(name)
    # What the envelope says of an object, its message does not repeat.
    numbers = {"apiVersion": 0, "kind": 0}
    writers: dict[str, Encoder | None] = {"apiVersion": _nothing, "kind": _nothing}
    groups: dict[int, tuple[frozenset[str], Encoder]] = {}
    for field in kind.fields:
        if field.inline:
            names = message(field.type.message).names
            groups[field.number] = names, _writer(field.number, field.type)
            numbers |= dict.fromkeys(names, field.number)
            writers |= dict.fromkeys(names)
        else:
            numbers[field.name] = field.number
            writers[field.name] = _writer(field.number, field.type)
    order = numbers.__getitem__

    def encode(obj: Any) -> bytes:
        if not isinstance(obj, dict):
            raise ValueError(f"expected an object for {name}, got {type(obj).__name__}")
        try:
            keys = sorted(obj, key=order)
        except KeyError as error:
            raise ValueError(f'{name} has no field "{error.args[0]}"') from None
        pieces, grouped = [], 0
        for key in keys:
            value = obj[key]
            if value is None:
                continue
            write = writers[key]
            if write is not None:
                pieces.append(write(value))
            elif numbers[key] != grouped:
                # Fields of an inlined message share its number, so they come one after another.
                grouped = numbers[key]
                names, write = groups[grouped]
                pieces.append(write({key: obj[key] for key in keys if key in names}))
        return b"".join(pieces)

    return encode


def _nothing(_: Any) -> bytes:
    return b""


def _writer(number: int, type_: Type) -> Encoder:
    match type_.kind:
        case "list":
            each = _writer(number, type_.inner)
            return lambda values: b"".join([each(value) for value in _checked(values, list)])
        case "map":
            return _map_writer(number, type_.inner)
        case "message":
            return _message_writer(wire.tag(number, wire.LENGTH_DELIMITED), type_.message)
    return _scalar_writer(number, type_.kind)


def _scalar_writer(number: int, kind: str) -> Encoder:
    match kind:
        case "string":
            return _string_writer(wire.tag(number, wire.LENGTH_DELIMITED))
        case "bytes":
            return _bytes_writer(wire.tag(number, wire.LENGTH_DELIMITED))
        case "double":
            return lambda value: wire.double(number, _checked(value, int | float))
    head, varint = wire.tag(number, wire.VARINT), wire.varint
    return lambda value: head + varint(_checked(value, int))


def _string_writer(head: bytes) -> Encoder:
    varint = wire.varint

    def write(value: Any) -> bytes:
        data: bytes = _checked(value, str).encode()
        return head + varint(len(data)) + data

    return write


def _bytes_writer(head: bytes) -> Encoder:
    def write(value: Any) -> bytes:
        data = base64.b64decode(_checked(value, str))
        return head + wire.varint(len(data)) + data

    return write


def _message_writer(head: bytes, name: str) -> Encoder:
    # Looked up when first needed: a schema's properties are schemas.
    encode: Encoder | None = None
    varint = wire.varint

    def write(value: Any) -> bytes:
        nonlocal encode
        if encode is None:
            encode = encoder(name)
        data = encode(value)
        return head + varint(len(data)) + data

    return write


def _map_writer(number: int, inner: Type) -> Encoder:
    head, varint = wire.tag(number, wire.LENGTH_DELIMITED), wire.varint
    write_key, write_value = _writer(1, Type("string")), _writer(2, inner)

    def write(value: Any) -> bytes:
        pieces = []
        for key, item in sorted(_checked(value, dict).items()):
            entry = write_key(key) + write_value(item)
            pieces.append(head + varint(len(entry)) + entry)
        return b"".join(pieces)

    return write


def _checked(value: Any, wanted: type | UnionType) -> Any:
    if not isinstance(value, wanted):
        raise ValueError(f"expected {wanted}, got {type(value).__name__}")
    return value
