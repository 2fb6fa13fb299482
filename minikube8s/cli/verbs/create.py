"""`mk8s create`: make objects that are in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from minikube8s.cli import manifests, options, rawrequests
from minikube8s.cli.applying import lastapplied
from minikube8s.cli.changing import recording
from minikube8s.cli.command import acting_group
from minikube8s.cli.connection.client import ApiFailure, Unreachable
from minikube8s.cli.creating import ALIASES, GENERATORS
from minikube8s.cli.errors import CommandError
from minikube8s.cli.failures import raise_all
from minikube8s.cli.manifests import Document, Reading
from minikube8s.cli.naming.items import Item, items
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session


@acting_group("create", aliases=ALIASES, modules=GENERATORS)
@click.option("-l", "--selector", default="", help="Only objects with these labels.")
@click.option("--edit", is_flag=True, help="Open the objects in an editor first.")
@click.option("--save-config", is_flag=True, help="Keep the object for a later apply.")
@click.option("--raw", default="", metavar="PATH", help="POST the file to this path of the API.")
@click.option("--windows-line-endings", "windows", is_flag=True, help="With --edit: CR LF.")
@options.validate
@options.writing
@options.filenames
@click.pass_context
def command(context: click.Context, /, **given: Any) -> None:
    """Make objects that are in files, or of what flags say: `mk8s create -f web.yaml`."""
    session: Session = context.obj
    if given["raw"]:
        body = rawrequests.body_of(given["filenames"], given)
        rawrequests.send(session.client, "POST", given["raw"], body)
        return
    if not any(given["filenames"]):
        raise CommandError("must specify one of -f and -k")
    printing.check_form(given["form"])
    recording.warn(given["record"])
    reading = manifests.gather(given["filenames"], recursive=given["recursive"])
    found = items(session, reading, given["selector"])
    if not found and not reading.failures:
        raise CommandError("no objects passed to create")
    if given["edit"]:
        raise_all(reading.failures)
        _edited(context, found, given)
        return
    raise_all(_created(context, found, given) + reading.failures)


def _created(
    context: click.Context, found: list[Item], given: dict[str, Any]
) -> list[CommandError]:
    """Create each, telling what was; what failed."""
    failures: list[CommandError] = []
    for item in found:
        try:
            _create(context, item, given)
        except ApiFailure as failure:
            failures.append(item.failed("creating", failure))
        except Unreachable as error:
            failures.append(error)
            break
    return failures


def _create(context: click.Context, item: Item, given: dict[str, Any]) -> None:
    session: Session = context.obj
    obj = recording.recorded(context, item.obj, given["record"])
    if given["save_config"]:
        obj = lastapplied.annotated(obj)
    dry_run = given["dry_run"]
    if dry_run != "client":
        query = options.written(dry_run, given["field_manager"] or "kubectl-create")
        query |= options.field_validation(given["validate"])
        obj = session.client.json("POST", item.collection, obj, query=query)
    printing.tell(given["form"], item.resource, obj, "created", dry_run, managers=given["managers"])


def _edited(context: click.Context, found: list[Item], given: dict[str, Any]) -> None:
    """Create what the user makes of the objects in an editor."""
    from minikube8s.cli.editing import rounds, text

    form = given["form"] if given["form"] in {"json", "yaml"} else "yaml"

    def save(objects: list[dict[str, Any]], _: Path) -> list[text.Complaint]:
        reading = Reading()
        reading.documents += [Document("the edited file", obj) for obj in objects]
        changed = items(context.obj, reading)
        raise_all(reading.failures)
        complaints = []
        for item in changed:
            try:
                _create(context, item, given)
            except ApiFailure as failure:
                if failure.reason != "Invalid":
                    raise
                what = f'{item.resource.group_resource} "{item.name}"'
                complaints.append(text.invalid(what, failure.status))
        return complaints

    rounds.run([item.obj for item in found], form, save, windows=given["windows"])
