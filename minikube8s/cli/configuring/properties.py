"""`config set` and `unset`: a property's dotted name, and what its value may be. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, NamedTuple

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig import fields

_TRUTH = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}


class Property(NamedTuple):
    """A section, or `current-context`, or `preferences`; an entry of it; a field of that."""

    section: str
    name: str = ""
    field: str = ""


def parse(text: str) -> Property:
    """What `clusters.my.dotted.name.server` names. Raises CommandError.

    A name ends before the first word that is a field's name.
    """
    section, _, rest = text.partition(".")
    if section == "current-context" and not rest:
        return Property(section)
    if section == "preferences":
        return Property(section, "", rest)
    if section not in fields.SECTIONS:
        raise CommandError(
            f"unable to parse {text}: a property is current-context, preferences.colors, or "
            "begins with clusters.NAME, contexts.NAME or users.NAME"
        )
    words = rest.split(".") if rest else []
    known = fields.SECTIONS[section]
    for at, word in enumerate(words[1:], 1):
        if word in known:
            return Property(section, ".".join(words[:at]), ".".join(words[at:]))
    return Property(section, rest)


def changed(
    found: Property, entry: Mapping[str, Any], text: str, *, raw_bytes: bool
) -> dict[str, Any]:
    """The entry with one field set to what `text` means. Raises CommandError."""
    if not found.field:
        raise CommandError(
            f"can't set a map to a value: name a field of {found.name or found.section}, one of "
            f"{', '.join(fields.SECTIONS[found.section])}"
        )
    form = fields.SECTIONS[found.section].get(found.field)
    if form == fields.FLAG:
        return {**entry, found.field: flag(text, found.field)}
    if form == fields.BYTES:
        return {**entry, found.field: _base64(text, raw_bytes)}
    if form in {fields.TEXT, fields.PATH}:
        return {**entry, found.field: text}
    raise CommandError(
        f"unable to set {found.field}: it is no single value. See `mk8s config set-credentials`."
    )


def without(found: Property, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry without the field."""
    return {name: value for name, value in entry.items() if name != found.field}


def flag(text: str, field: str) -> bool:
    """The truth in `text`. Raises CommandError."""
    if text.lower() not in _TRUTH:
        raise CommandError(f'invalid value "{text}" for {field}: it is true or false')
    return _TRUTH[text.lower()]


def _base64(text: str, raw_bytes: bool) -> str:
    if raw_bytes:
        return base64.b64encode(text.encode()).decode()
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        raise CommandError(
            "error decoding input value: it is not base64; --set-raw-bytes takes it as it is"
        ) from None
    return text
