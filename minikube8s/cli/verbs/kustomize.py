"""`mk8s kustomize`: print the objects that a folder's kustomization describes."""

from __future__ import annotations

import click

from minikube8s.cli.command import verb
from minikube8s.cli.session import Session


@verb("kustomize")
@click.argument("folder", default=".", metavar="[DIR]")
@click.option("-o", "--output", "path", metavar="FILE", help="Write to this file, or folder.")
@click.pass_obj
def command(session: Session, /, folder: str, path: str | None) -> None:
    """Print the objects that a folder's kustomization describes: `mk8s kustomize overlays/dev`."""
    from minikube8s.cli import yamltext
    from minikube8s.cli.kustomizing.build import build

    text = "---\n".join(yamltext.dump(obj) for obj in build(folder))
    if path is None:
        click.echo(text, nl=False)
        return
    _write(path, text)


def _write(path: str, text: str) -> None:
    from pathlib import Path

    from minikube8s.cli.errors import CommandError

    try:
        Path(path).write_text(text)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from None
