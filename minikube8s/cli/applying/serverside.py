"""Applies one object with the server's help: it knows who owns which field (KEP-555)."""

from __future__ import annotations

from minikube8s.cli.applying import lastapplied
from minikube8s.cli.applying.clientside import Done
from minikube8s.cli.applying.items import Item
from minikube8s.cli.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError

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
        obj = lastapplied.without(item.obj)
        if not obj["metadata"]["annotations"]:
            del obj["metadata"]["annotations"]
        metadata = {key: obj["metadata"][key] for key in obj["metadata"] if key != "managedFields"}
        try:
            after = client.json(
                "PATCH",
                item.path + self._part,
                {**obj, "metadata": metadata},
                content_type=_APPLY,
                query=self._query,
            )
        except ApiFailure as failure:
            message = failure.status.get("message") or ""
            if failure.reason == "Conflict" and "conflict" in message:
                raise CommandError(f"{message}\n{_WAYS}") from None
            raise (
                failure
                if failure.reason == "Invalid"
                else ApiFailure({**failure.status, "message": f"{message} (from {item.source})"})
            ) from None
        return Done(item, after, "serverside-applied")
