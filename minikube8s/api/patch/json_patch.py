"""JSON patch (RFC 6902): a list of operations, applied in order, all or none.

Owns the limits and the errors' wording; the operations themselves are the jsonpatch library's,
imported when the first such patch arrives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikube8s.api import errors
from minikube8s.api.patch.values import copied, weight

if TYPE_CHECKING:
    from jsonpatch import JsonPatch

MAX_OPERATIONS = 10_000
"""The most operations that one patch may have, as in Kubernetes."""

MAX_COPIED = 3 * 1024 * 1024
"""The most bytes that all `copy` operations of one patch may add, or a short patch fills memory."""


def json_patch(obj: dict[str, Any], operations: Any) -> dict[str, Any]:
    """Apply the operations to a copy of `obj`.

    Raises ApiError: BadRequest where this is no JSON patch, RequestEntityTooLarge beyond the
    limits, Invalid (422) where an operation does not fit the object, a failed `test` included.
    """
    from jsonpatch import (  # noqa: PLC0415 - a slow import that most processes never need
        InvalidJsonPatch,
        JsonPatch,
        JsonPatchException,
        JsonPointerException,
    )

    if not isinstance(operations, list):
        raise errors.bad_request("a JSON patch is a list of operations")
    if len(operations) > MAX_OPERATIONS:
        raise errors.too_large(
            f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, "
            f"got {len(operations)}"
        )
    result: Any = copied(obj)
    spent = 0
    for index, operation in enumerate(operations):
        try:
            patch = JsonPatch([copied(operation)])
            spent += _copy_weight(patch, result)
            if spent > MAX_COPIED:
                raise errors.too_large(f"the patch copies more than {MAX_COPIED} bytes")
            result = patch.apply(result, in_place=True)
        except (InvalidJsonPatch, TypeError, AttributeError) as error:
            raise errors.bad_request(f"error decoding JSON patch: {index}: {error}") from None
        except (JsonPatchException, JsonPointerException) as error:
            raise _unprocessable(index, operation, error) from None
    if not isinstance(result, dict):
        raise errors.bad_request("the patch replaces the object by something that is not an object")
    return result


def _copy_weight(patch: JsonPatch, obj: Any) -> int:
    """What a `copy` will add to the object, in bytes."""
    from jsonpointer import resolve_pointer  # noqa: PLC0415 - comes with jsonpatch

    return sum(
        weight(resolve_pointer(obj, operation.get("from", ""), None))
        for operation in patch
        if operation["op"] == "copy"
    )


def _unprocessable(index: int, operation: Any, error: Exception) -> errors.ApiError:
    name, path = operation.get("op", ""), operation.get("path", "")
    # The library's own sentence about a failed test shows what the object holds.
    why = f"testing value {path} failed: test failed" if name == "test" else error
    return errors.unprocessable(
        f'operation {index} ("{name}" on "{path}") cannot be applied: {why}'
    )
