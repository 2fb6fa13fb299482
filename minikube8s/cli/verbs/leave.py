"""`mk8s leave`: take this machine out of the cluster that it joined."""

from __future__ import annotations

import click

from minikube8s.cli.command import verb
from minikube8s.cli.connection.client import Client
from minikube8s.cli.connection.reaching import of_node
from minikube8s.cli.connection.wire import Wire
from minikube8s.cli.durations import Duration
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import leaving


@verb("leave")
@click.option(
    "--force",
    is_flag=True,
    help="Do not move its pods elsewhere first; works while the master is away, too.",
)
@click.option(
    "--timeout",
    "seconds",
    type=Duration(),
    default=120.0,
    help="How long pods may take to go, like 2m.",
)
@click.pass_obj
def command(session: Session, /, force: bool, seconds: float) -> None:
    """Take this machine out of the cluster that it joined.

    Its node is closed to new pods, and its pods are evicted as by `mk8s drain`: disruption budgets
    count. Then the agent goes, with all that it made, the Node and its certificate.
    """
    from minikube8s.cli.draining import leaving as draining

    home = session.home

    def empty(node: str) -> None:
        way_out = (
            f"`kubectl uncordon {node}` on the master opens it again, `mk8s leave --force` leaves "
            "with its pods where they are"
        )
        draining.empty(Client(Wire(of_node(home))), node, seconds, _say, way_out)

    def forget(node: str) -> None:
        draining.forget(Client(Wire(of_node(home))), node)

    try:
        left = leaving.leave(home, empty, forget, force=force, say=_say)
    except ClusterError as error:
        raise CommandError(str(error)) from None
    if not left:
        click.echo("This machine has joined no cluster: there is nothing to leave.")


def _say(line: str) -> None:
    click.echo(f"  {line}")
