"""`mk8s apply view-last-applied`, `set-last-applied`: the annotation that apply compares with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import click

from minikube8s.cli import manifests, options
from minikube8s.cli.applying import lastapplied, patching
from minikube8s.cli.command import verb
from minikube8s.cli.connection.client import Unreachable
from minikube8s.cli.errors import CommandError
from minikube8s.cli.failures import raise_all
from minikube8s.cli.naming.items import Item, items
from minikube8s.cli.naming.selecting import NONE_NAMED, selected
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session


@verb("view-last-applied")
@click.argument("words", nargs=-1, metavar="TYPE NAME | TYPE/NAME")
@click.option("-l", "--selector", default="", help="Objects with these labels.")
@click.option("--all", "everything", is_flag=True, help="Every object of the kind.")
@click.option("-o", "--output", "form", default="yaml", help="yaml or json.")
@options.filenames
@click.pass_obj
def view_last_applied(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Print what was applied last, as objects keep it."""
    if given["form"] not in {"yaml", "json"}:
        raise CommandError(
            f"Unexpected -o output mode: {given['form']}, the flag 'output' must be one of "
            "yaml|json"
        )
    for obj in _chosen(session, words, given):
        if lastapplied.kept(obj):
            text = printing.structured(given["form"], lastapplied.of(obj))
            printing.put((_by_two(text) if given["form"] == "json" else text) + "\n")


def _by_two(text: str) -> str:
    """JSON indented by two, as kubectl has it here, where it is by four everywhere else."""
    return re.sub(r"(?m)^ +", lambda found: found[0][::2], text)


@verb("set-last-applied")
@click.option("--create-annotation", is_flag=True, help="Also where there is none yet.")
@options.output
@options.dry_run
@options.filenames
@click.pass_obj
def set_last_applied(session: Session, /, **given: Any) -> None:
    """Let objects keep a file as what was applied last, without applying it."""
    if not any(given["filenames"]):
        raise CommandError(NONE_NAMED)
    reading = manifests.gather(given["filenames"], recursive=given["recursive"])
    failures = reading.failures
    for item in items(session, reading):
        try:
            _set(session, item, given)
        except CommandError as error:
            failures.append(error)
            if isinstance(error, Unreachable):
                break
    raise_all(failures)


def _set(session: Session, item: Item, given: dict[str, Any]) -> None:
    client, dry_run = session.client, given["dry_run"]
    live = client.json("GET", item.path)
    if not lastapplied.kept(live) and not given["create_annotation"]:
        raise CommandError(
            f"no last-applied-configuration annotation found on resource: {item.name}, to create "
            "the annotation, run the command with --create-annotation"
        )
    wanted = lastapplied.as_saved(item.obj)
    if lastapplied.kept(live) == wanted:
        click.echo(f"set-last-applied {item.name}: no changes required.")
        return
    if dry_run != "client":
        live = client.json(
            "PATCH",
            item.path,
            {"metadata": {"annotations": {lastapplied.ANNOTATION: wanted}}},
            content_type=patching.MERGE,
            query=options.written(dry_run, "kubectl-client-side-apply"),
        )
    printing.tell(given["form"], item.resource, live, "configured", dry_run)


def _chosen(
    session: Session, words: tuple[str, ...], given: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    found, failures = selected(session, words, given)
    raise_all(failures)
    for one in found:
        yield one.read(session.client)
