"""`mk8s status`: what runs, since when, and where the logs are."""

from __future__ import annotations

import time
from datetime import timedelta

import click

from minikube8s.api.times import human_duration
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session
from minikube8s.cli.tables import render
from minikube8s.cluster import joined, kubeconfig, labnet, lifecycle
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.simulated import running as simulated


@verb("status")
@click.pass_obj
def command(session: Session) -> None:
    """What runs of the cluster, since when, where the logs are; exit code 3 unless all runs."""
    home = session.home
    try:
        if home.is_joined():
            about, cut, components = _joined(joined.load(home)), [], [joined.status(home)]
        else:
            settings = home.load()
            about = f"Cluster {settings.name} in {home.path}, API {kubeconfig.server_url(settings)}"
            running = simulated if home.is_simulated() else lifecycle
            cut, components = labnet.cut_nodes(settings), running.status(home)
    except ClusterError as error:
        raise CommandError(str(error)) from None
    now = time.time()
    rows = [
        [
            component.name,
            "running" if component.pid else "stopped",
            str(component.pid or "-"),
            human_duration(timedelta(seconds=now - component.since)) if component.pid else "-",
            component.log,
        ]
        for component in components
    ]
    click.echo(f"{about}\n")
    click.echo(render(["COMPONENT", "STATE", "PID", "SINCE", "LOG"], rows))
    for node in cut:
        click.echo(f"\n{node} is cut off from the lab: join it again with `mk8s lab heal {node}`.")
    if not all(component.pid for component in components):
        again = "simulate" if home.is_simulated() else "up"
        click.echo(f"\nNot everything runs: start it with `mk8s {again}`.")
        raise click.exceptions.Exit(3)


def _joined(node: joined.Joined | None) -> str:
    return (
        f"Node {node.node_name} of cluster {node.name}, API https://{node.master}" if node else ""
    )
