"""How a kind without a form of its own is described: every field, under its own name in words."""

from __future__ import annotations

import re
from typing import Any

from minikube8s.cli.describing import common
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]
_SKIPPED = {
    (".metadata", field)
    for field in ("managedFields", "name", "namespace", "labels", "annotations")
}
_ACRONYMS = {"API", "URL", "UID"}
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|-")


def anything(w: Writer, obj: Object, around: common.Around) -> None:
    """An object of a kind that nothing is known about."""
    common.head(w, obj)
    common.labels(w, obj)
    _content(w, 0, obj, "")
    common.events(w, around)


def title(field: str) -> str:
    """A field's name in words: `maxReplicas` is `Max Replicas`, `resourceAPIVersion` `… API …`."""
    if not all(character.isalpha() or character == "-" for character in field):
        return field
    words = []
    for part in _split(field):
        if part.upper() in _ACRONYMS:
            words.append(part.upper())
        else:
            words.append(part.capitalize() if part == part.lower() else part)
    return " ".join(words)


def _split(field: str) -> list[str]:
    return _PARTS.findall(field)


def _content(w: Writer, level: int, content: Object, place: str) -> None:
    for field in sorted(content):
        value = content[field]
        if (place, field) in _SKIPPED:
            continue
        if isinstance(value, dict):
            w.line(level, f"{title(field)}:")
            _content(w, level + 1, value, f"{place}.{field}")
        elif isinstance(value, list):
            w.line(level, f"{title(field)}:")
            for child in value:
                if isinstance(child, dict):
                    _content(w, level + 1, child, f"{place}.{field}")
                else:
                    w.line(level + 1, common.go(child))
        else:
            w.line(level, f"{title(field)}:", common.go(value))
