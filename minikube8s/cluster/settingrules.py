"""Owns what the settings of a cluster may be. Pure but for this machine's host name."""

from __future__ import annotations

import ipaddress
import re
import socket

from minikube8s.cluster import ranges
from minikube8s.cluster.config import Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.kit.addresspool import AddressPool, BadPool

POD_NETWORKS = ("auto", "host-gw", "vxlan")


_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?")
NODE_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


def default_node_name() -> str:
    """This machine's host name in the form of a node name."""
    name = re.sub(r"[^a-z0-9.-]+", "-", socket.gethostname().lower()).strip("-.")
    return name or "node"


def require_node_name(name: str) -> None:
    """Raise unless a node can have that name."""
    if not NODE_NAME.fullmatch(name):
        raise ClusterError(
            f"The node name {name!r} must consist of lower-case letters, digits, '-' and '.': "
            "choose one with --node-name."
        )


def require_node_ip(address: str) -> None:
    """Raise unless that can be a node's address; "" leaves the choice to mk8s."""
    try:
        found = ipaddress.IPv4Address(address or "192.0.2.1")
    except ValueError:
        found = ipaddress.IPv4Address(0)
    if found.is_unspecified or found.is_loopback or found.is_multicast:
        raise ClusterError(
            f"{address!r} is not an IPv4 address by which other machines could reach this one: "
            "give one of its own with --node-ip."
        )


def check(settings: Settings) -> None:
    """Raise ClusterError for settings that no cluster can have."""
    if not _NAME.fullmatch(settings.name):
        raise ClusterError(
            f"The cluster name {settings.name!r} must be 1 to 15 lower-case letters, digits or '-'"
            ": choose one with --name."
        )
    require_node_name(settings.node_name)
    require_node_ip(settings.node_ip)
    for name in settings.names:
        if not NODE_NAME.fullmatch(name):
            raise ClusterError(
                f"--server-names: {name!r} is neither a DNS name nor an IPv4 address; give several "
                "with commas between."
            )
    for port in (settings.api_port, settings.agent_port, settings.vxlan_port):
        if not 0 < port < 65536:
            raise ClusterError(f"{port} is not a port number (1 to 65535).")
    if settings.api_port == settings.agent_port:
        raise ClusterError(
            "The API port and the agent port must differ: see --api-port and --agent-port."
        )
    pods, services = ranges.check(settings.pod_cidr, settings.service_cidr)
    if settings.pod_network not in POD_NETWORKS:
        raise ClusterError(
            f"The pod network {settings.pod_network!r} must be one of {', '.join(POD_NETWORKS)}."
        )
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", settings.node_ports)
    if not match or not 0 < int(match[1]) <= int(match[2]) < 65536:
        raise ClusterError(
            f"The node port range {settings.node_ports!r} must read FIRST-LAST, like 30000-32767."
        )
    _require_pool(settings.load_balancer_pool, pods, services)
    try:
        ipaddress.IPv4Address(settings.listen)
    except ValueError:
        raise ClusterError(
            f"{settings.listen!r} is not an IPv4 address to listen on (0.0.0.0 means all of them)."
        ) from None
    lab_network(settings)
    for node in settings.lab_nodes:
        require_node_name(node.name)
        require_node_ip(node.address)


def lab_network(settings: Settings) -> ipaddress.IPv4Network:
    """The network that joins several nodes. Raises ClusterError where it is none."""
    try:
        return ipaddress.IPv4Network(settings.lab_cidr)
    except ValueError as error:
        raise ClusterError(
            f"The lab's network {settings.lab_cidr!r} is not an IPv4 network: {error}. Choose "
            "another with --lab-cidr."
        ) from None


def _require_pool(text: str, pods: ipaddress.IPv4Network, services: ipaddress.IPv4Network) -> None:
    try:
        pool = AddressPool.parse(text)
    except BadPool as error:
        raise ClusterError(
            f"--load-balancer-pool: {error}. Give it like 192.168.1.200-192.168.1.250 or "
            "192.168.1.128/28, several of them with commas."
        ) from None
    for what, network in (("pod", pods), ("service", services)):
        if pool.overlaps(network):
            raise ClusterError(
                f"The load balancer pool {pool} and the {what} network {network} overlap: choose "
                "addresses of the nodes' own network with --load-balancer-pool."
            )
