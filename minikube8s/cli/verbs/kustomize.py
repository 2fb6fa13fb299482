"""`mk8s kustomize`: print the objects that a folder's kustomization describes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

Object = dict[str, Any]


@verb("kustomize")
@click.argument("folders", nargs=-1, metavar="[DIR]")
@click.option("-o", "--output", metavar="PATH", help="Write to this file, or files to this folder.")
@click.option(
    "--load-restrictor",
    "restrictor",
    type=click.Choice(["LoadRestrictionsRootOnly", "LoadRestrictionsNone"]),
    default="LoadRestrictionsRootOnly",
    help="LoadRestrictionsNone: files of other folders may be named, too.",
)
@click.pass_obj
def command(
    session: Session, /, folders: tuple[str, ...], output: str | None, restrictor: str
) -> None:
    """Print the objects that a folder's kustomization describes: `mk8s kustomize overlays/dev`."""
    from minikube8s.cli.kustomizing.build import build
    from minikube8s.cli.output import yamltext

    if len(folders) > 1:
        raise CommandError("specify one path to kustomization.yaml")
    built = build(
        folders[0] if folders else ".",
        lambda text: click.echo(text, err=True),
        free=restrictor == "LoadRestrictionsNone",
    )
    texts = [yamltext.dump(obj) for obj in built]
    if output is None:
        click.echo("---\n".join(texts), nl=False)
    elif Path(output).is_dir():
        for obj, text in zip(built, texts, strict=True):
            _write(Path(output) / _file_of(obj), text)
    else:
        _write(Path(output), "---\n".join(texts))


def _file_of(obj: Object) -> str:
    """`default_apps_v1_deployment_web.yaml`, as kubectl calls it."""
    from minikube8s.cli.kustomizing.resources import is_namespaced

    group, _, version = str(obj["apiVersion"]).rpartition("/")
    metadata = obj.get("metadata") or {}
    place = (metadata.get("namespace") or "default") if is_namespaced(obj["kind"]) else ""
    parts = (place, group, version, obj["kind"].lower(), metadata.get("name") or "")
    return "_".join(part.replace("/", "_") for part in parts if part) + ".yaml"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from None
