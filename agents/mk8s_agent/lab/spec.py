"""What a lab shall be: one JSON file, written by the command line."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import msgspec

from minikube8s.kit import labnames


class LabError(Exception):
    """The lab cannot be made as it is asked for; the message says why, and what to do."""


class LabNode(msgspec.Struct, frozen=True):
    """A node of the lab and its address on the bridge."""

    name: str
    address: str


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """The file's fields. The machine itself has the subnet's first address, on the bridge."""

    cluster: str
    subnet: str
    nodes: tuple[LabNode, ...] = ()

    @property
    def bridge(self) -> str:
        """The bridge's name."""
        return labnames.bridge(self.cluster)

    @property
    def gateway(self) -> str:
        """The machine's own address on the bridge."""
        return str(IPv4Network(self.subnet)[1])

    @property
    def prefix(self) -> int:
        """How many bits of an address are the subnet's."""
        return IPv4Network(self.subnet).prefixlen

    def link(self, node: LabNode) -> str:
        """The bridge's end of a node's link."""
        return labnames.link(self.cluster, self.subnet, node.address)

    def alias(self, node: LabNode | None = None) -> str:
        """What `ip link` shows with the bridge, or with both ends of a node's link."""
        return alias(self.cluster, node.name if node else "")

    def node(self, name: str) -> LabNode:
        """The node of that name. Raises LabError."""
        for node in self.nodes:
            if node.name == name:
                return node
        known = ", ".join(node.name for node in self.nodes) or "none"
        raise LabError(f"there is no lab node {name}; there are: {known}")


def alias(cluster: str, node: str = "") -> str:
    """What marks a link as made by a lab, and for which node."""
    return f"lab/{cluster}/{node}"


def load(path: Path) -> Spec:
    """Read the file. Raises LabError."""
    try:
        spec = msgspec.json.decode(path.read_bytes(), type=Spec)
        network = IPv4Network(spec.subnet)
        addresses = [IPv4Address(node.address) for node in spec.nodes]
    except OSError as error:
        raise LabError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise LabError(f"{path} does not describe a lab: {error}") from error
    for what in (addresses, [node.name for node in spec.nodes]):
        twice = [one for one, count in Counter(what).items() if count > 1]
        if twice:
            raise LabError(f"{path} has {twice[0]} twice")
    for address in addresses:
        if address not in network or address in (network[0], network[1], network[-1]):
            raise LabError(f"{address} cannot be a node's address in {network}")
    return spec
