"""Applied configurations: the bodies of server-side apply, decoded and checked. Pure.

Owns what a configuration has to be before it can be merged. Unlike other bodies it is no whole
object, and unknown fields are refused whatever the client says about validation: nobody could own
them. Wording as Kubernetes', but its 500 for a configuration that does not fit is a 400 here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minikube8s.api import apply, errors, schema
from minikube8s.api.apply import shapes
from minikube8s.server import documents
from minikube8s.server.bodies import Expected
from minikube8s.server.documents import Document, Undecodable

_LISTED = 50


def read(data: bytes, wanted: Expected, validation: str, warnings: list[str]) -> dict[str, Any]:
    """Return the configuration in a body, YAML or JSON, in the form that objects are stored in.

    `validation` is fieldValidation and concerns repeated fields. Raises ApiError BadRequest.
    """
    document = _decode(data)
    config = document.value
    if not isinstance(config, dict):
        raise errors.bad_request("error decoding YAML: the configuration must be an object")
    _check_kind(config, wanted)
    repeated = [f'key "{path}" already set in map' for path in document.duplicates]
    if repeated and validation == "Strict":
        raise errors.bad_request(f"error strict decoding YAML: {', '.join(repeated[:_LISTED])}")
    if validation == "Warn":
        warnings += repeated
    _check_fields(config, wanted)
    if config.setdefault("metadata", {}).get("managedFields") is not None:
        raise errors.bad_request("metadata.managedFields must be nil")
    return config


def _decode(data: bytes) -> Document:
    try:
        if data.lstrip()[:1] == b"{":
            # Clients mostly send JSON, which is YAML, and a hundred times faster to read.
            try:
                return documents.decode(data, "json", find_duplicates=True)
            except Undecodable:
                pass
        return documents.decode(data, "yaml", find_duplicates=True)
    except Undecodable as error:
        raise errors.bad_request(f"error decoding YAML: {error}") from error


def _check_kind(config: dict[str, Any], wanted: Expected) -> None:
    for field in ("apiVersion", "kind"):
        if not isinstance(config.get(field), str) or not config[field]:
            raise errors.bad_request(f"error decoding YAML: {field} must be set")
    if config["apiVersion"] != wanted.api_version:
        raise errors.bad_request(
            "Incorrect version specified in apply patch. Specified patch version: "
            f"{config['apiVersion']}, expected: {wanted.api_version}"
        )
    if config["kind"] != wanted.kind:
        raise errors.bad_request(
            f"Incorrect kind specified in apply patch. Specified kind: {config['kind']}, "
            f"expected: {wanted.kind}"
        )


def _check_fields(config: dict[str, Any], wanted: Expected) -> None:
    problems = schema.check(wanted.definition, config)
    complaints = [
        f".{problem.path}: field not declared in schema"
        if problem.kind == "unknown"
        else f".{problem.path}: {problem.message}"
        for problem in problems
    ]
    if not complaints:
        schema.normalize(wanted.definition, config)
        complaints = list(apply.faults(shapes.of(wanted.definition), config))
    if complaints:
        raise errors.bad_request(
            f"failed to create typed patch object ({_name(config)}; {wanted.api_version}, "
            f"Kind={wanted.kind}): {_listed(complaints)}"
        )


def _name(config: dict[str, Any]) -> str:
    metadata = config.get("metadata")
    given = metadata if isinstance(metadata, dict) else {}
    parts = (given.get("namespace"), given.get("name"))
    return "/".join(part for part in parts if isinstance(part, str))


def _listed(complaints: Sequence[str]) -> str:
    if len(complaints) == 1:
        return complaints[0]
    return "errors:\n" + "\n".join(f"  {complaint}" for complaint in complaints[:_LISTED])


def scale_target(scale: dict[str, Any], parent: Expected) -> dict[str, Any]:
    """Return the configuration of an object that applying `scale` to its scale amounts to."""
    config: dict[str, Any] = {
        "apiVersion": parent.api_version,
        "kind": parent.kind,
        "metadata": scale["metadata"],
    }
    replicas = (scale.get("spec") or {}).get("replicas")
    return config if replicas is None else config | {"spec": {"replicas": replicas}}
