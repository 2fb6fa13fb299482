"""`mk8s describe`: objects in words, with what belongs to them and their Events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from minikube8s.cli import options
from minikube8s.cli.command import verb
from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.errors import CommandError
from minikube8s.cli.failures import raise_all
from minikube8s.cli.naming import nearest, targets
from minikube8s.cli.session import Session

if TYPE_CHECKING:
    from minikube8s.api.resources import Resource

Object = dict[str, Any]
Found = tuple["Resource", Object]


@verb("describe")
@click.argument("words", nargs=-1, metavar="TYPE [NAME ...] | TYPE/NAME ...")
@click.option(
    "--show-events/--no-show-events", default=True, help="Whether Events are told, too (true)."
)
@click.option(
    "--chunk-size", default=500, metavar="N", help="How many objects one answer brings; 0: all."
)
@options.filenames
@options.selector
@options.all_namespaces
@click.pass_obj
def command(session: Session, /, **given: Any) -> None:
    """Describe objects: `mk8s describe pod web-0`, `mk8s describe pods -l app=web`.

    A name that there is not stands for all names that begin so.
    """
    from minikube8s.cli.describing.gathering import Gatherer

    place = None if given["all_namespaces"] else session.namespace
    found, failures, guessed = _found(session, given, place)
    places = {obj["metadata"].get("namespace") for _, obj in found}
    gatherer = Gatherer(
        session.client,
        len(found),
        places.pop() if len(places) == 1 else None,
        events=given["show_events"],
        chunk=given["chunk_size"],
    )
    first = True
    for resource, obj in found:
        try:
            text = gatherer.description(resource, obj)
        except CommandError as failure:
            failures.append(failure)
            continue
        click.echo(("" if first or guessed else "\n\n") + text, nl=guessed)
        first = False
    if first and not failures:
        where = "" if place is None else f" in {place} namespace."
        click.echo(f"No resources found{where}", err=True)
    raise_all(failures)


def _found(
    session: Session, given: dict[str, Any], place: str | None
) -> tuple[list[Found], list[CommandError], bool]:
    """The objects, what could not be had, and whether names were taken for beginnings of names."""
    from minikube8s.cli.describing.gathering import pages

    query = options.selectors(given["selector"], given["field_selector"])

    def listed(resource: Resource, query: dict[str, str]) -> list[Found]:
        typed = {"apiVersion": resource.api_version, "kind": resource.kind}
        path = targets.path(resource, place)
        items = pages(session.client, path, query, given["chunk_size"])
        return [(resource, typed | item) for item in items]

    found: list[Found] = []
    failures: list[CommandError] = []
    asked = list(_asked(session, given, place, selected=bool(query)))
    for resource, namespace, name in asked:
        try:
            if name:
                path = targets.path(resource, namespace, name)
                found.append((resource, session.client.json("GET", path)))
            else:
                found += listed(resource, query)
        except ApiFailure as failure:
            if failure.reason == "NotFound" and len(given["words"]) == 2:
                everything = [one for kind, _, _ in asked for one in listed(kind, {})]
                begun = [one for one in everything if _name(one).startswith(name)]
                if begun:
                    return begun, [], True
            hinted = nearest.hinted(session.client, failure, resource, namespace, name)
            failures.append(hinted if name else failure)
    return found, failures, False


def _asked(
    session: Session, given: dict[str, Any], place: str | None, *, selected: bool
) -> Iterable[tuple[Resource, str | None, str]]:
    """Kind, namespace and name (empty: all of the kind) of what is asked for."""
    if given["filenames"]:
        from minikube8s.cli import manifests

        if given["words"]:
            raise CommandError(
                "when paths, URLs, or stdin is provided as resource input, you may not specify "
                "resource arguments as well"
            )
        for obj in manifests.read(given["filenames"], recursive=given["recursive"]):
            name = manifests.name_of(obj)
            yield session.kinds.of(obj), obj["metadata"].get("namespace") or place, name
        return
    if not given["words"]:
        raise CommandError(
            "You must specify the type of resource to describe. Use `mk8s api-resources` for a "
            "complete list of supported resources."
        )
    for target in targets.parse(session.kinds, given["words"]):
        if target.name and selected:
            raise CommandError("name cannot be provided when a selector is specified")
        if target.name and target.resource.namespaced and place is None:
            raise CommandError("a resource cannot be retrieved by name across all namespaces")
        yield target.resource, place, target.name or ""


def _name(found: Found) -> str:
    return str(found[1]["metadata"]["name"])
