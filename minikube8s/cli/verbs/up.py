"""`mk8s up`: create the cluster, or start what of it is not running."""

from __future__ import annotations

import os
from collections.abc import Mapping

import click

from minikube8s.cli.command import verb
from minikube8s.cli.connection.client import Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.output.progress import Progress, watched
from minikube8s.cli.session import Session
from minikube8s.cli.waiting import wait_for_nodes
from minikube8s.cluster import kubeconfig, lab, lifecycle
from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import joined
from minikube8s.cluster.membership.joined import Joined
from minikube8s.cluster.settingrules import POD_NETWORKS

_OF_THE_NODE = ("node_ip", "docker_host", "kubelet_config")
"""What a joined machine has of its own, and may have otherwise."""


class Telling:
    """What the user hears while a cluster starts: steps that are done, and what is waited for."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._progress.show(["  checking the machine"])

    def say(self, line: str) -> None:
        """A step is done; the daemons are what is waited for next."""
        self._progress.say(f"  {line}")
        self._progress.show(["  starting the daemons"])

    def wait_ready(self, home: Home, nodes: list[str], seconds: float) -> None:
        """Return when nodes of the cluster in ``home`` are Ready. Raises ClusterError."""
        wait_for_nodes(Client.of_home(home), nodes, seconds, self._waiting)

    def _waiting(self, missing: Mapping[str, str]) -> None:
        lines = [f"  waiting for node {name}: {harmless(why)}" for name, why in missing.items()]
        self._progress.show(lines)


def node_names(home: Home) -> list[str]:
    """Return the names of all nodes that the cluster in ``home``, which runs, has."""
    nodes = Client.of_home(home).json("GET", "/api/v1/nodes")["items"]
    return [node["metadata"]["name"] for node in nodes]


@verb("up")
@click.option("--name", help="The cluster's name, in containers and rules (MK8S_NAME).")
@click.option(
    "--listen",
    help="Address that the API and the agents' port listen on; 0.0.0.0: all (MK8S_LISTEN).",
)
@click.option("--api-port", type=int, help="Port of the API server (MK8S_API_PORT).")
@click.option("--agent-port", type=int, help="Port that agents dial (MK8S_AGENT_PORT).")
@click.option("--pod-cidr", help="Network of the pods (MK8S_POD_CIDR).")
@click.option(
    "--pod-network",
    type=click.Choice(POD_NETWORKS),
    help="How pods of other nodes are reached: by routes, by VXLAN, or by what the link allows "
    "(MK8S_POD_NETWORK).",
)
@click.option("--vxlan-id", type=int, help="VXLAN network; 0: by the name (MK8S_VXLAN_ID).")
@click.option("--vxlan-port", type=int, help="UDP port of VXLAN (MK8S_VXLAN_PORT).")
@click.option("--service-cidr", help="Network of the Services (MK8S_SERVICE_CIDR).")
@click.option("--node-ports", help="Ports for NodePort Services, FIRST-LAST (MK8S_NODE_PORTS).")
@click.option(
    "--load-balancer-pool",
    help="Addresses for LoadBalancer Services: A-B, a network, or several with commas;"
    " otherwise .200-.250 of a lab's network, or the nodes' own (MK8S_LOAD_BALANCER_POOL).",
)
@click.option("--ingress-image", help="The nginx that serves Ingresses (MK8S_INGRESS_IMAGE).")
@click.option("--node-name", help="Name of this machine's node (MK8S_NODE_NAME).")
@click.option(
    "--server-names",
    help="Names by which other machines call the master, with commas: its certificate has them, "
    "a join command the first (MK8S_SERVER_NAMES).",
)
@click.option("--node-ip", help="Address by which other machines reach this one (MK8S_NODE_IP).")
@click.option(
    "--node-grace",
    type=int,
    help="Seconds until a node that is not heard of is not ready (MK8S_NODE_GRACE).",
)
@click.option("--nodes", help="How many nodes, the first is this machine itself (MK8S_NODES).")
@click.option("--lab-cidr", help="Network that joins several nodes (MK8S_LAB_CIDR).")
@click.option("--docker-host", help="The Docker engine to use (DOCKER_HOST).")
@click.option("--kubelet-config", help="A KubeletConfiguration file (MK8S_KUBELET_CONFIG).")
@click.option(
    "--scheduler-config", help="A KubeSchedulerConfiguration file (MK8S_SCHEDULER_CONFIG)."
)
@click.pass_obj
def command(session: Session, /, **options: str | int | None) -> None:
    """Create the cluster, or start what of it is not running; returns when all nodes are Ready."""
    home = session.home
    try:
        preflight.require_root("up")
        if home.is_joined():
            _start_joined(home, options)
            return
        with watched() as progress:
            telling = Telling(progress)
            news = lifecycle.up(
                home,
                lambda: lab.settings_of_up(home, options, os.environ),
                telling.wait_ready,
                node_names,
                telling.say,
            )
        if not news:
            click.echo("The cluster is up already. See it with `mk8s status`.")
            return
        settings = home.load()
    except ClusterError as error:
        raise CommandError(str(error)) from None
    click.echo(
        f"The cluster is up at {kubeconfig.server_url(settings)}.\n"
        f"Try `mk8s get nodes`, or for kubectl: export KUBECONFIG={home.kubeconfig}"
    )


def _start_joined(home: Home, options: dict[str, str | int | None]) -> None:
    known = joined.load(home)
    for name, value in options.items():
        if known is not None and value not in (None, getattr(known, name, None)):
            raise ClusterError(_not_here(known, name, value))
    if not joined.up(home, lambda line: click.echo(f"  {line}")):
        click.echo("The node is up already. See it with `mk8s status`.")


def _not_here(known: Joined, name: str, value: object) -> str:
    """Why `up` does not take a setting on a machine that has joined, and what does."""
    option = f"--{name.replace('_', '-')}"
    if name == "node_name":
        return (
            f"This machine is node {known.node_name} of another machine's cluster, and a node "
            "keeps its name: `mk8s leave` first, then join with --node-name."
        )
    if name in _OF_THE_NODE:
        return (
            f"This machine has joined a cluster: another {option} is given with `mk8s join "
            f"{known.master} {option} {value}`."
        )
    return f"This machine has joined a cluster: give {option} where its master runs."
