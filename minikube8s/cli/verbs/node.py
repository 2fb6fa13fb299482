"""`mk8s node`: add nodes to a cluster's lab, and remove them."""

from __future__ import annotations

import click

from minikube8s.cli.command import group
from minikube8s.cli.connection.client import Client
from minikube8s.cli.durations import Duration
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.progress import watched
from minikube8s.cli.session import Session
from minikube8s.cli.verbs.up import Telling, node_names
from minikube8s.cluster import lab, lifecycle
from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.errors import ClusterError


@group("node")
def command() -> None:
    """Add a node to this machine's lab, or remove one."""


@command.command("add")
@click.argument("name", required=False, default="")
@click.pass_obj
def add(session: Session, name: str) -> None:
    """Add a node to this machine's lab; returns when it is Ready.

    A cluster that is stopped is started, too. Another machine becomes a node by `mk8s join`:
    `mk8s token create --print-join-command` prints the line for it.
    """
    home = session.home
    try:
        preflight.require_root("node add")
        with watched() as progress:
            telling = Telling(progress)
            lifecycle.up(
                home,
                lambda: lab.with_node(home.load(), name),
                telling.wait_ready,
                node_names,
                telling.say,
            )
    except ClusterError as error:
        raise CommandError(str(error)) from None


@command.command("remove")
@click.argument("name")
@click.option("--force", is_flag=True, help="Do not move its pods elsewhere first.")
@click.option(
    "--timeout", "seconds", type=Duration(), default=120.0, help="For the pods to leave, like 2m."
)
@click.pass_obj
def remove(session: Session, name: str, force: bool, seconds: float) -> None:
    """Remove a node of this machine's lab, with its volumes.

    It takes no new pods from then on, and its pods are evicted first, as by `mk8s drain`: budgets
    count. Pods that no controller makes again are gone.
    """
    from minikube8s.cli.draining import leaving

    home = session.home

    def empty(node: str) -> None:
        if not force:
            way_out = f"`mk8s uncordon {node}` opens it again, --force removes it with its pods"
            leaving.empty(Client.of_home(home), node, seconds, _say, way_out)

    def forget(node: str) -> None:
        leaving.forget(Client.of_home(home), node)

    try:
        lifecycle.remove_node(home, name, empty, forget, _say)
    except ClusterError as error:
        raise CommandError(str(error)) from None


def _say(line: str) -> None:
    click.echo(f"  {line}")
