"""Applies one object with the server's help: it knows who owns which field (KEP-555)."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli.applying import lastapplied, migrating, patching
from minikube8s.cli.applying.clientside import Done
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming.items import Item

MANAGER = "kubectl"
_OF_ANNOTATION = "kubectl-last-applied"
_APPLY = "application/apply-patch+yaml"
_WAYS = (
    "Please review the fields above--they currently have other managers. Take them over with "
    "--force-conflicts, or leave them out of the file so that their managers keep them, or give "
    "them the value that they have, to own them together. See "
    "https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts"
)


class ServerSide:
    """Sends objects for the server to merge. ``force`` takes fields from their managers."""

    def __init__(self, query: dict[str, str], *, force: bool, subresource: str = "") -> None:
        self._query = query | {"force": "true" if force else "false"}
        self._part = f"/{subresource}" if subresource else ""

    def __call__(self, client: Client, item: Item) -> Done:
        """Apply one. Raises CommandError with the file that it is about."""
        try:
            after = self._apply(client, item)
        except ApiFailure as failure:
            message = failure.status.get("message") or ""
            if failure.reason == "Conflict" and "conflict" in message:
                raise CommandError(f"{message}\n{_WAYS}") from None
            if failure.reason == "Invalid":
                raise
            said = f"{message} (from {item.source})"
            raise ApiFailure({**failure.status, "message": said}) from None
        if "dryRun" not in self._query and not self._part:
            try:
                after = self._taken_over(client, item, after)
            except ApiFailure as failure:
                # what was to be applied is; the next apply tries this again
                click.echo(f"Warning: earlier applies keep their fields: {failure}", err=True)
        return Done(item, after, "serverside-applied")

    def _apply(self, client: Client, item: Item) -> dict[str, Any]:
        obj = lastapplied.without(item.obj)
        if not obj["metadata"]["annotations"]:
            del obj["metadata"]["annotations"]
        metadata = {key: obj["metadata"][key] for key in obj["metadata"] if key != "managedFields"}
        return client.json(
            "PATCH",
            item.path + self._part,
            {**obj, "metadata": metadata},
            content_type=_APPLY,
            query=self._query,
        )

    def _taken_over(self, client: Client, item: Item, after: dict[str, Any]) -> dict[str, Any]:
        """The object once this manager has what client-side applies had. Raises ApiFailure."""
        manager = self._query["fieldManager"]
        if not lastapplied.kept(after):
            return after
        fields = after["metadata"].get("managedFields") or ()
        if manager == MANAGER and not migrating.owners(fields, "Apply"):
            after = self._keep_annotation(client, item, after)
        for _ in range(patching.CONFLICTS):
            fields = after["metadata"].get("managedFields") or ()
            former = migrating.owners(fields, "Update")
            wanted = migrating.taken_over(fields, former, manager)
            if wanted is None:
                return after
            version = after["metadata"]["resourceVersion"]
            patch = [
                {"op": "replace", "path": "/metadata/managedFields", "value": wanted},
                {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
            ]
            try:
                client.json("PATCH", item.path, patch, content_type=patching.JSON)
            except ApiFailure as failure:
                if failure.reason != "Conflict":
                    raise
                after = client.json("GET", item.path)
                continue
            # only now the fields that left the file have nobody any more, and go
            return self._apply(client, item)
        return after

    def _keep_annotation(self, client: Client, item: Item, after: dict[str, Any]) -> dict[str, Any]:
        """The object with the annotation as somebody's own, for client-side applies to come."""
        metadata = {
            "name": item.name,
            "annotations": {lastapplied.ANNOTATION: lastapplied.kept(after)},
        }
        if item.namespace:
            metadata["namespace"] = item.namespace
        return client.json(
            "PATCH",
            item.path,
            {"apiVersion": item.obj["apiVersion"], "kind": item.obj["kind"], "metadata": metadata},
            content_type=_APPLY,
            query={"fieldManager": _OF_ANNOTATION, "force": "true"},
        )
