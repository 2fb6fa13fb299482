"""What a NetworkPolicy means, as values: whom it selects, and what it lets through. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from minikube8s.api.selectors import EVERYTHING, NOTHING, Selector
from mk8s_agent.policy.ranges import Ranges

Labels = Mapping[str, str]


class PeerSelector(NamedTuple):
    """Pods by their labels: of one namespace, or (`namespace` None) of those that are selected."""

    namespace: str | None
    namespaces: Selector
    pods: Selector

    def matches(self, namespace: str, namespace_labels: Labels | None, labels: Labels) -> bool:
        """Whether a pod is meant; `namespace_labels` is None for an unknown namespace."""
        if self.namespace is not None:
            fits = self.namespace == namespace
        elif namespace_labels is None:
            fits = self.namespaces.empty
        else:
            fits = self.namespaces.matches(namespace_labels)
        return fits and self.pods.matches(labels)

    def __str__(self) -> str:
        namespaces = self.namespace or str(self.namespaces) or "all"
        return f"pods {self.pods or 'all'} of namespaces {namespaces}"


ALL_PODS = PeerSelector(None, EVERYTHING, EVERYTHING)


def pods_of(namespace: str, pods: Selector) -> PeerSelector:
    """Pods of one namespace."""
    return PeerSelector(namespace, NOTHING, pods)


class PortName(NamedTuple):
    """A port by the name that a pod's container gives it; `protocol` is tcp, udp or sctp."""

    protocol: str
    name: str


@dataclass(frozen=True, slots=True)
class Ports:
    """`numbers` by protocol, where no ranges mean all ports."""

    numbers: tuple[tuple[str, Ranges], ...]
    names: tuple[PortName, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is let through: to or from one of the peers, to one of the ports.

    `everyone`: whoever it is, and the other two are empty. `blocks` are addresses as numbers, by
    the version of IP. `ports` None means all, of any protocol.
    """

    everyone: bool
    peers: tuple[PeerSelector, ...]
    blocks: tuple[tuple[int, Ranges], ...]
    ports: Ports | None


@dataclass(frozen=True, slots=True)
class Policy:
    """`ingress` and `egress` are None where the policy does not speak of that direction."""

    namespace: str
    name: str
    pods: Selector
    ingress: tuple[Rule, ...] | None
    egress: tuple[Rule, ...] | None
