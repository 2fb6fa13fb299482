"""`mk8s __complete`: what a shell's script asks; one offer a line, then what else to do."""

from __future__ import annotations

import click

from minikube8s.cli.command import verb
from minikube8s.cli.completing import lines, offers
from minikube8s.cli.completing.live import Live
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.session import Session


@verb("__complete", hidden=True)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(context: click.Context, words: tuple[str, ...]) -> None:
    """Print what may come next in a line, of which the last word is being typed."""
    from minikube8s.cli.main import VERBS

    root = context.find_root().command
    session = context.find_object(Session)
    assert isinstance(root, click.Group) and session is not None
    line = lines.read(root, words or ("",))
    verbs = [(name, summary) for rows in VERBS.values() for name, (_, summary) in rows.items()]
    found = offers.offer(line, Live(session, line), verbs)
    for word, description in found.words:
        click.echo(harmless(f"{word}\t{description}" if description else word))
    click.echo(f":{found.also}")
