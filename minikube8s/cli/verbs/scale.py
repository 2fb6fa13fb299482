"""`mk8s scale`: set how many replicas a workload has."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli import printing, targets
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session


@verb("scale")
@click.argument("words", nargs=-1, metavar="TYPE NAME ... | TYPE/NAME ...")
@click.option("--replicas", type=click.IntRange(min=0), required=True, help="The new number.")
@click.option("--current-replicas", type=int, help="Only if this is the number now.")
@click.pass_obj
def command(
    session: Session,
    /,
    words: tuple[str, ...],
    replicas: int,
    current_replicas: int | None,
) -> None:
    """Set the number of replicas: `mk8s scale deploy/web --replicas 3`."""
    chosen = targets.parse(session.kinds, words)
    for target in chosen:
        if target.name is None:
            raise CommandError(f"name the {target.resource.plural} to scale")
        if "scale" not in target.resource.subresources:
            raise CommandError(f"{target.resource.plural} have no number of replicas to scale")
    client = session.client
    for target in chosen:
        path = targets.path(target.resource, session.namespace, target.name) + "/scale"
        patch: dict[str, Any] = {"spec": {"replicas": replicas}}
        if current_replicas is not None:
            now = client.json("GET", path)
            if now["spec"].get("replicas", 0) != current_replicas:
                raise CommandError(
                    f"Expected replicas to be {current_replicas}, was "
                    f"{now['spec'].get('replicas', 0)}"
                )
            patch["metadata"] = {"resourceVersion": now["metadata"]["resourceVersion"]}
        client.json("PATCH", path, patch, content_type="application/merge-patch+json")
        name = printing.name_of(target.resource, {"metadata": {"name": target.name}})
        click.echo(f"{name} scaled")
