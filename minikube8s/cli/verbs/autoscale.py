"""`mk8s autoscale`: let the load decide how many pods there are."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli import options
from minikube8s.cli.changing import chosen, recording
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.making import sending
from minikube8s.cli.session import Session


@verb("autoscale")
@click.argument("words", nargs=-1, metavar="TYPE NAME ... | TYPE/NAME ...")
@click.option("--min", "least", type=int, default=-1, metavar="N", help="The fewest pods.")
@click.option("--max", "most", type=int, required=True, metavar="N", help="The most pods.")
@click.option("--cpu-percent", type=int, default=-1, help="What they shall use of their requests.")
@click.option("--name", default="", help="The autoscaler's name, if another than the object's.")
@options.writing
@sending.save_config
@options.filenames
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Let the load decide how many pods there are: `mk8s autoscale deploy/web --max 5`."""
    from minikube8s.cli.making import autoscaling

    recording.warn(given["record"])
    context = click.get_current_context()

    def act(one: Chosen) -> None:
        if "scale" not in one.resource.subresources:
            raise CommandError(
                f"cannot autoscale a {one.resource.kind}: {one.resource.plural} have no number of "
                "replicas to scale"
            )
        made = autoscaling.autoscaler(
            one.obj, given["name"], given["least"], given["most"], given["cpu_percent"]
        )
        made = recording.recorded(context, made, given["record"])
        # kubectl's own words: only its client's dry run is said to create
        operation = "created" if given["dry_run"] == "client" else "autoscaled"
        sending.create(
            session,
            made,
            one.namespace,
            given,
            manager="kubectl-autoscale",
            operation=operation,
            placed=False,
        )

    chosen.for_each(session, words, given, act)
