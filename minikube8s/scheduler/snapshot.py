"""What a decision is made from: a pod's demands and the nodes' state, as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from minikube8s.api.persistence import claims_of
from minikube8s.api.views import Node, Pod
from minikube8s.scheduler.amounts import ASSUMED, Amounts, requested
from minikube8s.scheduler.volumes import NONE, ClaimKey, PodVolumes


class HostPort(NamedTuple):
    """A port of the node that a pod takes for itself."""

    address: str
    protocol: str
    port: int

    def conflicts(self, other: HostPort) -> bool:
        """Tell whether both cannot be on one node: "0.0.0.0" takes the port of all addresses."""
        if (self.protocol, self.port) != (other.protocol, other.port):
            return False
        return self.address == other.address or "0.0.0.0" in (self.address, other.address)


@dataclass(frozen=True, slots=True)
class Demand:
    """What a pod takes from its node, as long as it has not ended."""

    requests: Mapping[str, int]
    assumed: Mapping[str, int]
    """The same with something for containers that request nothing, to compare nodes by."""
    ports: tuple[HostPort, ...]
    claims: frozenset[ClaimKey] = frozenset()
    """The claims that it uses."""
    volumes: PodVolumes = NONE
    """What these ask of a node; known only while a node is looked for."""


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node, and what its pods take."""

    node: Node
    allocatable: Mapping[str, int]
    requests: Mapping[str, int]
    assumed: Mapping[str, int]
    ports: frozenset[HostPort]
    pods: int
    claims: frozenset[ClaimKey] = frozenset()

    @property
    def name(self) -> str:
        """The node's name."""
        return self.node.metadata.name


def demand(pod: Pod, volumes: PodVolumes = NONE) -> Demand:
    """Return what `pod` takes from a node."""
    ports = (
        HostPort(port.host_ip or "0.0.0.0", port.protocol, port.host_port)
        for container in (*pod.spec.init_containers, *pod.spec.containers)
        for port in container.ports
        if port.host_port
    )
    return Demand(
        requested(pod),
        _comparable(requested(pod, ASSUMED)),
        tuple(ports),
        frozenset((pod.metadata.namespace, name) for name in claims_of(pod)),
        volumes,
    )


def _comparable(needs: Amounts) -> Amounts:
    return {name: needs.get(name, 0) for name in ASSUMED}
