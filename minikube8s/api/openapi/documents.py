"""Whole OpenAPI documents: operations and schemas put together in each dialect.

Every function builds from nothing and keeps nothing; `Publisher` remembers results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any

import msgspec

from minikube8s.api.openapi.definitions import Source
from minikube8s.api.openapi.dialects import V2_REFERENCE, V3_REFERENCE, v2_schema, v3_schema
from minikube8s.api.openapi.operations import Operation, Parameter, operations, roots
from minikube8s.api.resources import Resource, ResourceTable
from minikube8s.api.schema.source import VERSION

_INFO = {"title": "Kubernetes", "version": VERSION}
_GVK = "x-kubernetes-group-version-kind"


def v3_paths(table: ResourceTable) -> list[str]:
    """Where the v3 documents lie, one a group version: `api/v1`, `apis/apps/v1`."""
    return sorted({_v3_path(row) for row in table.all()})


def v3_index(hashes: Mapping[str, str]) -> bytes:
    """The index at /openapi/v3, as JSON.

    `hashes` holds, by path, a hash of each document; clients cache by it.
    """
    paths = {
        path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
        for path, digest in sorted(hashes.items())
    }
    return msgspec.json.encode({"paths": paths})


def v3_document(path: str, table: ResourceTable) -> bytes:
    """The document of the group version at this path, as JSON. Raises LookupError if none is."""
    resources = [row for row in table.all() if _v3_path(row) == path]
    if not resources:
        raise LookupError(f'there is no OpenAPI document "{path}"')
    document = {
        "openapi": "3.0.0",
        "info": _INFO,
        "paths": _paths(resources, _v3_operation),
        "components": {"schemas": Source().closure(roots(resources), v3_schema)},
    }
    return msgspec.json.encode(document)


def _v3_path(resource: Resource) -> str:
    return f"api{'s' if resource.group else ''}/{resource.api_version}"


def v2_document(table: ResourceTable) -> bytes:
    """The document of the whole API at /openapi/v2, as JSON."""
    return msgspec.json.encode(_v2(table))


def v2_protobuf(table: ResourceTable) -> bytes:
    """The same document in protobuf, which kubectl up to 1.28 insists on."""
    from minikube8s.api.openapi.gnostic import encode  # noqa: PLC0415 - for old clients only

    return encode("Document", _v2(table))


def _v2(table: ResourceTable) -> dict[str, Any]:
    return {
        "swagger": "2.0",
        "info": _INFO,
        "paths": _paths(table.all(), _v2_operation),
        "definitions": Source().closure(roots(table.all()), v2_schema),
    }


def _paths(
    resources: Iterable[Resource], render: Callable[[Operation], dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    found = sorted(operations(resources), key=lambda item: item.path)
    return {
        path: {item.method: render(item) for item in items}
        for path, items in groupby(found, key=lambda item: item.path)
    }


def _common(operation: Operation) -> dict[str, Any]:
    return {
        "description": operation.description,
        "operationId": operation.identifier,
        "tags": [operation.tag],
        "x-kubernetes-action": operation.action,
        _GVK: operation.about._asdict(),
    }


def _v2_operation(operation: Operation) -> dict[str, Any]:
    parameters = [
        {**_parameter(item), "type": item.type, "uniqueItems": True}
        for item in operation.parameters
    ]
    if operation.body:
        body = {"$ref": V2_REFERENCE + operation.body}
        parameters.append({"name": "body", "in": "body", "required": True, "schema": body})
    answer = {"$ref": V2_REFERENCE + operation.answer} if operation.answer else {"type": "string"}
    responses = {code: {"description": "OK", "schema": answer} for code in operation.codes}
    return {
        **_common(operation),
        "consumes": operation.consumes,
        "produces": operation.produces,
        "schemes": ["https"],
        "parameters": parameters,
        "responses": {**responses, "401": {"description": "Unauthorized"}},
    }


def _v3_operation(operation: Operation) -> dict[str, Any]:
    answer = {"$ref": V3_REFERENCE + operation.answer} if operation.answer else {"type": "string"}
    content = {media: {"schema": answer} for media in operation.produces}
    responses: dict[str, Any] = {
        code: {"description": "OK", "content": content} for code in operation.codes
    }
    responses["401"] = {"description": "Unauthorized"}
    result = {
        **_common(operation),
        "parameters": [
            {**_parameter(item), "schema": {"type": item.type, "uniqueItems": True}}
            for item in operation.parameters
        ],
        "responses": responses,
    }
    if operation.body:
        body = {"schema": {"$ref": V3_REFERENCE + operation.body}}
        result["requestBody"] = {
            "content": dict.fromkeys(operation.consumes, body),
            "required": operation.method != "delete",
        }
    return result


def _parameter(item: Parameter) -> dict[str, Any]:
    result: dict[str, Any] = {
        "name": item.name,
        "in": item.place,
        "description": item.description,
    }
    if item.place == "path":
        result["required"] = True
    return result
