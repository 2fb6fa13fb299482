"""`mk8s explain`: what the fields of a kind mean, in the cluster's own words."""

from __future__ import annotations

import contextlib

import click

from minikube8s.api.resources import RESOURCES, Resource
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.session import Session


@verb("explain")
@click.argument("words", nargs=-1, metavar="TYPE[.FIELD ...]")
@click.option("--recursive", is_flag=True, help="All fields of fields, without descriptions.")
@click.option("--api-version", default="", help="The version to explain, as GROUP/VERSION.")
@click.option("-o", "--output", "form", default="plaintext", help="plaintext.")
@click.pass_obj
def command(
    session: Session, words: tuple[str, ...], recursive: bool, api_version: str, form: str
) -> None:
    """Explain a kind or one of its fields: `mk8s explain pod.spec.containers`."""
    from minikube8s.cli.documenting import explained
    from minikube8s.cli.documenting.schemas import Schemas

    if not words:
        raise CommandError(
            "You must specify the type of resource to explain. See `mk8s api-resources`."
        )
    if len(words) > 1:
        raise CommandError("We accept only this format: explain RESOURCE")
    if form not in {"plaintext", "plaintext-openapiv2"}:
        raise CommandError(f"unrecognized format: {form}. It is plaintext.")
    resource, path = _meant(session, words[0].rstrip("."), api_version)
    schemas = Schemas.of(session.client, resource)
    schema = schemas.kind(resource)
    click.echo(harmless(explained.head(resource)), nl=False)
    field = schemas.find(schema, path)
    click.echo(harmless(explained.text(schemas, field, path, recursive=recursive)), nl=False)


def _meant(session: Session, word: str, api_version: str) -> tuple[Resource, list[str]]:
    """The kind and the path that `deployments.apps` or `pods.spec.containers` name."""
    resource, path = _split(session, word)
    if not api_version:
        return resource, path
    group, _, version = api_version.rpartition("/")
    found = session.kinds.discovered().by_kind(group, version, resource.kind)
    if found is None:
        raise CommandError(
            f'couldn\'t find resource for "{api_version}, Resource={resource.plural}". See '
            "`mk8s api-versions`."
        )
    return found, path


def _split(session: Session, word: str) -> tuple[Resource, list[str]]:
    """The kind that the longest beginning of the word names, and the fields behind it."""
    parts = word.split(".")
    for table in (RESOURCES, session.kinds):
        for count in range(len(parts), 1, -1):
            with contextlib.suppress(CommandError):
                found = table.by_word(".".join(parts[:count]))
                if found is not None:
                    return found, parts[count:]
        if RESOURCES.by_word(parts[0]) is not None:
            break
    return session.kinds.by_word(parts[0]), parts[1:]
