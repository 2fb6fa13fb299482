"""`mk8s node`: add nodes to a cluster's lab, and remove them."""

from __future__ import annotations

import click

from minikube8s.cli.client import ApiFailure, Client
from minikube8s.cli.command import group
from minikube8s.cli.errors import CommandError
from minikube8s.cli.progress import watched
from minikube8s.cli.session import Session
from minikube8s.cli.verbs.up import Telling, node_names
from minikube8s.cluster import lab, lifecycle, preflight
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
@click.pass_obj
def remove(session: Session, name: str) -> None:
    """Remove a node with its pods and its volumes; `kubectl drain` moves the pods before."""
    home = session.home
    try:
        lifecycle.remove_node(home, name, lambda node: _forget(Client.of_home(home), node), _say)
    except ClusterError as error:
        raise CommandError(str(error)) from None


def _forget(client: Client, node: str) -> None:
    """Delete the Node and the objects of its pods, which nobody would report gone any more."""
    _delete(client, f"/api/v1/nodes/{node}")
    query = {"fieldSelector": f"spec.nodeName={node}"}
    for pod in client.json("GET", "/api/v1/pods", query=query)["items"]:
        meta = pod["metadata"]
        _delete(client, f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}")


def _delete(client: Client, path: str) -> None:
    try:
        client.json("DELETE", path, {"gracePeriodSeconds": 0})
    except ApiFailure as failure:
        if failure.reason != "NotFound":
            raise


def _say(line: str) -> None:
    click.echo(f"  {line}")
