"""`mk8s options`: the flags that every verb takes."""

from __future__ import annotations

import click

from minikube8s.cli.command import verb
from minikube8s.cli.globalflags import global_options


@verb("options")
@click.pass_context
def command(context: click.Context) -> None:
    """Show the global flags, which all verbs take."""
    rows = []
    for option in global_options():
        option.hidden = False
        rows += [row for row in (option.get_help_record(context),) if row]
    formatter = context.make_formatter()
    with formatter.section("These flags may be given with any verb, anywhere in the line"):
        formatter.write_dl(rows)
    click.echo(formatter.getvalue(), nl=False)
