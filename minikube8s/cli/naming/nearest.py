"""Owns the names that a user may have meant: of an object that is not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikube8s.api.resources import NAMESPACES, RESOURCES, Resource
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets

if TYPE_CHECKING:
    from minikube8s.cli.session import Session

_NAMES = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
_MOST = 1000


def hint(client: Client, resource: Resource, namespace: str | None, name: str) -> str:
    """` (did you mean "web-1"?)`, or in which namespace there is one of that name; else nothing.

    Asks once or twice, and only after the server has said NotFound: nothing is raised.
    """
    try:
        known = _names(client, resource, namespace, {"limit": str(_MOST)})
        if near := _near(name, [name for _, name in known]):
            return f' (did you mean "{near}"?)'
        if resource.namespaced and namespace:
            found = _names(client, resource, None, {"fieldSelector": f"metadata.name={name}"})
            for place, other in found:
                if other == name and place != namespace:
                    return f" (there is one in the namespace {place}: add -n {place})"
    except CommandError:
        pass
    return ""


class Hinted(ApiFailure):
    """A refusal that has been looked at: it says what may have been meant, if anything."""


def hinted(
    client: Client, failure: ApiFailure, resource: Resource, namespace: str | None, name: str
) -> ApiFailure:
    """``failure`` with `hint`'s words behind it, where it says that an object is not there."""
    if failure.reason != "NotFound":
        return failure
    message = f"{failure.status.get('message')}{hint(client, resource, namespace, name)}"
    return Hinted({**failure.status, "message": message})


def explained(session: Session, error: CommandError, words: Sequence[str]) -> CommandError:
    """``error``, with a hint where it says that an object is not there that ``words`` name."""
    if not isinstance(error, ApiFailure) or isinstance(error, Hinted):
        return error
    details = error.status.get("details") or {}
    name = str(details.get("name") or "")
    if not name or not any(word == name or word.endswith(f"/{name}") for word in words):
        return error
    kind, group = details.get("kind"), details.get("group") or ""
    for row in RESOURCES.all():
        if kind in {row.plural, row.kind} and row.group == group:
            return hinted(session.client, error, row, session.namespace, name)
    return error


def namespace_hint(client: Client, name: str) -> str:
    """` There is no such namespace (did you mean "web"?).`, or nothing where it exists."""
    try:
        known = [other for _, other in _names(client, NAMESPACES, None, {"limit": str(_MOST)})]
    except CommandError:
        return ""
    if name in known:
        return ""
    near = _near(name, known)
    return " There is no such namespace" + (f' (did you mean "{near}"?).' if near else ".")


def _near(name: str, known: list[str]) -> str:
    import difflib

    found = difflib.get_close_matches(name, [other for other in known if other != name], 1, 0.7)
    if found:
        return found[0]
    begun = sorted(other for other in known if other.startswith(f"{name}-"))
    return begun[0] if begun else ""


def _names(
    client: Client, resource: Resource, namespace: str | None, query: dict[str, str]
) -> list[tuple[str, str]]:
    path = targets.path(resource, namespace)
    answer = client.json("GET", path, accept=_NAMES, query=query)
    listed = [item["metadata"] for item in answer.get("items") or []]
    return [(metadata.get("namespace", ""), metadata["name"]) for metadata in listed]
