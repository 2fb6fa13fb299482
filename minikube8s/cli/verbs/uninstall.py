"""`mk8s uninstall`: stop having systemd run the daemons."""

from __future__ import annotations

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session
from minikube8s.cluster import installing
from minikube8s.cluster.errors import ClusterError


@verb("uninstall")
@click.pass_obj
def command(session: Session, /) -> None:
    """Stop having systemd run the daemons; what runs goes on.

    Undoes `mk8s install`. The cluster stays: `mk8s down --purge` removes it.
    """
    try:
        news = installing.uninstall(session.home, lambda line: click.echo(f"  {line}"))
    except ClusterError as error:
        raise CommandError(str(error)) from None
    if not news:
        click.echo("systemd does not run the daemons: there is nothing to uninstall.")
