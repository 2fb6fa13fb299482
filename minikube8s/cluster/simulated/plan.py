"""What a simulated cluster is: its size, networks and nodes, what it needs of the machine. Pure.

Sizes in bytes.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from minikube8s.cluster.config import Settings
from minikube8s.cluster.errors import ClusterError

MOST_NODES = 5000
"""Kubernetes' own bound."""
PODS_A_NODE = 110
REPLICAS = 100
"""The Deployments that `--pods` makes have so many, the last one the rest."""
NAMESPACE = "simulated"
LABEL = "mk8s.io/simulated"
ZONES = ("zone-a", "zone-b", "zone-c")
_NODE_ADDRESSES = ipaddress.IPv4Network("100.64.0.0/10")
"""The nodes' addresses lead nowhere: the network that providers share out (RFC 6598)."""

_FILES = 512
_MASTER, _MASTER_NODE, _MASTER_POD = 100 << 20, 200 << 10, 24 << 10
_HOLLOW, _HOLLOW_NODE, _HOLLOW_POD = 100 << 20, 400 << 10, 24 << 10
"""What either process takes, and what each node and each pod adds."""


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """How many nodes there are, and how many seconds a pod takes to start."""

    nodes: int = 100
    start_seconds: float = 1.0


def settings(api_port: int, agent_port: int) -> Settings:
    """A simulated cluster's: a network for the pods of 16,384 nodes, and ports of its own."""
    return Settings(
        name="simulated",
        api_port=api_port,
        agent_port=agent_port,
        pod_cidr="10.128.0.0/10",
        node_name="hollow",
    )


def check(simulation: Simulation, pods: int) -> None:
    """Raise ClusterError for what cannot be simulated."""
    if not 1 <= simulation.nodes <= MOST_NODES:
        raise ClusterError(f"--nodes: {simulation.nodes} is not a number from 1 to {MOST_NODES:,}.")
    if not 0 <= simulation.start_seconds <= 3600:
        raise ClusterError(
            f"--start-seconds: {simulation.start_seconds:g} is not a time from 0 to 3600 seconds."
        )
    room = simulation.nodes * PODS_A_NODE
    if not 0 <= pods <= room:
        raise ClusterError(
            f"--pods: {pods:,} is not a number from 0 to {room:,}, which is what "
            f"{simulation.nodes:,} nodes take ({PODS_A_NODE} each): give more --nodes."
        )


def check_room(simulation: Simulation, pods: int, files: int, memory: int) -> None:
    """Raise ClusterError when a process may not open enough files, or memory is short.

    `files` is the most that a process may have open, `memory` what the machine has to spare.
    """
    wanted = simulation.nodes + _FILES
    if wanted > files:
        raise ClusterError(
            f"{simulation.nodes:,} nodes are as many connections, and a process may have {files:,} "
            f"open here: raise that (`ulimit -Hn {wanted}` as root), or give fewer --nodes."
        )
    needed = _MASTER + _HOLLOW
    needed += simulation.nodes * (_MASTER_NODE + _HOLLOW_NODE) + pods * (_MASTER_POD + _HOLLOW_POD)
    if needed > memory:
        raise ClusterError(
            f"{simulation.nodes:,} nodes with {pods:,} pods take about {needed >> 20:,} MiB of "
            f"memory, and {memory >> 20:,} MiB are available: give fewer --nodes or --pods."
        )


def node_names(simulation: Simulation) -> list[str]:
    """The nodes' names, in order."""
    return [f"hollow-{number:04}" for number in range(1, simulation.nodes + 1)]


def hollow_nodes(names: Sequence[str], certificates: Iterable[str]) -> list[dict[str, str]]:
    """The nodes as the hollow process is told of them (mk8s_agent.hollow.config)."""
    return [
        {
            "name": name,
            "address": str(_NODE_ADDRESSES[number + 1]),
            "zone": ZONES[number % len(ZONES)],
            "certificate": certificate,
        }
        for number, (name, certificate) in enumerate(zip(names, certificates, strict=True))
    ]


def deployments(pods: int) -> dict[str, int]:
    """How many replicas the Deployments have that sum up to `pods`, by name."""
    full, rest = divmod(pods, REPLICAS)
    sizes = [REPLICAS] * full + [rest] * bool(rest)
    return {f"load-{number:03}": size for number, size in enumerate(sizes, 1)}


def deployment(name: str, replicas: int) -> dict[str, Any]:
    """A Deployment of so many pods that want little."""
    labels = {"app": name}
    container = {
        "name": "web",
        "image": "nginx:latest",
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {LABEL: "load"}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
