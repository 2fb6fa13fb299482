"""Messages whose JSON is not an object with the same fields: times, quantities, raw JSON, …

Owns both directions for each. A decoder gets the message's plain fields (as the generic codec reads
them, defaults left out) and returns the JSON value, or None where JSON has nothing; an encoder gets
the JSON value and returns the plain fields.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from minikube8s.api import times

_META = "k8s.io.apimachinery.pkg.apis.meta.v1."
_EXTENSIONS = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1."
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Plain = dict[str, Any]


class Special(NamedTuple):
    """How one message is read and written."""

    decode: Callable[[Plain], Any]
    encode: Callable[[Any], Plain]


def _raw(name: str) -> Special:
    """JSON text in a bytes field; plain bytes are base64 text, as everywhere in JSON."""

    def decode(plain: Plain) -> Any:
        data = base64.b64decode(plain.get(name, ""))
        return msgspec.json.decode(data) if data else None

    def encode(value: Any) -> Plain:
        return {name: base64.b64encode(msgspec.json.encode(value)).decode()}

    return Special(decode, encode)


def _decode_time(plain: Plain) -> str | None:
    return _instant(plain).isoformat(timespec="seconds") + "Z" if plain else None


def _decode_micro_time(plain: Plain) -> str | None:
    return _instant(plain).isoformat(timespec="microseconds") + "Z" if plain else None


def _instant(plain: Plain) -> datetime:
    microseconds = plain.get("nanos", 0) // 1000
    since = timedelta(seconds=plain.get("seconds", 0), microseconds=microseconds)
    return _EPOCH.replace(tzinfo=None) + since


def _encode_time(value: str) -> Plain:
    since = datetime.fromisoformat(value) - _EPOCH
    seconds = since.days * 86400 + since.seconds
    return {"seconds": seconds, "nanos": since.microseconds * 1000}


def _decode_duration(plain: Plain) -> str:
    return times.duration(int(plain.get("duration", 0)))


def _encode_duration(value: str) -> Plain:
    return {"duration": times.parse_duration(value)}


def _decode_int_or_string(plain: Plain) -> int | str:
    if plain.get("type", 0) == 1:
        return str(plain.get("strVal", ""))
    return int(plain.get("intVal", 0))


def _encode_int_or_string(value: int | str) -> Plain:
    if isinstance(value, str):
        return {"type": 1, "intVal": 0, "strVal": value}
    return {"type": 0, "intVal": value, "strVal": ""}


def _decode_schema_or_array(plain: Plain) -> Any:
    return plain["jSONSchemas"] if "jSONSchemas" in plain else plain.get("schema")


def _encode_schema_or_array(value: Any) -> Plain:
    return {"jSONSchemas": value} if isinstance(value, list) else {"schema": value}


def _decode_schema_or_bool(plain: Plain) -> Any:
    return plain["schema"] if "schema" in plain else plain.get("allows", False)


def _encode_schema_or_bool(value: Any) -> Plain:
    return {"allows": value} if isinstance(value, bool) else {"allows": True, "schema": value}


def _decode_schema_or_strings(plain: Plain) -> Any:
    return plain["schema"] if "schema" in plain else plain.get("property", [])


def _encode_schema_or_strings(value: Any) -> Plain:
    return {"property": value} if isinstance(value, list) else {"schema": value}


_ITEMS = Special(lambda plain: plain.get("items", []), lambda value: {"items": value})

SPECIALS: dict[str, Special] = {
    "k8s.io.apimachinery.pkg.api.resource.Quantity": Special(
        lambda plain: plain.get("string") or "0", lambda value: {"string": str(value)}
    ),
    "k8s.io.apimachinery.pkg.util.intstr.IntOrString": Special(
        _decode_int_or_string, _encode_int_or_string
    ),
    "k8s.io.apimachinery.pkg.runtime.RawExtension": _raw("raw"),
    _META + "Time": Special(_decode_time, _encode_time),
    _META + "MicroTime": Special(_decode_micro_time, _encode_time),
    _META + "Duration": Special(_decode_duration, _encode_duration),
    _META + "FieldsV1": _raw("Raw"),
    _META + "Verbs": _ITEMS,
    "k8s.io.api.authentication.v1.ExtraValue": _ITEMS,
    "k8s.io.api.authorization.v1.ExtraValue": _ITEMS,
    "k8s.io.api.certificates.v1.ExtraValue": _ITEMS,
    _EXTENSIONS + "JSON": _raw("raw"),
    _EXTENSIONS + "JSONSchemaPropsOrArray": Special(
        _decode_schema_or_array, _encode_schema_or_array
    ),
    _EXTENSIONS + "JSONSchemaPropsOrBool": Special(_decode_schema_or_bool, _encode_schema_or_bool),
    _EXTENSIONS + "JSONSchemaPropsOrStringArray": Special(
        _decode_schema_or_strings, _encode_schema_or_strings
    ),
}
