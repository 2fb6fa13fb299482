"""Owns writing a changed object: only what has changed is sent, as a patch."""

from __future__ import annotations

from typing import Any

from minikube8s.api.resources import Resource
from minikube8s.cli import options
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.session import Session

Object = dict[str, Any]
STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"


def patch_of(resource: Resource, before: Object, wanted: Object) -> tuple[Object, str]:
    """What leads from ``before`` to ``wanted``, empty for nothing, and its media type."""
    from minikube8s.api.patch.three_way import three_way

    if resource.schema:
        return three_way(resource.schema, before, wanted, before), STRATEGIC
    return merge_patch(before, wanted), MERGE


def merge_patch(before: Object, wanted: Object) -> Object:
    """The JSON merge patch (RFC 7386) that leads from ``before`` to ``wanted``."""
    patch: Object = dict.fromkeys(key for key in before if key not in wanted)
    for key, value in wanted.items():
        old = before.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            inner = merge_patch(old, value)
            if inner:
                patch[key] = inner
        elif key not in before or old != value:
            patch[key] = value
    return patch


def written(
    session: Session,
    one: Chosen,
    wanted: Object,
    dry_run: str,
    manager: str,
    *,
    local: bool = False,
) -> Object | None:
    """The object as it is after the change; None where nothing is to change.

    ``local`` or a client's dry run send nothing.
    """
    if dry_run == "client" or local:
        return wanted if wanted != one.obj else None
    patch, media_type = patch_of(one.resource, one.obj, wanted)
    if not patch:
        return None
    query = options.written(dry_run, manager)
    return session.client.json("PATCH", one.path, patch, content_type=media_type, query=query)
