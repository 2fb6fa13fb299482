"""Owns waiting until objects are gone: by watches, with one deadline for all."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any, NamedTuple

from minikube8s.api.resources import Resource
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets

_PAUSE = 1.0
WEEK_SECONDS = 7 * 24 * 3600.0
"""How long one waits who named no time."""


class Leaving(NamedTuple):
    """An object that is being deleted; another one of its name has another ``uid``."""

    resource: Resource
    namespace: str
    name: str
    uid: str


def uid_of(answer: dict[str, Any]) -> str:
    """The uid of what a deletion's answer (a Status, or the object) is about."""
    details = answer.get("details") or {}
    return str(details.get("uid") or answer.get("metadata", {}).get("uid", ""))


def wait(client: Client, leaving: Leaving, deadline: float) -> None:
    """Return when the object is gone. Raises CommandError at ``deadline``, a monotonic time."""
    resource = leaving.resource
    collection = targets.path(resource, leaving.namespace)
    while True:
        try:
            now = client.json("GET", targets.path(resource, leaving.namespace, leaving.name))
        except ApiFailure as failure:
            if failure.reason == "NotFound":
                return
            raise
        if leaving.uid and now["metadata"]["uid"] != leaving.uid:
            return
        left = deadline - time.monotonic()
        if left <= 0:
            break
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={leaving.name}",
            "timeoutSeconds": str(max(1, int(left) + 1)),
            "resourceVersion": now["metadata"]["resourceVersion"],
        }
        began = time.monotonic()
        if _deleted(client, collection, query, left):
            return
        # whoever may not watch asks about once a second, not as fast as the server answers
        time.sleep(max(0.0, min(began + _PAUSE, deadline) - time.monotonic()))
    raise CommandError(
        f"timed out waiting for the condition on {resource.plural}/{leaving.name}: it is not gone, "
        f"see its finalizers and Events: mk8s describe {resource.singular} {leaving.name}"
    )


def _deleted(client: Client, collection: str, query: dict[str, str], seconds: float) -> bool:
    """Whether the watch told of the end; False when it ended itself, or its time is over."""
    # a watch that is cut off may be asked for again: whether anybody answers shows the next GET
    with (
        contextlib.suppress(TimeoutError, CommandError),
        client.stream(collection, seconds=seconds, query=query) as answer,
    ):
        for line in answer:
            kind = json.loads(line)["type"]
            if kind in {"DELETED", "ERROR"}:
                return bool(kind == "DELETED")
    return False
