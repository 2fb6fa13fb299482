"""`--overrides`: JSON that is laid over a made object."""

from __future__ import annotations

import json

from minikube8s.cli.errors import CommandError
from minikube8s.cli.making.base import Object


def overridden(obj: Object, text: str, how: str, definition: str) -> Object:
    """``obj``, of this OpenAPI definition, with `--overrides` laid over it. Raises CommandError."""
    from minikube8s.api import patch
    from minikube8s.api.errors import ApiError

    if how not in {"merge", "strategic", "json"}:
        raise CommandError(f"invalid override type: {how}")
    try:
        content = json.loads(text)
    except ValueError as error:
        raise CommandError(f"--overrides is not JSON: {error}") from None
    try:
        if how == "json":
            after = patch.json_patch(obj, content)
        elif how == "strategic":
            after = patch.strategic_merge(definition, obj, content)
        else:
            after = patch.merge_patch(obj, content)
    except ApiError as error:
        raise CommandError(f"--overrides cannot be applied: {error.message}") from None
    known_by = (
        after.get("apiVersion"),
        after.get("kind"),
        (after.get("metadata") or {}).get("name"),
    )
    if not all(known_by):
        raise CommandError("--overrides must leave the object its apiVersion, kind and name")
    return after
