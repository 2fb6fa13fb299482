"""Patch bodies: from the Content-Type and the bytes to a function over objects.

An applied configuration is no such function, since its outcome depends on who owns what:
`configurations` reads those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikube8s.api import errors, patch
from minikube8s.server import documents, offloading
from minikube8s.server.call import APPLY_PATCH, Call
from minikube8s.server.documents import Undecodable
from minikube8s.server.negotiation import media_type

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
ACCEPTED = (JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, APPLY_PATCH)

Object = dict[str, Any]


async def reader(call: Call, definition: str) -> Callable[[Object], Object]:
    """Read the request's patch; return what makes a patched copy of an object.

    `definition` tells a strategic merge how lists merge. Raises ApiError: 415 for a kind of patch
    that is not served, BadRequest for one that does not parse or, when called, does not fit.
    """
    kind = media_type(call.request.headers.get("Content-Type", "")).name
    if kind not in ACCEPTED:
        raise errors.unsupported_media_type(ACCEPTED)
    data, shape = await call.body(), list if kind == JSON_PATCH else dict
    body = await offloading.beside(len(data), lambda: decode(data, shape))
    if kind == JSON_PATCH:
        return lambda obj: _operated(obj, body)
    if kind == MERGE_PATCH:
        return lambda obj: patch.merge_patch(obj, body)
    return lambda obj: patch.strategic_merge(definition, obj, body)


def _operated(obj: Object, operations: Any) -> Object:
    try:
        return patch.json_patch(obj, operations)
    except RecursionError:
        # Each value that it adds is shallow, but it may add them one into the other.
        raise errors.bad_request(f"the patch cannot be applied: {documents.TOO_DEEP}") from None


def decode(data: bytes, shape: type) -> Any:
    """Return a patch's document, which must be of the given shape. Raises ApiError BadRequest."""
    try:
        value = documents.decode(data, "json", find_duplicates=False).value
    except Undecodable as error:
        raise errors.bad_request(f"error decoding patch: {error}") from error
    if not isinstance(value, shape):
        wanted = "a list of operations" if shape is list else "an object"
        raise errors.bad_request(f"error decoding patch: the patch must be {wanted}")
    return value
