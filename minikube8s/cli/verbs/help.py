"""`mk8s help`: what a verb does and which flags it takes."""

from __future__ import annotations

import click

from minikube8s.cli.command import verb


@verb("help")
@click.argument("words", nargs=-1, metavar="[VERB ...]")
@click.pass_context
def command(context: click.Context, words: tuple[str, ...]) -> None:
    """Show the help of a verb: `mk8s help rollout undo`."""
    place = context.find_root()
    for word in words:
        if not isinstance(place.command, click.Group):
            break
        name, found, _ = place.command.resolve_command(place, [word])
        if found is not None:
            place = found.make_context(name, [], parent=place, resilient_parsing=True)
    click.echo(place.get_help())
