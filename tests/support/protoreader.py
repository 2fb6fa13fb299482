"""A second reader of Kubernetes' protobuf: Google's implementation, told the same field numbers.

Shares the table of facts with the codec under test and nothing else. It keeps what the bytes have,
zeros too, and Google's parser refuses what is no message.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, unknown_fields

from minikube8s.api import times
from minikube8s.api.protobuf.messages import META, Field, Type, message, names, of_kind

RUNTIME = "k8s.io.apimachinery.pkg.runtime"
_SCALARS = {"string": 9, "bytes": 12, "bool": 8, "int32": 5, "int64": 3, "double": 1}
_MESSAGE = 11
_OPTIONAL, _REPEATED = 1, 3


def read(body: bytes) -> dict[str, Any]:
    """The object in an answer."""
    assert body[:4] == b"k8s\x00"
    unknown = parse(f"{RUNTIME}.Unknown", body[4:])
    types = unknown["typeMeta"]
    found = of_kind(types.get("apiVersion", ""), types["kind"])
    assert found is not None, types
    return {**types, **parse(found.name, base64.b64decode(unknown["raw"]))}


def read_event(frame: bytes) -> dict[str, Any]:
    """An event of a watch, without the length in front of it."""
    event = class_of(f"{META}.WatchEvent").FromString(frame)
    return {"type": event.n1, "object": read(event.n2.n1)}


def parse(name: str, data: bytes) -> Any:
    """The JSON value of a message of this full name."""
    return _json(name, class_of(name).FromString(data))


@cache
def class_of(name: str) -> Any:
    """Google's class for a message."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"t.{_flat(name)}"))


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(name="k8s.proto", package="t", syntax="proto2")
    for name in names():
        entry = file.message_type.add(name=_flat(name))
        for field in message(name).fields:
            type_, label = field.type, _OPTIONAL
            if type_.kind in ("list", "map"):
                label = _REPEATED
            if type_.kind == "list":
                type_ = type_.inner
            if type_.kind == "map":
                pair = entry.nested_type.add(name=f"Pair{field.number}")
                _add(pair, 1, Type("string"), _OPTIONAL)
                _add(pair, 2, type_.inner, _OPTIONAL)
                added = entry.field.add(name=f"n{field.number}", number=field.number, label=label)
                added.type, added.type_name = _MESSAGE, f".t.{_flat(name)}.{pair.name}"
            else:
                _add(entry, field.number, type_, label)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _add(entry: Any, number: int, type_: Type, label: int) -> None:
    added = entry.field.add(name=f"n{number}", number=number, label=label)
    added.type = _SCALARS.get(type_.kind, _MESSAGE)
    if type_.kind == "message":
        added.type_name = f".t.{_flat(type_.message)}"


def _flat(name: str) -> str:
    return name.replace(".", "_")


def _json(name: str, found: Any) -> Any:
    assert len(unknown_fields.UnknownFieldSet(found)) == 0
    special = _SPECIAL.get(name.rpartition(".")[2])
    if special is not None:
        return special(found)
    result: dict[str, Any] = {}
    for field in message(name).fields:
        if _present(field, found):
            value = _value(field.type, getattr(found, f"n{field.number}"))
            if field.inline:
                result |= value
            elif value is not None:
                result[field.name] = value
    return result


def _time(precision: str, found: Any) -> str | None:
    if not found.HasField("n1"):
        return None
    since = timedelta(seconds=found.n1, microseconds=found.n2 // 1000)
    return (datetime(1970, 1, 1) + since).isoformat(timespec=precision) + "Z"


def _schema(name: str, field: int, found: Any) -> Any:
    props = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
    if found.HasField(name):
        return _json(props, getattr(found, name))
    other = getattr(found, f"n{field}")
    if isinstance(other, bool):
        return other
    return [one if isinstance(one, str) else _json(props, one) for one in other]


def _list(found: Any) -> list[str]:
    return list(found.n1)


def _raw(found: Any) -> Any:
    return json.loads(found.n1)


_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "Quantity": lambda found: found.n1,
    "Time": partial(_time, "seconds"),
    "MicroTime": partial(_time, "microseconds"),
    "Duration": lambda found: times.duration(found.n1),
    "IntOrString": lambda found: found.n3 if found.n1 else found.n2,
    "FieldsV1": _raw,
    "RawExtension": _raw,
    "JSON": _raw,
    "ExtraValue": _list,
    "Verbs": _list,
    "JSONSchemaPropsOrArray": partial(_schema, "n1", 2),
    "JSONSchemaPropsOrBool": partial(_schema, "n2", 1),
    "JSONSchemaPropsOrStringArray": partial(_schema, "n1", 2),
}


def _present(field: Field, found: Any) -> bool:
    if field.type.kind in ("list", "map"):
        return len(getattr(found, f"n{field.number}")) > 0
    return bool(found.HasField(f"n{field.number}"))


def _value(type_: Type, value: Any) -> Any:
    match type_.kind:
        case "list":
            return [_value(type_.inner, item) for item in value]
        case "map":
            return {pair.n1: _value(type_.inner, pair.n2) for pair in value}
        case "message":
            return _json(type_.message, value)
        case "bytes":
            return base64.b64encode(value).decode()
    return value
