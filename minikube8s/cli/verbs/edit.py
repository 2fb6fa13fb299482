"""`mk8s edit`: change one object in an editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import click

from minikube8s.api.patch.three_way import three_way
from minikube8s.cli import manifests, printing, targets
from minikube8s.cli.client import ApiFailure
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

_STRATEGIC = "application/strategic-merge-patch+json"
_HEADER = """\
# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
"""


@verb("edit")
@click.argument("words", nargs=-1, metavar="TYPE NAME | TYPE/NAME")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...]) -> None:
    """Open one object in $KUBE_EDITOR or $EDITOR (vi) and write back what you changed."""
    target = targets.one(session.kinds, words)
    client = session.client
    path = targets.path(target.resource, session.namespace, target.name)
    live = printing.without_managers(client.json("GET", path))
    name = printing.name_of(target.resource, live)
    text = printing.structured("yaml", live) + "\n"
    complaint = ""
    while True:
        changed = _edited(complaint + text)
        if not changed.strip() or changed == text:
            click.echo("Edit cancelled, no changes made.")
            return
        try:
            wanted = _parsed(changed)
            patch = three_way(target.resource.schema, live, wanted, live)
            if not patch:
                click.echo("Edit cancelled, no changes made.")
                return
            # only this state of the object was seen: anything newer must not be overwritten
            version = live["metadata"]["resourceVersion"]
            patch.setdefault("metadata", {})["resourceVersion"] = version
            query = {"fieldManager": "mk8s-edit", "fieldValidation": "Strict"}
            client.json("PATCH", path, patch, content_type=_STRATEGIC, query=query)
        except ApiFailure as failure:
            if failure.reason not in {"Invalid", "BadRequest"} or not _interactive():
                raise
            complaint, text = _commented(str(failure)), changed
        except CommandError as error:
            if not _interactive():
                raise
            complaint, text = _commented(str(error)), changed
        else:
            click.echo(f"{name} edited")
            return


def _interactive() -> bool:
    return os.isatty(0)


def _edited(text: str) -> str:
    """``text`` as the user's editor left it, without comment lines."""
    editor = os.environ.get("KUBE_EDITOR") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="mk8s-edit-") as folder:
        file = Path(folder) / "object.yaml"
        file.write_text(_HEADER + text)
        try:
            code = subprocess.run([*shlex.split(editor), str(file)], check=False).returncode
        except OSError as error:
            raise CommandError(
                f"the editor {editor!r} does not start ({error.strerror}): set EDITOR to one that "
                "is installed"
            ) from None
        if code != 0:
            raise CommandError(f"the editor {editor!r} ended with code {code}: nothing changed")
        lines = file.read_text().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("#"))


def _parsed(text: str) -> dict[str, Any]:
    objects = manifests.parse("the edited file", text)
    if len(objects) != 1:
        raise CommandError("the edited file must hold one object")
    return objects[0]


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines()) + "#\n"
