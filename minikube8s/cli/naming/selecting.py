"""Owns which objects a line is about, by kubectl's rules, without reading those it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from minikube8s.api.resources import Resource
from minikube8s.cli import options
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.naming.places import Place
from minikube8s.cli.session import Session

NONE_NAMED = (
    "You must provide one or more resources by argument or filename, such as `deploy/web`, "
    "`deploy web` or `-f FILE`."
)


class Selected(NamedTuple):
    """An object of the server; ``source`` is the file that names it, or empty."""

    resource: Resource
    namespace: str
    name: str
    source: str = ""

    @property
    def path(self) -> str:
        """Its path in the API."""
        return targets.path(self.resource, self.namespace, self.name)

    @property
    def place(self) -> Place:
        """What tells it from other objects."""
        return Place(self.resource.group_resource, self.namespace, self.name)

    @property
    def shown(self) -> str:
        """`deployment.apps/web`: how kubectl names it."""
        group = f".{self.resource.group}" if self.resource.group else ""
        return f"{self.resource.singular}{group}/{self.name}"

    def read(self, client: Client, part: str = "") -> dict[str, Any]:
        """The object, or a ``part`` of it. Raises ApiFailure, with the name that was meant."""
        try:
            return client.json("GET", f"{self.path}/{part}" if part else self.path)
        except ApiFailure as failure:
            raise self.hinted(client, failure) from None

    def hinted(self, client: Client, failure: ApiFailure) -> ApiFailure:
        """``failure`` with the nearest name behind it, where there is none of this name."""
        if self.source:
            return failure
        from minikube8s.cli.naming import nearest

        place = self.namespace or None
        return nearest.hinted(client, failure, self.resource, place, self.name)


class Selection(NamedTuple):
    """What a line is about, and what of it could not be found out."""

    found: list[Selected]
    failures: list[CommandError]


def selected(
    session: Session,
    words: Sequence[str],
    given: Mapping[str, Any],
    *,
    all_by_default: bool = False,
) -> Selection:
    """The objects that names, -l, --field-selector, --all and -f mean. Raises CommandError.

    Files and names are taken at their word; what selectors mean is asked for. ``all_by_default``: a
    kind alone means all objects of it.
    """
    if any(given.get("filenames") or ()):
        if words:
            raise CommandError(
                "when paths, URLs, or stdin is provided as input, you may not specify resource "
                f"arguments as well: {' '.join(words)}"
            )
        return _of_files(session, given)
    selection = Selection([], [])
    chosen, query, everywhere = targeted(session, words, given, all_by_default=all_by_default)
    for target in chosen:
        _of_target(session, target, query, None if everywhere else session.namespace, selection)
    return selection


def targeted(
    session: Session,
    words: Sequence[str],
    given: Mapping[str, Any],
    *,
    all_by_default: bool = False,
) -> tuple[list[targets.Target], dict[str, str], bool]:
    """What ``words`` name, the query of the selectors, and whether every namespace is meant.

    Raises CommandError for what kubectl refuses.
    """
    if not words:
        raise CommandError(NONE_NAMED)
    query = options.selectors(given.get("selector", ""), given.get("field_selector", ""))
    everything, everywhere = given.get("everything"), given.get("all_namespaces")
    if query and everything:
        raise CommandError(
            "setting 'all' parameter but found a non empty selector: leave one of them out"
        )
    chosen = targets.parse(session.kinds, words)
    for target in chosen:
        if target.name and (query or everything):
            raise CommandError("name cannot be provided when a selector is specified")
        if target.name and everywhere and target.resource.namespaced:
            raise CommandError("a resource cannot be retrieved by name across all namespaces")
        if not (target.name or query or everything or all_by_default):
            raise CommandError(
                "resource(s) were provided, but no name was specified: name one, or choose with "
                "-l or --all"
            )
    return chosen, query, bool(everywhere)


def _of_target(
    session: Session,
    target: targets.Target,
    query: dict[str, str],
    namespace: str | None,
    selection: Selection,
) -> None:
    resource = target.resource
    if target.name:
        place = session.namespace if resource.namespaced else ""
        selection.found.append(Selected(resource, place, target.name))
        return
    try:
        listed = session.client.json("GET", targets.path(resource, namespace), query=query)
    except ApiFailure as failure:
        selection.failures.append(failure)
        return
    for item in listed.get("items") or []:
        metadata = item["metadata"]
        selection.found.append(Selected(resource, metadata.get("namespace", ""), metadata["name"]))


def _of_files(session: Session, given: Mapping[str, Any]) -> Selection:
    from minikube8s.cli import manifests
    from minikube8s.cli.naming.items import items

    reading = manifests.gather(given["filenames"], recursive=given["recursive"])
    found = items(session, reading, given.get("selector", ""))
    selection = Selection([], reading.failures)
    for item in found:
        if item.name:
            selection.found.append(Selected(item.resource, item.namespace, item.name, item.source))
        else:
            selection.failures.append(
                CommandError(
                    f'error in "{item.source}": a {item.obj["kind"]} has no metadata.name: '
                    "resource name may not be empty"
                )
            )
    return selection
