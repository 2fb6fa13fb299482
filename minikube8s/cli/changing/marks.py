"""`label` and `annotate`: the maps of an object's metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minikube8s.api import names
from minikube8s.cli.errors import CommandError


def check_labels(new: Mapping[str, str]) -> None:
    """Raise CommandError for a value that no label can have."""
    for value in new.values():
        wrong = names.label_value(value)
        if wrong:
            raise CommandError(f'invalid label value: "{value}": {"; ".join(wrong)}')


def check_apart(new: Mapping[str, str], gone: Iterable[str], what: str) -> None:
    """Raise CommandError for a key that shall be set and taken away at once."""
    both = [key for key in gone if key in new]
    if both and what == "label":
        raise CommandError("can not both modify and remove a label in the same command")
    if both:
        raise CommandError(
            f"can not both modify and remove the following {what}(s) in the same command: "
            + ", ".join(both)
        )


def taken(obj: Mapping[str, Any], field: str, new: Mapping[str, str]) -> list[str]:
    """What keeps ``new`` from being set without --overwrite: `'x' already has a value (y)`."""
    present = (obj.get("metadata") or {}).get(field) or {}
    return [
        f"'{key}' already has a value ({present[key]})"
        for key, value in new.items()
        if key in present and present[key] != value
    ]


def marked(
    obj: dict[str, Any], field: str, new: Mapping[str, str], gone: Iterable[str]
) -> dict[str, Any]:
    """``obj`` with the map ``field`` of its metadata (labels, annotations) changed."""
    metadata = dict(obj.get("metadata") or {})
    content = {**(metadata.get(field) or {}), **new}
    for key in gone:
        content.pop(key, None)
    metadata.pop(field, None)
    if content:
        metadata[field] = content
    return {**obj, "metadata": metadata}
