"""`mk8s install`: have systemd run the daemons."""

from __future__ import annotations

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session
from minikube8s.cluster import installing
from minikube8s.cluster.errors import ClusterError


@verb("install")
@click.pass_obj
def command(session: Session, /) -> None:
    """Have systemd run the daemons: it starts them anew when they end, and after a boot.

    For a cluster that `mk8s up` made, or a machine that has joined one. Pods keep running. From
    then on `mk8s up` and `mk8s down` go through systemd; after `down` a boot starts nothing.
    """
    try:
        news = installing.install(session.home, lambda line: click.echo(f"  {line}"))
    except ClusterError as error:
        raise CommandError(str(error)) from None
    if not news:
        click.echo("systemd runs the daemons already.")
