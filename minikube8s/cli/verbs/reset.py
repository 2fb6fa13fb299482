"""`mk8s reset`: remove everything of mk8s from this machine."""

from __future__ import annotations

import os
import sys

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session
from minikube8s.cluster import resetting
from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.config import DEFAULT_DOCKER_HOST, Home
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import joined


@verb("reset")
@click.option("-y", "--yes", is_flag=True, help="Do not ask first.")
@click.option("--name", default="", help="Remove the cluster of this name alone.")
@click.option("--docker-host", help="The Docker engine to look into (DOCKER_HOST).")
@click.pass_obj
def command(session: Session, /, yes: bool, name: str, docker_host: str | None) -> None:
    """Remove everything of mk8s from this machine, objects too, whatever state it is in.

    Daemons, containers, links, routes, rules and the cluster's directory go, also where half of
    them are gone or damaged; the program itself and its images stay. The master
    on another machine is not told: `mk8s leave` does that.
    """
    home = session.home
    what = f"the cluster {name}" if name else "mk8s"
    engine = docker_host or os.environ.get("DOCKER_HOST") or DEFAULT_DOCKER_HOST
    try:
        preflight.require_root("reset")
        there = resetting.find(home, engine, name)
        if not there:
            if there.unseen:
                raise CommandError(" ".join(there.unseen))
            click.echo(f"Nothing of {what} is on this machine.")
            return
        if not yes:
            _ask(there, name)
        goes = any(one.path == home.path for one in there.homes)
        farewell = _farewell(home) if goes else ""
        stays = resetting.reset(home, engine, name, lambda line: click.echo(f"  {line}"))
    except ClusterError as error:
        raise CommandError(str(error)) from None
    click.echo(farewell, nl=bool(farewell))
    if stays:
        listed = f" {stays[0]}" if len(stays) == 1 else "".join(f"\n- {one}" for one in stays)
        raise CommandError(f"Not everything could be removed:{listed}")
    click.echo(f"Nothing of {what} is on this machine any more.")


def _ask(there: resetting.Leftovers, name: str) -> None:
    """Go on only when somebody says so. Raises CommandError."""
    if not sys.stdin.isatty():
        what = f"the cluster {name}" if name else "every cluster of mk8s on this machine"
        raise CommandError(
            f"This removes {what}, with its objects, and nobody is there to be asked: say --yes."
        )
    click.echo("On this machine there are:")
    for line in there.told():
        click.echo(f"  {line}")
    if not click.confirm("Remove all of it? Nothing brings it back"):
        raise CommandError("Nothing was removed.")


def _farewell(home: Home) -> str:
    """What the master of a joined machine is not told."""
    try:
        known = joined.load(home) if home.is_joined() else None
    except ClusterError:
        return ""
    if known is None:
        return ""
    return (
        f"  the Node {known.node_name} stays at the master at {known.master} until `kubectl delete "
        f"node {known.node_name}` there"
    )
