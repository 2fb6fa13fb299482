"""Objects that clients send: decoded, of the expected kind, checked against their schema. Pure.

Owns Kubernetes' refusals of bodies: not an object, another kind, another version, fields that
nobody knows. Whether the values make sense is validation, which the registry does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minikube8s.api import errors, schema
from minikube8s.api.resources import Resource
from minikube8s.server import documents
from minikube8s.server.documents import Encoding, Undecodable

_SUMMARY = 30
_LISTED = 50


class Expected(NamedTuple):
    """What a body has to be: its kind, and the definition that it has to fit."""

    group: str
    version: str
    kind: str
    definition: str
    older: str = ""
    """An apiVersion that clients of long ago send, with the same fields."""

    @property
    def api_version(self) -> str:
        """`v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version


SCALE = Expected("autoscaling", "v1", "Scale", "io.k8s.api.autoscaling.v1.Scale")
BINDING = Expected("", "v1", "Binding", "io.k8s.api.core.v1.Binding")
EVICTION = Expected("policy", "v1", "Eviction", "io.k8s.api.policy.v1.Eviction", "policy/v1beta1")


def expected(resource: Resource) -> Expected:
    """Return what a body for a resource itself has to be."""
    return Expected(resource.group, resource.version, resource.kind, resource.schema)


def read_object(
    data: bytes,
    encoding: Encoding,
    wanted: Expected,
    validation: str,
    warnings: list[str],
) -> dict[str, Any]:
    """Return the object in a request body, in the form that is stored.

    `validation` is fieldValidation: Strict refuses unknown and repeated fields, Warn appends to
    `warnings`, Ignore drops them silently. Raises ApiError BadRequest.
    """
    try:
        document = documents.decode(data, encoding, find_duplicates=validation != "Ignore")
    except Undecodable as error:
        if error.kind:
            raise _misfit(error.kind, error.version, wanted, str(error)) from error
        raise _unrecognized(wanted, f"couldn't get version/kind; {error}", data) from error
    obj = document.value
    if not isinstance(obj, dict):
        raise _unrecognized(wanted, "the body is not an object", data)
    _check_kind(obj, wanted)
    duplicates = [f'duplicate field "{path}"' for path in document.duplicates]
    try:
        check_fields(obj, wanted.definition, validation, warnings, duplicates)
    except errors.ApiError as error:
        raise _misfit(wanted.kind, wanted.version, wanted, error.message) from error
    return obj


def check_fields(
    obj: dict[str, Any],
    definition: str,
    validation: str,
    warnings: list[str],
    duplicates: list[str] | None = None,
) -> None:
    """Check an object's fields, drop the unknown ones and bring the rest to the stored form.

    Raises ApiError BadRequest for values of a wrong type, and in Strict for what is unknown or
    repeated; Warn appends that to `warnings`.
    """
    problems = schema.check(definition, obj)
    wrong = [problem.message for problem in problems if problem.kind != "unknown"]
    if wrong:
        raise errors.bad_request(_listed(wrong))
    complaints = [*(duplicates or ()), *(problem.message for problem in problems)]
    if complaints and validation == "Strict":
        raise errors.bad_request(f"strict decoding error: {_listed(complaints)}")
    if validation == "Warn":
        warnings += complaints
    schema.prune(definition, obj, problems)
    schema.normalize(definition, obj)


def check_patched(
    new: dict[str, Any],
    old: dict[str, Any],
    wanted: Expected,
    validation: str,
    warnings: list[str],
) -> None:
    """Check what a patch made of an object: still the same one, and fitting its schema.

    Raises ApiError BadRequest.
    """
    if not isinstance(new, dict):
        raise bad_patch("the patch does not leave an object")
    if documents.too_deep(new):
        raise bad_patch(f"the object would be nested more than {documents.DEEPEST} levels deep")
    _check_kind(new, wanted)
    check_fields(new, wanted.definition, validation, warnings)
    metadata, before = new.setdefault("metadata", {}), old["metadata"]
    check_identity(new, before.get("namespace"), before["name"])
    metadata.setdefault("uid", before.get("uid"))


def bad_patch(why: str) -> errors.ApiError:
    """Return 400 for a patch whose result is no object of its kind."""
    return errors.bad_request(f"the patch cannot be applied: {why}")


def check_identity(obj: dict[str, Any], namespace: str | None, name: str) -> None:
    """Check an object's namespace and name against those in the URL, and fill in the namespace.

    An empty `name` means that the URL names none. Raises ApiError BadRequest.
    """
    metadata = obj.setdefault("metadata", {})
    given = metadata.get("namespace")
    if namespace is None:
        metadata.pop("namespace", None)
    elif given not in {None, "", namespace}:
        raise errors.bad_request(
            f"the namespace of the provided object ({given}) does not match the namespace sent "
            f"on the request ({namespace})"
        )
    else:
        metadata["namespace"] = namespace
    if not name:
        return
    if metadata.get("name") not in {None, "", name}:
        raise errors.bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL "
            f"({name})"
        )
    metadata["name"] = name


def _check_kind(obj: dict[str, Any], wanted: Expected) -> None:
    """Compare apiVersion and kind with what is expected; fill them in where they are missing."""
    api_version = obj.get("apiVersion") or wanted.api_version
    kind = obj.get("kind") or wanted.kind
    if api_version not in (wanted.api_version, wanted.older):
        raise errors.bad_request(
            f"the API version in the data ({api_version}) does not match the expected API version "
            f"({wanted.api_version})"
        )
    if kind != wanted.kind:
        why = f"the kind in the data ({kind}) does not match the expected kind ({wanted.kind})"
        raise _misfit(kind, wanted.version, wanted, why)
    obj["apiVersion"], obj["kind"] = api_version, kind


def _listed(sentences: list[str]) -> str:
    """Return the sentences as one, the first of them if there are very many."""
    left_out = len(sentences) - _LISTED
    ending = [f"and {left_out} more"] if left_out > 0 else []
    return ", ".join([*sentences[:_LISTED], *ending])


def _misfit(kind: str, version: str, wanted: Expected, why: str) -> errors.ApiError:
    return errors.bad_request(
        f'{kind} in version "{version}" cannot be handled as a {wanted.kind}: {why}'
    )


def _unrecognized(wanted: Expected, why: str, data: bytes) -> errors.ApiError:
    return errors.bad_request(
        f"the object provided is unrecognized (must be of type {wanted.kind}): {why} "
        f"({_summary(data)})"
    )


def _summary(data: bytes) -> str:
    """Return the start of a body: as text where it looks like JSON, else in hexadecimal."""
    if not data:
        return "<empty>"
    start = data[:_SUMMARY]
    text = start.decode(errors="replace") if data[:1] == b"{" else start.hex()
    return f"{text} ..." if len(data) > _SUMMARY else text
