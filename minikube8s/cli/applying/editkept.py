"""`mk8s apply edit-last-applied`: what was applied last, in an editor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from minikube8s.cli import options
from minikube8s.cli.applying import lastapplied, patching
from minikube8s.cli.command import verb
from minikube8s.cli.editing import rounds, text
from minikube8s.cli.errors import CommandError
from minikube8s.cli.failures import raise_all
from minikube8s.cli.naming.selecting import Selected, selected
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session

Object = dict[str, Any]


@verb("edit-last-applied")
@click.argument("words", nargs=-1, metavar="TYPE NAME | TYPE/NAME | -f FILE")
@click.option("--windows-line-endings", "windows", is_flag=True, help="End lines with CR LF.")
@options.output
@options.field_manager
@options.filenames
@click.pass_obj
def edit_last_applied(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Open what was applied last in $KUBE_EDITOR or $EDITOR (vi)."""
    form = given["form"]
    if form not in {"", "yaml", "json"}:
        raise CommandError(f'the output format "{form}" is none of json,yaml')
    found, failures = selected(session, words, given, all_by_default=True)
    raise_all(failures)
    if not found:
        raise CommandError("edit cancelled, no objects found")
    kept = [(one, _kept(session, one)) for one in found]

    def save(objects: list[Object], _: Path) -> list[text.Complaint]:
        if len(objects) != len(kept):
            raise CommandError(f"the edited file has to hold {len(kept)} object(s), as before")
        for (one, before), obj in zip(kept, objects, strict=True):
            if _place(before) != _place(obj):
                raise CommandError("At least one of apiVersion, kind and name was changed")
            if obj != before:
                _write(session, one, obj, given)
        return []

    rounds.run([obj for _, obj in kept], form or "yaml", save, windows=given["windows"])


def _kept(session: Session, one: Selected) -> Object:
    live = one.read(session.client)
    if not lastapplied.kept(live):
        raise CommandError(
            f"no last-applied-configuration annotation found on {one.shown}, to create the "
            "annotation, use command `mk8s apply set-last-applied --create-annotation`"
        )
    return lastapplied.of(live)


def _place(obj: Object) -> tuple[Any, Any, Any]:
    return obj.get("apiVersion"), obj.get("kind"), (obj.get("metadata") or {}).get("name")


def _write(session: Session, one: Selected, obj: Object, given: dict[str, Any]) -> None:
    kept = lastapplied.text_of(obj)
    after = session.client.json(
        "PATCH",
        one.path,
        {"metadata": {"annotations": {lastapplied.ANNOTATION: kept}}},
        content_type=patching.MERGE,
        query=options.written("none", given["field_manager"] or "kubectl-client-side-apply"),
    )
    printing.tell(given["form"], one.resource, after, "edited")
