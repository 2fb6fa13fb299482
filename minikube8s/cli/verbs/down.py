"""`mk8s down`: stop the cluster and remove what it made."""

from __future__ import annotations

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session
from minikube8s.cluster import lifecycle
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import joined
from minikube8s.cluster.simulated import running
from minikube8s.cluster.standins.packages import cache_directory


@verb("down")
@click.option("--purge", is_flag=True, help="Also remove the state: every object is lost.")
@click.pass_obj
def command(session: Session, purge: bool) -> None:
    """Stop the daemons; remove every container, rule, link and route that they made."""
    home = session.home
    try:
        down = joined.down if home.is_joined() else lifecycle.down
        if home.is_simulated():
            down = running.down
        down(home, purge=purge, say=lambda line: click.echo(f"  {line}"))
    except ClusterError as error:
        raise CommandError(str(error)) from None
    if purge and (cache := cache_directory()).exists():
        click.echo(f"  what `mk8s image build` fetched stays for other clusters: rm -r {cache}")
