"""Owns which kinds there are: the table of our own, and for the rest the server's discovery."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikube8s.api.resources import RESOURCES, Resource, ResourceTable, Subresource
from minikube8s.cli.errors import CommandError

if TYPE_CHECKING:
    from minikube8s.cli.connection.client import Client

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


class Kinds:
    """Finds kinds by a user's words or by an object's own; asks the server for unknown ones only.

    Without ``client`` the table alone is known.
    """

    def __init__(self, client: Callable[[], Client] | None = None) -> None:
        self._client = client
        self._discovered: ResourceTable | None = None

    def by_word(self, word: str) -> Resource:
        """The kind that ``word`` names. Raises CommandError with the nearest known name."""
        found = RESOURCES.by_word(word) or self._discovery().by_word(word)
        if found is None:
            import difflib

            rows = (*RESOURCES.all(), *self._discovery().all())
            words = [known for row in rows for known in (row.plural, row.singular)]
            near = difflib.get_close_matches(word.lower(), words, 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise CommandError(f'the server doesn\'t have a resource type "{word}"{hint}')
        return found

    def of(self, obj: dict[str, Any]) -> Resource:
        """The kind that an object's apiVersion and kind name. Raises CommandError."""
        api_version, kind = str(obj["apiVersion"]), str(obj["kind"])
        found = RESOURCES.by_api_version(api_version, kind) or self._discovery().by_api_version(
            api_version, kind
        )
        if found is None:
            raise CommandError(
                f'no matches for kind "{kind}" in version "{api_version}". See '
                "`mk8s api-resources` for what there is."
            )
        return found

    def all_of(self, word: str) -> list[Resource]:
        """The kind that ``word`` names, or those of a category such as ``all``.

        Of a category each in the server's preferred version. Raises CommandError.
        """
        if word != "all" and (known := RESOURCES.by_word(word)):
            return [known]
        rows = self._discovery().preferred() or RESOURCES.preferred()
        return [row for row in rows if word in row.categories] or [self.by_word(word)]

    def discovered(self) -> ResourceTable:
        """Every kind that the server itself tells of. Raises CommandError."""
        return self._discovery()

    def listable(self) -> list[Resource]:
        """Every kind that can be listed, each once, in the server's preferred version."""
        rows = self._discovery().all()
        listed = {(row.group, row.kind): row for row in reversed(rows) if "list" in row.verbs}
        return list(listed.values())[::-1]

    def _discovery(self) -> ResourceTable:
        if self._discovered is None:
            rows: list[Resource] = []
            if self._client is not None:
                from minikube8s.cli.naming.discovering import rows as rows_at

                rows = rows_at(self._client())
            self._discovered = ResourceTable(rows)
        return self._discovered


def rows_of(listed: dict[str, Any]) -> list[Resource]:
    """The rows of an APIGroupDiscoveryList (KEP-3352), the preferred version of a kind first."""
    return [
        _row(item.get("metadata", {}).get("name", ""), version["version"], found)
        for item in listed.get("items") or []
        for version in item.get("versions") or []
        for found in version.get("resources") or []
        if (found.get("responseKind") or {}).get("kind")
    ]


def _row(group: str, version: str, found: dict[str, Any]) -> Resource:
    kind = found["responseKind"]["kind"]
    return Resource(
        group,
        version,
        kind,
        found["resource"],
        found.get("singularResource") or kind.lower(),
        found.get("scope") == "Namespaced",
        tuple(found.get("shortNames") or ()),
        tuple(found.get("categories") or ()),
        {
            part["subresource"]: Subresource(
                part["subresource"],
                (part.get("responseKind") or {}).get("kind", ""),
                tuple(part.get("verbs") or ()),
            )
            for part in found.get("subresources") or ()
        },
        tuple(found.get("verbs") or ()),
    )
