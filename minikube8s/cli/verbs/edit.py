"""`mk8s edit`: change objects in an editor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import click

from minikube8s.api.resources import Resource
from minikube8s.cli import options
from minikube8s.cli.applying import lastapplied, patching
from minikube8s.cli.changing import recording
from minikube8s.cli.command import verb
from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.editing import rounds, text
from minikube8s.cli.errors import CommandError
from minikube8s.cli.failures import raise_all
from minikube8s.cli.naming.selecting import selected
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session


class Original(NamedTuple):
    """An object as it was when the editor opened."""

    resource: Resource
    path: str
    obj: dict[str, Any]

    def __str__(self) -> str:
        return f'{self.resource.group_resource} "{self.obj["metadata"]["name"]}"'


@verb("edit")
@click.argument("words", nargs=-1, metavar="TYPE NAME | TYPE/NAME | -f FILE")
@click.option("--output-patch", is_flag=True, help="Print the patch that is sent, too.")
@click.option("--save-config", is_flag=True, help="Keep the object for a later apply.")
@click.option("--subresource", default="", help="Edit this part of the object, such as status.")
@click.option("--windows-line-endings", "windows", is_flag=True, help="End lines with CR LF.")
@options.validate
@options.managed_fields
@options.output
@options.record
@options.field_manager
@options.filenames
@click.pass_context
def command(context: click.Context, /, words: tuple[str, ...], **given: Any) -> None:
    """Open objects in $KUBE_EDITOR or $EDITOR (vi) and write back what you changed.

    For example `mk8s edit deploy web`.
    """
    session: Session = context.obj
    if given["form"] not in {"", "yaml", "json"}:
        raise CommandError(
            f'unable to match a printer suitable for the output format "{given["form"]}", allowed '
            "formats are: json,yaml"
        )
    originals = _originals(session, words, given)
    form = given["form"] or "yaml"
    recording.warn(given["record"])

    def save(objects: list[dict[str, Any]], file: Path) -> list[text.Complaint]:
        return _save(context, originals, objects, file, given)

    rounds.run([one.obj for one in originals], form, save, windows=given["windows"])


def _originals(session: Session, words: tuple[str, ...], given: dict[str, Any]) -> list[Original]:
    found, failures = selected(session, words, given, all_by_default=True)
    raise_all(failures)
    if not found:
        raise CommandError("edit cancelled, no objects found")
    part = f"/{given['subresource']}" if given["subresource"] else ""
    originals = []
    for one in found:
        obj = one.read(session.client, given["subresource"])
        if not given["managers"]:
            obj = printing.without_managers(obj)
        originals.append(Original(one.resource, one.path + part, obj))
    return originals


def _save(
    context: click.Context,
    originals: list[Original],
    objects: list[dict[str, Any]],
    file: Path,
    given: dict[str, Any],
) -> list[text.Complaint]:
    """Patch what was changed, each object by itself; what has to be edited again."""
    complaints: list[text.Complaint] = []
    failures: list[CommandError] = []
    for obj in objects:
        original = _original_of(obj, originals)
        try:
            _patch(context, original, obj, given)
        except ApiFailure as failure:
            if failure.reason == "Invalid":
                complaints.append(text.invalid(str(original), failure.status))
                continue
            message = failure.status.get("message")
            failures.append(
                CommandError(
                    f"{original} could not be patched: {message}\n"
                    f"You can run `mk8s replace -f {file}` to try this update again."
                )
            )
    raise_all(failures)
    return complaints


def _original_of(obj: dict[str, Any], originals: list[Original]) -> Original:
    uid = (obj.get("metadata") or {}).get("uid")
    same = [one for one in originals if one.obj["metadata"].get("uid") == uid]
    if not same:
        raise CommandError(
            f"no original object found for {obj['kind']} {obj.get('metadata', {}).get('name')}: "
            "its metadata.uid was changed"
        )
    (original, *_) = same
    was, now = (
        (one.get("apiVersion"), one.get("kind"), one["metadata"].get("name"))
        for one in (original.obj, obj)
    )
    if was != now:
        raise CommandError("At least one of apiVersion, kind and name was changed")
    return original


def _patch(
    context: click.Context, original: Original, obj: dict[str, Any], given: dict[str, Any]
) -> None:
    live = original.obj
    name = printing.name_of(original.resource, live)
    if obj == live:
        click.echo(f"{name} skipped")
        return
    obj = recording.recorded(context, obj, given["record"])
    if given["save_config"]:
        obj = lastapplied.annotated(obj)
    body, content_type = patching.between(original.resource, live, obj, live)
    if given["output_patch"]:
        click.echo(f"Patch: {json.dumps(body, separators=(',', ':'), sort_keys=True)}")
    session: Session = context.obj
    query = options.written("none", given["field_manager"] or "kubectl-edit")
    after = session.client.json(
        "PATCH",
        original.path,
        body,
        content_type=content_type,
        query=query | options.field_validation(given["validate"]),
    )
    printing.tell(given["form"], original.resource, after, "edited")
