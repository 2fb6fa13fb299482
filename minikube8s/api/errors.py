"""Every error that the API answers with, as Kubernetes' `Status` objects.

Owns the codes, reasons and sentences. Knows nothing of HTTP or of who raises: a constructor takes
names and returns an `ApiError`, and whoever talks to a client turns `.status()` into bytes.

Source of the wording: the messages a Kubernetes API server prints, because people search for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from minikube8s.api.resources import Resource

__all__ = [
    "ApiError",
    "Cause",
    "already_exists",
    "bad_request",
    "conflict",
    "duplicate",
    "expired",
    "forbidden",
    "forbidden_field",
    "immutable",
    "internal",
    "invalid",
    "invalid_options",
    "invalid_value",
    "method_not_allowed",
    "not_acceptable",
    "not_found",
    "not_found_value",
    "precondition_failed",
    "required",
    "timeout",
    "too_large",
    "too_long",
    "too_many",
    "too_many_requests",
    "type_invalid",
    "unauthorized",
    "unavailable",
    "unprocessable",
    "unsupported",
    "unsupported_media_type",
]


class ApiError(Exception):
    """A refusal with an HTTP code, a machine-readable reason and one sentence for a human."""

    def __init__(
        self, code: int, reason: str, message: str, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def status(self) -> dict[str, Any]:
        """Return the error as a `Status` object (apiVersion v1)."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        # Empty details are told, too: kubectl looks into them to see what is not there.
        if self.details is not None:
            body["details"] = self.details
        body["code"] = self.code
        return body


class Cause(NamedTuple):
    """One thing wrong with one field: its path, the kind of fault, and the sentence about it."""

    field: str
    reason: str
    message: str


# --- Causes: the spelling of field.ErrorType and of its ErrorBody ---------------------------------


def _shown(value: Any) -> str:
    """Return a bad value as the API server prints it: strings quoted, the rest as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _sentence(kind: str, detail: str) -> str:
    return f"{kind}: {detail}" if detail else kind


def required(field: str, msg: str = "") -> Cause:
    """Return the cause for a field that must be set and is not."""
    return Cause(field, "FieldValueRequired", _sentence("Required value", msg))


def invalid_value(field: str, value: Any, msg: str) -> Cause:
    """Return the cause for a value that breaks a rule told by `msg`."""
    return Cause(field, "FieldValueInvalid", _sentence(f"Invalid value: {_shown(value)}", msg))


def unsupported(field: str, value: Any, valid: Iterable[str]) -> Cause:
    """Return the cause for a value outside a closed list, which is printed as it stands."""
    choices = ", ".join(_shown(choice) for choice in valid)
    detail = f"supported values: {choices}" if choices else ""
    return Cause(
        field, "FieldValueNotSupported", _sentence(f"Unsupported value: {_shown(value)}", detail)
    )


def forbidden_field(field: str, msg: str) -> Cause:
    """Return the cause for a field that may not be set, or not be changed, here."""
    return Cause(field, "FieldValueForbidden", _sentence("Forbidden", msg))


def duplicate(field: str, value: Any) -> Cause:
    """Return the cause for a value that must be unique in its list and is not."""
    return Cause(field, "FieldValueDuplicate", f"Duplicate value: {_shown(value)}")


def not_found_value(field: str, value: Any) -> Cause:
    """Return the cause for a value that names something which does not exist."""
    return Cause(field, "FieldValueNotFound", f"Not found: {_shown(value)}")


def too_long(field: str, maximum: int) -> Cause:
    """Return the cause for text longer than `maximum` bytes."""
    return Cause(field, "FieldValueTooLong", f"Too long: may not be more than {maximum} bytes")


def too_many(field: str, actual: int, maximum: int) -> Cause:
    """Return the cause for a list of `actual` items where at most `maximum` are allowed."""
    return Cause(
        field,
        "FieldValueTooMany",
        f"Too many: {actual}: must have at most {maximum} item{'' if maximum == 1 else 's'}",
    )


def type_invalid(field: str, value: Any, msg: str) -> Cause:
    """Return the cause for a value of the wrong JSON type."""
    return Cause(field, "FieldValueTypeInvalid", _sentence(f"Invalid value: {_shown(value)}", msg))


def immutable(field: str, value: Any) -> Cause:
    """Return the cause for a change to a field that is fixed at creation."""
    return invalid_value(field, value, "field is immutable")


# --- Errors: one constructor a reason -------------------------------------------------------------


def _details(resource: Resource, name: str, kind: str) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if resource.group:
        details["group"] = resource.group
    details["kind"] = kind
    return details


def not_found(resource: Resource, name: str) -> ApiError:
    """Return 404 NotFound: `pods "x" not found`."""
    return ApiError(
        404,
        "NotFound",
        f'{resource.group_resource} "{name}" not found',
        _details(resource, name, resource.plural),
    )


def already_exists(resource: Resource, name: str) -> ApiError:
    """Return 409 AlreadyExists: `pods "x" already exists`."""
    return ApiError(
        409,
        "AlreadyExists",
        f'{resource.group_resource} "{name}" already exists',
        _details(resource, name, resource.plural),
    )


def conflict(resource: Resource, name: str, why: str) -> ApiError:
    """Return 409 Conflict: `Operation cannot be fulfilled on pods "x": why`."""
    return ApiError(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {resource.group_resource} "{name}": {why}',
        _details(resource, name, resource.plural),
    )


def precondition_failed(resource: Resource, name: str, why: str) -> ApiError:
    """Return 409 Conflict for a deletion; like Kubernetes it names the kind, not the resource."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    return ApiError(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {kind} "{name}": {why}',
        _details(resource, name, resource.kind),
    )


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> ApiError:
    """Return 422 Invalid with every cause: `Deployment.apps "x" is invalid: spec.x: …`."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    return _invalid(kind, name, _details(resource, name, resource.kind), causes)


def invalid_parameters(kind: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """Return 422 Invalid for parameters of core/v1: `PodLogOptions "x" is invalid: …`."""
    return _invalid(kind, name, {"name": name, "kind": kind}, causes)


def _invalid(kind: str, name: str, details: dict[str, Any], causes: Sequence[Cause]) -> ApiError:
    sentences = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    listed = sentences[0] if len(sentences) == 1 else f"[{', '.join(sentences)}]"
    details["causes"] = [
        {"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes
    ]
    message = f'{kind} "{name}" is invalid'
    return ApiError(422, "Invalid", f"{message}: {listed}" if causes else message, details)


def invalid_options(kind: str, causes: Sequence[Cause]) -> ApiError:
    """Return 422 Invalid for a request's parameters: `PatchOptions.meta.k8s.io "" is invalid`."""
    listed = ", ".join(f"{cause.field}: {cause.message}" for cause in causes)
    details = {
        "group": "meta.k8s.io",
        "kind": kind,
        "causes": [
            {"reason": cause.reason, "message": cause.message, "field": cause.field}
            for cause in causes
        ],
    }
    shown = listed if len(causes) == 1 else f"[{listed}]"
    return ApiError(422, "Invalid", f'{kind}.meta.k8s.io "" is invalid: {shown}', details)


def unprocessable(msg: str) -> ApiError:
    """Return 422 Invalid for a request that is well-formed and cannot be done to this object."""
    return ApiError(
        422, "Invalid", f"the server rejected our request due to an error in our request: {msg}"
    )


def bad_request(msg: str) -> ApiError:
    """Return 400 BadRequest."""
    return ApiError(400, "BadRequest", msg)


def forbidden(resource: Resource, name: str, why: str) -> ApiError:
    """Return 403 Forbidden: `pods "x" is forbidden: why` (without a name: `pods is forbidden`)."""
    subject = f'{resource.group_resource} "{name}"' if name else resource.group_resource
    return ApiError(
        403,
        "Forbidden",
        f"{subject} is forbidden: {why}",
        _details(resource, name, resource.plural),
    )


def unauthorized() -> ApiError:
    """Return 401 Unauthorized."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def expired(msg: str) -> ApiError:
    """Return 410 Expired: the revision or the continue token is too old; list again."""
    return ApiError(410, "Expired", msg)


def method_not_allowed(resource: Resource, verb: str) -> ApiError:
    """Return 405 MethodNotAllowed: `verb is not supported on resources of kind "pods"`."""
    return ApiError(
        405,
        "MethodNotAllowed",
        f'{verb} is not supported on resources of kind "{resource.group_resource}"',
        _details(resource, "", resource.plural),
    )


def not_acceptable(accepted: Sequence[str]) -> ApiError:
    """Return 406 NotAcceptable, naming the media types the server can answer with."""
    return ApiError(
        406,
        "NotAcceptable",
        f"only the following media types are accepted: {', '.join(accepted)}",
    )


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    """Return 415 UnsupportedMediaType, naming the media types the server can read."""
    return ApiError(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(accepted),
    )


def too_large(msg: str) -> ApiError:
    """Return 413 RequestEntityTooLarge."""
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: {msg}")


def too_many_requests(msg: str, retry_after_seconds: int = 1) -> ApiError:
    """Return 429 TooManyRequests; the client may try again after the given seconds."""
    return ApiError(429, "TooManyRequests", msg, {"retryAfterSeconds": retry_after_seconds})


def internal(msg: str) -> ApiError:
    """Return 500 InternalError."""
    return ApiError(
        500, "InternalError", f"Internal error occurred: {msg}", {"causes": [{"message": msg}]}
    )


def timeout(msg: str, retry_after_seconds: int = 0) -> ApiError:
    """Return 504 Timeout: the request was not answered within its deadline."""
    details = {"retryAfterSeconds": retry_after_seconds} if retry_after_seconds else None
    return ApiError(504, "Timeout", f"Timeout: {msg}", details)


def unavailable(msg: str) -> ApiError:
    """Return 503 ServiceUnavailable."""
    return ApiError(503, "ServiceUnavailable", msg)
