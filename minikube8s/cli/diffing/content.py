"""What is compared of an object: its text, without what is secret. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from minikube8s.cli.naming.items import Item
from minikube8s.cli.output import printing

_SECRET_FIELDS = ("data", "stringData")
_MASK = "***"


class Versions(NamedTuple):
    """An object as it is (None: it is not there) and as it would be (None: it would go)."""

    live: dict[str, Any] | None
    merged: dict[str, Any] | None


def file_name(item: Item) -> str:
    """`apps.v1.Deployment.default.web`: the name of an object's file."""
    group = f"{item.resource.group}." if item.resource.group else ""
    place = f"{item.namespace}." if item.namespace else "."
    return f"{group}{item.resource.version}.{item.resource.kind}.{place}{item.name}"


def texts(versions: Versions, *, managers: bool) -> tuple[str | None, str | None]:
    """Both as YAML, the values of Secrets masked; None where there is no object."""
    live, merged = masked(versions)
    return _text(live, managers), _text(merged, managers)


def masked(versions: Versions) -> Versions:
    """Both versions; of a Secret only which values differ."""
    live, merged = versions
    kinds = {(one or {}).get("kind") for one in versions}
    if "Secret" not in kinds:
        return versions
    for field in _SECRET_FIELDS:
        before, after = _values(live, field), _values(merged, field)
        live = _with(live, field, {key: _said(before, after, key, "before") for key in before})
        merged = _with(merged, field, {key: _said(after, before, key, "after") for key in after})
    return Versions(_without_last(live), _without_last(merged))


def _said(mine: Mapping[str, Any], other: Mapping[str, Any], key: str, when: str) -> str:
    return f"{_MASK} ({when})" if key in other and mine[key] != other[key] else _MASK


def _values(obj: dict[str, Any] | None, field: str) -> dict[str, Any]:
    found = (obj or {}).get(field)
    return found if isinstance(found, dict) else {}


def _with(obj: dict[str, Any] | None, field: str, values: dict[str, Any]) -> dict[str, Any] | None:
    return {**obj, field: values} if obj and values else obj


def _without_last(obj: dict[str, Any] | None) -> dict[str, Any] | None:
    """Without the annotation that says the same values once more."""
    from minikube8s.cli.applying import lastapplied

    if not obj or not lastapplied.kept(obj):
        return obj
    annotations = {**obj["metadata"]["annotations"], lastapplied.ANNOTATION: _MASK}
    return {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}


def _text(obj: dict[str, Any] | None, managers: bool) -> str | None:
    if obj is None:
        return None
    return printing.structured("yaml", obj if managers else printing.without_managers(obj)) + "\n"
