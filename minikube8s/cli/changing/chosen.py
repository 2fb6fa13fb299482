"""Owns finding the objects that a line is about: by names, -l, --all, -f, in kubectl's grammar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import click

from minikube8s.api.resources import Resource
from minikube8s.cli import options
from minikube8s.cli.connection.client import ApiFailure, Unreachable
from minikube8s.cli.errors import CommandError
from minikube8s.cli.failures import raise_all
from minikube8s.cli.naming import nearest, selecting, targets
from minikube8s.cli.session import Session

Object = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Any])


class Chosen(NamedTuple):
    """An object that the line is about, as the server has it (``--local``: as the file says)."""

    resource: Resource
    namespace: str
    obj: Object

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.obj["metadata"]["name"])

    @property
    def path(self) -> str:
        """Its path in the API."""
        return targets.path(self.resource, self.namespace, self.name)

    def __str__(self) -> str:
        """`deployments.apps "web"`: how kubectl names it in errors."""
        return f'{self.resource.group_resource} "{self.name}"'


def selection(command: F) -> F:
    """`-l`, `--field-selector`, `--all`, `-f` and `-R`."""
    command = click.option(
        "--all", "everything", is_flag=True, help="Every object of the kinds, in the namespace."
    )(command)
    return options.selector(options.filenames(command))


def local(command: F) -> F:
    """`--local`: change the files' objects without asking a server."""
    return click.option(
        "--local", is_flag=True, help="Change what -f holds and print it; ask no server."
    )(command)


def for_each(
    session: Session,
    words: Sequence[str],
    given: Mapping[str, Any],
    act: Callable[[Chosen], None],
    *,
    whole: bool = False,
) -> int:
    """Call ``act`` with every object that the line is about; how many there were.

    What fails does not hold up the others: each failure is told, the last one raised. A server that
    is away ends it. ``whole``: nothing is done where some cannot be found.
    """
    found: list[Chosen] = []
    failures: list[CommandError] = []

    def attempt(one: Chosen) -> None:
        try:
            act(one)
        except Unreachable:
            raise
        except CommandError as error:
            failures.append(error)

    try:
        for find in _finders(session, words, given):
            try:
                for one in find():
                    found.append(one)
                    if not whole:
                        attempt(one)
            except Unreachable:
                raise
            except CommandError as error:
                failures.append(error)
        if whole and not failures:
            for one in found:
                attempt(one)
    except Unreachable as error:
        failures.append(error)
    raise_all(failures)
    return len(found)


def of(obj: Object, resource: Resource, namespace: str) -> Chosen:
    """``obj``, also one out of a list, which says no kind."""
    place = obj["metadata"].get("namespace") or namespace
    whole = {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
    return Chosen(resource, place if resource.namespaced else "", whole)


def _finders(
    session: Session, words: Sequence[str], given: Mapping[str, Any]
) -> Iterator[Callable[[], Iterator[Chosen]]]:
    """One search each, so that one that fails does not keep the others from being made."""
    if given.get("filenames"):
        yield from _of_files(session, words, given)
        return
    if given.get("local"):
        raise CommandError("--local changes what files hold: name one with -f")
    named, query, everywhere = selecting.targeted(session, words, given)
    for target in named:
        yield partial(_search, session, target, query, everywhere)


def _search(
    session: Session, target: targets.Target, query: dict[str, str], everywhere: bool
) -> Iterator[Chosen]:
    place = None if everywhere else session.namespace
    try:
        answer = session.client.json(
            "GET", targets.path(target.resource, place, target.name), query=query
        )
    except ApiFailure as failure:
        raise nearest.hinted(
            session.client, failure, target.resource, place, target.name or ""
        ) from None
    for obj in [answer] if target.name else answer.get("items") or ():
        yield of(obj, target.resource, session.namespace)


def _of_files(
    session: Session, words: Sequence[str], given: Mapping[str, Any]
) -> Iterator[Callable[[], Iterator[Chosen]]]:
    from minikube8s.cli import manifests

    if words:
        raise CommandError(
            "when paths, URLs, or stdin is provided as input, you may not specify resource "
            f"arguments as well: {' '.join(words)}"
        )
    objects = manifests.read(given["filenames"], recursive=given["recursive"])
    if not objects:
        raise CommandError(f"no objects in {', '.join(map(str, given['filenames']))}")
    for obj in objects:
        metadata = obj.get("metadata") or {}
        if not metadata.get("name"):
            raise CommandError(f"a {obj['kind']} in the file has no metadata.name")
        resource = session.kinds.of(obj)
        place = metadata.get("namespace") or session.namespace
        named = of(obj, resource, place)
        yield partial(iter, [named]) if given.get("local") else partial(_read, session, named)


def _read(session: Session, named: Chosen) -> Iterator[Chosen]:
    yield of(session.client.json("GET", named.path), named.resource, named.namespace)
