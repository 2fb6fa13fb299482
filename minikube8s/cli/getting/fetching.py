"""Asks for objects, page by page, and keeps what was refused beside what was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.getting.asked import Asked, Wanted
from minikube8s.cli.naming import nearest

Answer = dict[str, Any]


def fetch(
    client: Client, asked: Asked, wanted: Sequence[Wanted]
) -> tuple[list[tuple[Wanted, Answer]], list[ApiFailure]]:
    """What the server answers for each, in order, and its refusals."""
    found: list[tuple[Wanted, Answer]] = []
    failures: list[ApiFailure] = []
    for one in wanted:
        try:
            found.append((one, _answer(client, asked, one)))
        except ApiFailure as failure:
            missing = failure.reason == "NotFound" and one.name and not asked.subresource
            if not missing:
                failures.append(failure)
            elif not asked.ignore_missing:
                failures.append(missed(client, failure, one))
    return found, failures


def missed(client: Client, failure: ApiFailure, one: Wanted) -> ApiFailure:
    """The refusal with the name that may have been meant."""
    return nearest.hinted(client, failure, one.resource, one.namespace, one.name or "")


def items(one: Wanted, answer: Answer) -> list[Answer]:
    """The objects of an answer, each with its kind."""
    if one.name:
        return [answer]
    kind = str(answer.get("kind", "")).removesuffix("List") or one.resource.kind
    typed = {"apiVersion": one.resource.api_version, "kind": kind}
    return [{**typed, **item} for item in answer.get("items") or []]


def _answer(client: Client, asked: Asked, one: Wanted) -> Answer:
    query = dict(asked.selectors)
    if asked.tables and asked.server_tables and asked.by:
        query["includeObject"] = "Object"
    path = one.path(asked.subresource)
    if one.name:
        return client.json("GET", path, accept=asked.accept(), query=query)
    if asked.chunk > 0:
        query["limit"] = str(asked.chunk)
    answer = client.json("GET", path, accept=asked.accept(), query=query)
    page = answer
    while more := (page.get("metadata") or {}).get("continue"):
        page = client.json("GET", path, accept=asked.accept(), query={**query, "continue": more})
        for key in ("rows", "items"):
            if key in page:
                answer[key] = [*(answer.get(key) or []), *(page[key] or [])]
    return answer
