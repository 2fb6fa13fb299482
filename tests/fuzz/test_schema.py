"""Requests made from our own OpenAPI documents, by schemathesis: every operation is tried."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import given
from schemathesis.generation import GenerationMode

from minikube8s.api.openapi import documents
from minikube8s.api.resources import RESOURCES
from tests.fuzz.target import Request, Target
from tests.fuzz.test_requests import check, fuzzed, healthy

LARGE = ("Affinity", "Container", "EphemeralContainer", "PodSecurityContext", "Volume")
"""Of these definitions the inside is left to mutations: to make it up takes seconds."""
DOCUMENTS = documents.v3_paths(RESOURCES)


def operations(path: str) -> list[Any]:
    """Every operation of one document, but the proxies, whose answers are not ours."""
    document = json.loads(documents.v3_document(path, RESOURCES))
    definitions = document["components"]["schemas"]
    for name in LARGE:
        if f"io.k8s.api.core.v1.{name}" in definitions:
            definitions[f"io.k8s.api.core.v1.{name}"] = {"type": "object"}
    schema = schemathesis.openapi.from_dict(document)
    found = [result.ok() for result in schema.get_all_operations()]
    return [operation for operation in found if "/proxy" not in operation.path]


def as_sent(case: Any) -> Request:
    """Return the request that a case is, as a client puts it on the wire."""
    prepared = requests.Request(
        **{
            name: value
            for name, value in case.as_transport_kwargs(base_url="https://server").items()
            if name in {"method", "url", "headers", "params", "data", "json"}
        }
    ).prepare()
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    named = {
        key: value for key, value in prepared.headers.items() if key in {"Accept", "Content-Type"}
    }
    return Request(str(prepared.method), prepared.path_url, named, body)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_operation_answers_what_fits_its_schema_and_what_does_not(
    target: Target, path: str
) -> None:
    tried = operations(path)
    assert tried or path == "api"
    for operation in tried:
        for mode in GenerationMode:

            @fuzzed(1)
            @given(case=operation.as_strategy(generation_mode=mode))
            def send(case: Any) -> None:
                check(target, as_sent(case))

            send()
    healthy(target)
