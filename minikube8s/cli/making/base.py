"""What all made objects share. Fields come in the order in which kubectl prints them as JSON."""

from __future__ import annotations

import re
from typing import Any

from minikube8s.cli.errors import CommandError

Object = dict[str, Any]


def made(kind: str, api_version: str, name: str, **parts: Any) -> Object:
    """An object of that kind; ``labels`` and ``annotations`` go to its metadata."""
    metadata: Object = {"name": name, "creationTimestamp": None}
    for field in ("labels", "annotations"):
        content = parts.pop(field, None)
        if content:
            metadata[field] = content
    return {"kind": kind, "apiVersion": api_version, "metadata": metadata, **parts}


def port_number(text: str) -> int:
    """A port. Raises CommandError."""
    if not re.fullmatch(r"\d+", text) or not 0 < int(text) < 65536:
        raise CommandError(f"{text!r} is no port: a number from 1 to 65535")
    return int(text)


def number_or_name(text: str) -> int | str:
    """A port by its number or by its name."""
    return int(text) if text.isdigit() else text


def key_values(text: str, what: str = "label") -> dict[str, str]:
    """`a=b,c=d`. Raises CommandError."""
    found = {}
    for part in text.split(",") if text else ():
        key, equals, value = part.partition("=")
        if not equals or not key or "=" in value:
            raise CommandError(f"unexpected {what} spec: {part}")
        found[key] = value
    return found


def one_by_one(texts: tuple[str, ...] | list[str]) -> list[str]:
    """The values of a flag that may stand several times and hold several, parted by commas."""
    return [part for text in texts for part in text.split(",") if part]


def selector(text: str) -> Object:
    """A LabelSelector of `a=b,c`. Raises CommandError."""
    from minikube8s.api.errors import ApiError
    from minikube8s.api.selectors import parse_labels

    try:
        requirements = parse_labels(text).requirements
    except ApiError as error:
        raise CommandError(error.message) from None
    equal: dict[str, str] = {}
    others: list[Object] = []
    for one in requirements:
        if one.operator == "In" and len(one.values) == 1:
            equal[one.key] = one.values[0]
            continue
        expression: Object = {"key": one.key, "operator": one.operator}
        others.append(expression | ({"values": list(one.values)} if one.values else {}))
    found: Object = {"matchLabels": equal} if equal else {}
    return found | ({"matchExpressions": others} if others else {})
