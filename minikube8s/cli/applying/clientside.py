"""Applies one object as kubectl does without the server's help: last, wanted and live compared."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from minikube8s.cli.applying import lastapplied, patching
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.deleting import gone
from minikube8s.cli.deleting.options import Deletion
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming.items import Item

_MISSING = (
    f"the {lastapplied.ANNOTATION} annotation which is required by mk8s apply. mk8s apply should "
    "only be used on resources created declaratively by either mk8s create --save-config or mk8s "
    "apply. The missing annotation will be patched automatically."
)


class Done(NamedTuple):
    """What became of an item: the object now, what to say of it, and a warning."""

    item: Item
    obj: dict[str, Any]
    what: str
    warning: str = ""


class ClientSide:
    """Creates or patches objects. ``force`` says how to replace one that cannot be patched."""

    def __init__(
        self,
        query: dict[str, str],
        *,
        only_told: bool = False,
        overwrite: bool = True,
        force: Deletion | None = None,
        seconds: float = gone.WEEK_SECONDS,
    ) -> None:
        self._query = query
        self._only_told = only_told
        self._overwrite = overwrite
        self._force = force
        self._seconds = seconds

    def __call__(self, client: Client, item: Item) -> Done:
        """Apply one. Raises CommandError with the file that it is about."""
        wanted = lastapplied.annotated(item.obj)
        try:
            live = client.json("GET", item.path)
        except ApiFailure as failure:
            if failure.reason != "NotFound":
                raise item.failed("retrieving current configuration of", failure) from None
            return self._create(client, item, wanted)
        warning = ""
        if not lastapplied.kept(live):
            warning = f"Warning: resource {item.resource.plural}/{item.name} is missing {_MISSING}"
        if self._only_told:
            return Done(item, live, "configured", warning)
        return self._patch(client, item, wanted, live)._replace(warning=warning)

    def _create(self, client: Client, item: Item, wanted: dict[str, Any]) -> Done:
        if self._only_told:
            return Done(item, wanted, "created")
        try:
            made = client.json("POST", item.collection, wanted, query=self._query)
        except ApiFailure as failure:
            raise item.failed("creating", failure) from None
        return Done(item, made, "created")

    def _patch(
        self, client: Client, item: Item, wanted: dict[str, Any], live: dict[str, Any]
    ) -> Done:
        for attempt in range(patching.CONFLICTS + 1):
            body, content_type = patching.between(item.resource, lastapplied.of(live), wanted, live)
            if not body:
                return Done(item, live, "unchanged")
            if not self._overwrite:
                _refuse_others(item, body, lastapplied.of(live), live)
            try:
                after = client.json(
                    "PATCH", item.path, body, content_type=content_type, query=self._query
                )
            except ApiFailure as failure:
                if failure.reason == "Conflict" and attempt < patching.CONFLICTS:
                    live = client.json("GET", item.path)
                    continue
                if self._force and failure.reason in {"Conflict", "Invalid"}:
                    return self._replaced(client, item, wanted, self._force, live)
                raise item.failed("applying patch of", failure) from None
            same = after["metadata"].get("resourceVersion") == live["metadata"]["resourceVersion"]
            unchanged = same and "dryRun" not in self._query
            return Done(item, after, "unchanged" if unchanged else "configured")
        raise AssertionError("unreachable")

    def _replaced(
        self,
        client: Client,
        item: Item,
        wanted: dict[str, Any],
        force: Deletion,
        live: dict[str, Any],
    ) -> Done:
        """Delete what cannot be patched, and create it anew; the old one if the new is refused."""
        client.json("DELETE", item.path, force.body)
        leaving = gone.Leaving(item.resource, item.namespace, item.name, live["metadata"]["uid"])
        gone.wait(client, leaving, time.monotonic() + self._seconds)
        try:
            return self._create(client, item, wanted)._replace(what="configured")
        except ApiFailure as failure:
            metadata = {
                key: value
                for key, value in live["metadata"].items()
                if key not in {"resourceVersion", "uid", "creationTimestamp"}
            }
            try:
                client.json("POST", item.collection, {**live, "metadata": metadata})
            except CommandError as lost:
                raise CommandError(
                    f"{failure}; what was there is deleted and cannot be put back: {lost}",
                    prefix="",
                ) from None
            raise


def _refuse_others(
    item: Item, patch: dict[str, Any], before: dict[str, Any], live: dict[str, Any]
) -> None:
    """`--overwrite=false`: refuse to undo what somebody else has set since the last apply."""
    theirs = patching.between(item.resource, {}, live, before).body
    if place := _meeting(theirs, patch):
        raise CommandError(
            f'error when applying "{item.source}": {place} of {item.resource.plural}/{item.name} '
            "was changed by somebody else since the last apply. Leave out --overwrite=false to "
            "have it as the file says."
        )


def _meeting(theirs: Any, mine: Any, path: str = "") -> str:
    """The first field that two patches set differently, empty where they do not meet."""
    if isinstance(theirs, dict) and isinstance(mine, dict):
        for key in mine.keys() & theirs.keys():
            told = key == "annotations" or key.startswith("$")
            if not told and (found := _meeting(theirs[key], mine[key], f"{path}.{key}")):
                return found
        return ""
    return path if theirs != mine else ""
