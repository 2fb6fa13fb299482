"""What a lab's bridge, links and network namespaces are called, on both sides of the command line.

Nothing here begins with `mk8s`, which is how rules of the firewall know pods' links.
"""

from __future__ import annotations

from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

NAMESPACES = Path("/run/netns")
"""Where `ip netns` looks for names."""
NODE_LINK = "eth0"
"""A node's own end of its link."""

_ROOM = 7


def bridge(cluster: str) -> str:
    """The lab's bridge, at most 11 characters: `lab-mk8s`."""
    if len(cluster) > _ROOM:
        cluster = f"{cluster[:2]}-{sha256(cluster.encode()).hexdigest()[:4]}"
    return f"lab-{cluster}"


def link(cluster: str, subnet: str, address: str) -> str:
    """The bridge's end of a node's link: `lab-mk8s.2` for 192.168.123.2 of 192.168.123.0/24."""
    number = int(IPv4Address(address)) - int(IPv4Network(subnet).network_address)
    return f"{bridge(cluster)}.{number}"


def namespace(cluster: str, node: str) -> Path:
    """The file that names a node's network namespace."""
    return NAMESPACES / f"{cluster}-{node}"
