"""`mk8s simulate`: a cluster of many hollow nodes, to try and to measure scale."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session
from minikube8s.cluster import kubeconfig
from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.simulated import load, plan, running


@verb("simulate")
@click.option("--nodes", type=int, help="How many hollow nodes (100).")
@click.option("--pods", type=int, help="Make Deployments with so many pods in all.")
@click.option("--start-seconds", type=float, help="What a pod takes to start (1).")
@click.option("--api-port", type=int, default=7443, show_default=True, help="Port of the API.")
@click.option("--agent-port", type=int, default=7444, show_default=True, help="Port for agents.")
@click.option("--down", is_flag=True, help="Stop the simulated cluster and remove all of it.")
@click.pass_obj
def command(
    session: Session,
    nodes: int | None,
    pods: int | None,
    start_seconds: float | None,
    api_port: int,
    agent_port: int,
    down: bool,
) -> None:
    """Run the real master with nodes that are hollow: no machine, no container, any number.

    Their pods become Running after a while and end when deleted; nothing runs in them. Neither
    Docker nor root is needed, but for the default directory, /var/lib/mk8s-simulated.
    """
    home = Home.from_environment(
        session.flags.get("home") or os.environ.get("MK8S_HOME") or running.DEFAULT_HOME
    )
    try:
        if down:
            _down(home)
            return
        before = running.load(home)
        wanted = before or plan.Simulation()
        wanted = plan.Simulation(
            nodes=wanted.nodes if nodes is None else nodes,
            start_seconds=wanted.start_seconds if start_seconds is None else start_seconds,
        )
        plan.check(wanted, pods or 0)
        settings = plan.settings(api_port, agent_port)
        began = datetime.now(UTC)
        started = running.up(home, settings, wanted, pods or 0, _say)
        client = partial(load.client, home, settings)
        load.wait_for_nodes(client, plan.node_names(wanted), began if started else None, _say)
        if pods is not None:
            load.make(client, pods, _say)
    except ClusterError as error:
        raise CommandError(str(error)) from None
    click.echo(
        f"{wanted.nodes:,} hollow nodes are up at {kubeconfig.server_url(settings)}.\n"
        f"Try them: export KUBECONFIG={home.kubeconfig}; remove them:"
        f" mk8s --home {home.path} simulate --down"
    )


def _down(home: Home) -> None:
    if not home.is_simulated():
        _say(f"nothing is simulated in {home.path}: nothing to do")
        return
    running.down(home, purge=True, say=_say)


def _say(line: str) -> None:
    click.echo(f"  {line}")
