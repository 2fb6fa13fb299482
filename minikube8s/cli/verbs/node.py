"""`mk8s node`: add nodes to a cluster's lab, and remove them."""

from __future__ import annotations

import time

import click

from minikube8s.cli.command import group
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.durations import Duration
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.progress import watched
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
@click.option("--force", is_flag=True, help="Without moving its pods elsewhere before.")
@click.option(
    "--timeout", "seconds", type=Duration(), default=120.0, help="For the pods to leave, like 2m."
)
@click.pass_obj
def remove(session: Session, name: str, force: bool, seconds: float) -> None:
    """Remove a node of this machine's lab, with its volumes.

    It takes no new pods from then on, and its pods are evicted first, as by `mk8s drain`: budgets
    count. Pods that no controller makes again are gone.
    """
    home = session.home

    def empty(node: str) -> None:
        if not force:
            _empty(Client.of_home(home), node, seconds)

    def forget(node: str) -> None:
        _forget(Client.of_home(home), node)

    try:
        lifecycle.remove_node(home, name, empty, forget, _say)
    except ClusterError as error:
        raise CommandError(str(error)) from None


def _empty(client: Client, node: str, seconds: float) -> None:
    """Evict a node's pods. Raises CommandError where they do not leave in time."""
    from minikube8s.api.meta import controller_of
    from minikube8s.cli.draining import choice, evicting

    path = f"/api/v1/nodes/{node}"
    try:
        closed = {"spec": {"unschedulable": True}}
        found = client.json("PATCH", path, closed, content_type="application/merge-patch+json")
    except ApiFailure as failure:
        if failure.reason != "NotFound":
            raise
        return
    conditions = (found.get("status") or {}).get("conditions") or ()
    if not any(one["type"] == "Ready" and one["status"] == "True" for one in conditions):
        _say(f"{node} is not Ready, so nobody waits for its pods")
        return
    query = {"fieldSelector": f"spec.nodeName={node}"}
    pods = client.json("GET", "/api/v1/pods", query=query)["items"]
    owners = ((pod["metadata"]["namespace"], controller_of(pod) or {}) for pod in pods)
    daemons = frozenset((place, one["name"]) for place, one in owners if one)
    rules = choice.Rules(
        force=True, ignore_daemon_sets=True, delete_local_data=True, daemon_sets=daemons
    )
    picked = choice.choose(pods, rules, time.time())
    try:
        evicting.evict(client, node, picked.evicted, evicting.Way(seconds))
    except CommandError as error:
        why = str(error).removeprefix("error: ").rstrip(".")
        raise CommandError(
            f"{why}. {node} is still there and takes no new pods: `mk8s uncordon {node}` opens it "
            "again, --force removes it with its pods."
        ) from None


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
