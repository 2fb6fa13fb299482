"""`mk8s scale`: set how many replicas a workload has."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli import options, printing, targets
from minikube8s.cli.client import Client
from minikube8s.cli.errors import CommandError


@click.command("scale")
@click.argument("words", nargs=-1, metavar="TYPE NAME ... | TYPE/NAME ...")
@click.option("--replicas", type=click.IntRange(min=0), required=True, help="The new number.")
@click.option("--current-replicas", type=int, help="Only if this is the number now.")
@options.namespace
@click.pass_obj
def command(
    context: dict[str, str | None],
    /,
    words: tuple[str, ...],
    replicas: int,
    current_replicas: int | None,
    namespace: str,
) -> None:
    """Set the number of replicas: `mk8s scale deploy/web --replicas 3`."""
    chosen = targets.parse(words)
    for target in chosen:
        if target.name is None:
            raise CommandError(f"name the {target.resource.plural} to scale")
        if "scale" not in target.resource.subresources:
            raise CommandError(f"{target.resource.plural} have no number of replicas to scale")
    client = Client.of_context(context)
    for target in chosen:
        path = targets.path(target.resource, namespace, target.name) + "/scale"
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
