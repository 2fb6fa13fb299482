"""Owns which nodes a lab has, their names and addresses, and the file that describes it. Pure.

The first node is the machine itself; the others are network namespaces of it, joined by a bridge.
Making them is the work of the agent's program `mk8s_agent.lab`, which reads the file.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

import msgspec

from minikube8s.cluster.config import Home, LabNode, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.resolving import ENVIRONMENT, resolve
from minikube8s.cluster.settingrules import NODE_NAME, lab_network
from minikube8s.kit.addresspool import AddressPool

VARIABLE = "MK8S_NODES"
FIRST_NAME = "node1"
_NAME_LENGTH = 63
_NODE_BITS = 24
"""The prefix length of a node's share of the pod network."""


def settings_of_up(
    home: Home, options: Mapping[str, str | int | None], environment: Mapping[str, str]
) -> Settings:
    """The settings in force, as `resolving.resolve` has them, with as many nodes as are asked for.

    Raises ClusterError.
    """
    given = options.get("nodes") or environment.get(VARIABLE) or None
    total = _count(given) if given is not None else None
    new = not home.exists()
    if (
        new
        and total
        and total > 1
        and not (options.get("node_name") or environment.get(ENVIRONMENT["node_name"]))
    ):
        options = {**options, "node_name": FIRST_NAME}
    settings = resolve(home, options, environment)
    if total is not None:
        settings = _grown(settings, total)
    if settings.lab:
        check(settings)
    return settings


def with_node(settings: Settings, name: str = "") -> Settings:
    """The settings with one more node. Raises ClusterError where there is no room for it."""
    check(settings)
    taken = {settings.node_name, *(node.name for node in settings.lab_nodes)}
    name = name or _next_name(taken)
    if name in taken:
        raise ClusterError(f"There is a node {name} already: choose another name.")
    if not NODE_NAME.fullmatch(name) or len(name) > _NAME_LENGTH:
        raise ClusterError(
            f"The node name {name!r} must consist of at most {_NAME_LENGTH} lower-case letters, "
            "digits, '-' and '.'."
        )
    used = {node.address for node in settings.lab_nodes}
    given_away = AddressPool.parse(settings.load_balancer_pool)
    possible = (one for one in _node_addresses(settings.lab_cidr) if one not in used)
    address = next((one for one in possible if one not in given_away), None)
    if address is None:
        raise ClusterError(
            f"The lab's network {settings.lab_cidr} has no address left for node {name}: its nodes "
            f"take {len(_node_addresses(settings.lab_cidr))}, the others are for load balancers. "
            "Remove a node with `mk8s node remove`, or make a new cluster with a larger --lab-cidr."
        )
    blocks = _blocks(settings.pod_cidr)
    if len(taken) >= blocks:
        raise ClusterError(
            f"The pod network {settings.pod_cidr} is enough for {blocks} nodes, a /{_NODE_BITS} "
            "each. Make a new cluster with a larger --pod-cidr."
        )
    nodes = (*settings.lab_nodes, LabNode(name, address))
    return msgspec.structs.replace(settings, lab=True, lab_nodes=nodes)


def without_node(settings: Settings, name: str) -> Settings:
    """The settings without that node. Raises ClusterError where it cannot be removed."""
    lab_node(settings, name, "removed: `mk8s down --purge` removes the cluster")
    rest = tuple(node for node in settings.lab_nodes if node.name != name)
    return msgspec.structs.replace(settings, lab_nodes=rest)


def lab_node(settings: Settings, name: str, what: str) -> LabNode:
    """The lab's node of that name. Raises ClusterError: the first one cannot be `what`."""
    if name == settings.node_name:
        raise ClusterError(f"{name} is this machine itself and cannot be {what}.")
    for node in settings.lab_nodes:
        if node.name == name:
            return node
    others = ", ".join(node.name for node in settings.lab_nodes)
    raise ClusterError(
        f"There is no node {name} in this lab; "
        + (f"it has {others}." if others else "add one with `mk8s node add`.")
    )


def spec(settings: Settings) -> bytes:
    """The file that `mk8s_agent.lab` reads (its fields: mk8s_agent.lab.spec)."""
    content = {
        "cluster": settings.name,
        "subnet": settings.lab_cidr,
        "nodes": [msgspec.to_builtins(node) for node in settings.lab_nodes],
    }
    return msgspec.json.format(msgspec.json.encode(content)) + b"\n"


def pool(subnet: str) -> str:
    """The addresses of a lab's network that are load balancers', `FIRST-LAST`."""
    network = ipaddress.IPv4Network(subnet)
    first, last = _pool_numbers(network)
    return f"{network[first]}-{network[last]}"


def check(settings: Settings) -> None:
    """Raise ClusterError unless a lab can be made with these settings."""
    network = lab_network(settings)
    if not 16 <= network.prefixlen <= 28:
        raise ClusterError(f"The lab's network {network} must be a /16 to /28: see --lab-cidr.")
    for what, others in (("pod", settings.pod_cidr), ("service", settings.service_cidr)):
        for other in (ipaddress.ip_network(each.strip()) for each in others.split(",")):
            if other.version == network.version and network.overlaps(other):
                raise ClusterError(
                    f"The lab's network {network} and the {what} network {other} overlap: choose "
                    f"others with --lab-cidr and --{what}-cidr."
                )
    if settings.node_ip:
        raise ClusterError(
            f"The nodes of a lab have addresses of its network {network}: --node-ip "
            f"{settings.node_ip} is for a cluster without one."
        )
    if not settings.docker_host.startswith("unix:"):
        raise ClusterError(
            f"Several nodes on one machine need its own Docker engine, and {settings.docker_host} "
            "cannot be reached from their networks: name a socket with DOCKER_HOST, like "
            "unix:///var/run/docker.sock."
        )


def _grown(settings: Settings, total: int) -> Settings:
    present = 1 + len(settings.lab_nodes)
    if total < present:
        raise ClusterError(
            f"The cluster has {present} nodes, and --nodes {total} would take some of them away: "
            "remove them one by one with `mk8s node remove NAME`."
        )
    for _ in range(present, total):
        settings = with_node(settings)
    return settings


def _count(given: str | int) -> int:
    text = str(given)
    if not re.fullmatch(r"[1-9]\d{0,4}", text):
        raise ClusterError(f"{text!r} is not a number of nodes: --nodes takes 1 or more.")
    return int(text)


def _next_name(taken: set[str]) -> str:
    number = 2
    while f"node{number}" in taken:
        number += 1
    return f"node{number}"


def _node_addresses(subnet: str) -> list[str]:
    """What nodes may have: all between the bridge's address and the load balancers'."""
    network = ipaddress.IPv4Network(subnet)
    return [str(network[number]) for number in range(2, _pool_numbers(network)[0])]


def _pool_numbers(network: ipaddress.IPv4Network) -> tuple[int, int]:
    """The first and the last number: .200 to .250 of a /24, that share of others."""
    size = network.num_addresses
    return size * 200 // 256, min(size * 250 // 256, size - 2)


def _blocks(pod_cidr: str) -> int:
    network = ipaddress.IPv4Network(pod_cidr.partition(",")[0])
    return 1 << max(_NODE_BITS - network.prefixlen, 0)
