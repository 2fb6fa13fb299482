"""JSON merge patch (RFC 7386): maps merge, null removes, everything else replaces."""

from __future__ import annotations

from typing import Any

from minikube8s.api import errors
from minikube8s.api.patch.values import copied


def merge_patch(obj: dict[str, Any], patch: Any) -> dict[str, Any]:
    """Apply the patch to a copy of `obj`. Raises ApiError BadRequest when it is not a map."""
    if not isinstance(patch, dict):
        raise errors.bad_request("a merge patch for an object is a map of fields")
    return _merged(copied(obj), patch)


def _merged(target: Any, patch: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = target if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = _merged(result.get(key), value)
        else:
            result[key] = copied(value)
    return result
