"""Owns editing until it is right: the file is opened again with what is wrong, and never lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from minikube8s.cli.editing import editor, text
from minikube8s.cli.errors import CommandError

Save = Callable[[list[dict[str, Any]], Path], Sequence[text.Complaint]]
"""Saves edited objects and says what has to be edited again. Raises CommandError for the rest."""


def run(objects: Sequence[dict[str, Any]], form: str, save: Save, *, windows: bool = False) -> None:
    """Let the user edit ``objects`` until ``save`` has nothing to complain of.

    Raises CommandError; a text that was changed and could not be saved stays in a file, told on
    standard error.
    """
    before = text.rendered(objects, form)
    complaints: Sequence[text.Complaint] = ()
    while True:
        file = editor.written(text.shown(before, form, complaints), form, windows=windows)
        kept = False
        try:
            after = text.without_comments(editor.opened(file))
            if after == before and complaints:
                kept = True
                raise CommandError("Edit cancelled, no valid changes were saved.")
            if after == before:
                click.echo("Edit cancelled, no changes made.", err=True)
                return
            if not after.strip():
                click.echo("Edit cancelled, saved file was empty.", err=True)
                return
            kept = True
            complaints = _saved(after, file, save)
            kept = False
            if not complaints:
                return
            before = after
        except (CommandError, KeyboardInterrupt):
            if kept:
                click.echo(f'A copy of your changes has been stored to "{file}"', err=True)
            raise
        finally:
            if not kept:
                file.unlink(missing_ok=True)


def _saved(after: str, file: Path, save: Save) -> Sequence[text.Complaint]:
    try:
        objects = text.objects_of(after)
    except CommandError as error:
        said = str(error).removeprefix("error: ")
        click.echo(f"error: {said}", err=True)
        return [text.Complaint("The edited file", (said,))]
    complaints = save(objects, file)
    for complaint in complaints:
        click.echo(f"error: {complaint.what} is invalid", err=True)
    return complaints
