"""Does an object fit its definition? Unknown fields and wrong types, each with its path.

Owns what Kubernetes' decoder refuses: nothing here asks whether values make sense together, or
whether a needed field is missing; that is validation, which knows the kind. A null counts as
absent.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from minikube8s.api import quantity, times
from minikube8s.api.schema.definitions import Type, definition
from minikube8s.api.schema.nearest import nearest

Location = tuple[str | int, ...]

_INT_RANGES = {"int32": 2**31, "int64": 2**63}
_TIME = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]"
    r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)\Z"
)
_LONGEST_SHOWN = 60


class Problem(NamedTuple):
    """Something in an object that its definition does not admit.

    `kind` is `unknown` (no such field) or `type` (a value of the wrong type or form). `path` is
    written as Kubernetes does, `spec.containers[0].imagee`; `at` is the same as keys and indexes.
    """

    path: str
    kind: str
    message: str
    suggestion: str = ""
    at: Location = ()


def check(name: str, obj: Any) -> list[Problem]:
    """All problems of `obj` against the definition `name`, in the object's own order.

    Raises UnknownDefinition.
    """
    problems: list[Problem] = []
    _value(Type("ref", ref=name), obj, (), problems)
    return problems


def strict_message(problems: Iterable[Problem]) -> str:
    """The text that a strict API server puts behind "cannot be handled as a …"."""
    return "strict decoding error: " + ", ".join(problem.message for problem in problems)


def prune(name: str, obj: Any, problems: Iterable[Problem] | None = None) -> None:
    """Remove from `obj`, in place, the unknown fields that `check` found in it, or would find."""
    for problem in check(name, obj) if problems is None else problems:
        if problem.kind == "unknown":
            parent = obj
            for step in problem.at[:-1]:
                parent = parent[step]
            del parent[problem.at[-1]]


def path_text(at: Location) -> str:
    """A location as Kubernetes writes it: `spec.ports[0].name`."""
    text = ""
    for step in at:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def _value(type_: Type, value: Any, at: Location, problems: list[Problem]) -> None:
    if value is None:
        return
    match type_.kind:
        case "ref":
            _object(type_.ref, value, at, problems)
        case "list":
            if not isinstance(value, list):
                problems.append(_wrong(at, _shown(value), "array"))
                return
            for index, item in enumerate(value):
                _value(_element(type_), item, (*at, index), problems)
        case "map":
            if not isinstance(value, Mapping):
                problems.append(_wrong(at, _shown(value), "map"))
                return
            for key, item in value.items():
                _value(_element(type_), item, (*at, key), problems)
        case kind:
            fault = _SCALARS[kind](value)
            if fault:
                # Bytes are mostly secrets: the message goes to logs, the value must not.
                shown = "string" if kind == "bytes" and isinstance(value, str) else _shown(value)
                problems.append(_wrong(at, shown, *fault))


def _object(name: str, value: Any, at: Location, problems: list[Problem]) -> None:
    if not isinstance(value, Mapping):
        problems.append(_wrong(at, _shown(value), "map"))
        return
    fields = definition(name).fields
    for key, item in value.items():
        field = fields.get(key)
        if field is not None:
            _value(field.type, item, (*at, key), problems)
            continue
        path = path_text((*at, key))
        suggestion = nearest(key, fields)
        hint = f' (did you mean "{suggestion}"?)' if suggestion else ""
        message = f'unknown field "{path}"{hint}'
        problems.append(Problem(path, "unknown", message, suggestion, (*at, key)))


def _element(type_: Type) -> Type:
    if type_.element is None:
        raise TypeError(f"a {type_.kind} without an element type")
    return type_.element


def _wrong(at: Location, shown: str, expected: str, why: str = "") -> Problem:
    path = path_text(at)
    where = f'"{path}"' if path else "the object"
    because = f": {why}" if why else ""
    message = f"invalid type for {where}: got {shown}, expected {expected}{because}"
    return Problem(path, "type", message, at=at)


def _shown(value: Any) -> str:
    """A value's type and, where short, the value: `string "three"`."""
    if isinstance(value, bool):
        return f"boolean {str(value).lower()}"
    if isinstance(value, str):
        text = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…"
        return f'string "{text}"'
    if isinstance(value, int | float):
        return f"{'integer' if isinstance(value, int) else 'number'} {value}"
    return "array" if isinstance(value, list) else "map"


Fault = tuple[str, ...]
"""(what was expected, why the value is not that); empty when all is well."""


def _string(value: Any) -> Fault:
    return () if isinstance(value, str) else ("string",)


def _boolean(value: Any) -> Fault:
    return () if isinstance(value, bool) else ("boolean",)


def _double(value: Any) -> Fault:
    return () if isinstance(value, int | float) and not isinstance(value, bool) else ("number",)


def _integer(width: str) -> Callable[[Any], Fault]:
    limit = _INT_RANGES[width]

    def fault(value: Any) -> Fault:
        if isinstance(value, bool) or not isinstance(value, int):
            return ("integer",)
        return () if -limit <= value < limit else ("integer", f"out of range for {width}")

    return fault


def _bytes(value: Any) -> Fault:
    if not isinstance(value, str):
        return ("string (base64)",)
    # The decoder of Kubernetes passes over line breaks and nothing else.
    try:
        binascii.a2b_base64(value.replace("\n", "").replace("\r", "").encode(), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        return ("string (base64)", f"illegal base64 data: {error}")
    return ()


def _time(value: Any) -> Fault:
    expected = "string (RFC 3339 time)"
    if not isinstance(value, str):
        return (expected,)
    return () if _TIME.match(value) else (expected, "write it like 2006-01-02T15:04:05Z")


def _duration(value: Any) -> Fault:
    if not isinstance(value, str):
        return ("string (duration)",)
    try:
        times.parse_duration(value)
    except ValueError as error:
        return ("string (duration)", str(error))
    return ()


def _quantity(value: Any) -> Fault:
    try:
        quantity.parse(value)
    except ValueError as error:
        return ("quantity", str(error))
    return ()


def _int_or_string(value: Any) -> Fault:
    return () if isinstance(value, str) else _integer("int32")(value) and ("integer or string",)


def _any(value: Any) -> Fault:
    return ()


def _any_object(value: Any) -> Fault:
    return () if isinstance(value, Mapping) else ("map",)


_SCALARS: dict[str, Callable[[Any], Fault]] = {
    "string": _string,
    "boolean": _boolean,
    "int32": _integer("int32"),
    "int64": _integer("int64"),
    "double": _double,
    "bytes": _bytes,
    "time": _time,
    "micro-time": _time,
    "duration": _duration,
    "quantity": _quantity,
    "int-or-string": _int_or_string,
    "any": _any,
    "object": _any_object,
}
