"""NetworkPolicies, and what nodes are told of pods that policies may speak of."""

from __future__ import annotations

from msgspec import field

from minikube8s.api.views.base import View
from minikube8s.api.views.meta import LabelSelector, ObjectMeta


class NetworkPolicyPort(View, frozen=True):
    """`port` is a number, a container port's name, or None for all; TCP is the default."""

    protocol: str = "TCP"
    port: int | str | None = None
    end_port: int | None = None


class IPBlock(View, frozen=True):
    """Addresses of `cidr` that are in none of `except_`."""

    cidr: str = ""
    except_: tuple[str, ...] = field(default=(), name="except")


class NetworkPolicyPeer(View, frozen=True):
    """Pods by their labels and their namespaces' labels, or addresses."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IPBlock | None = None


class NetworkPolicyIngressRule(View, frozen=True):
    """What is let in: from one of the peers to one of the ports; none means all."""

    from_: tuple[NetworkPolicyPeer, ...] = field(default=(), name="from")
    ports: tuple[NetworkPolicyPort, ...] = ()


class NetworkPolicyEgressRule(View, frozen=True):
    """What is let out: to one of the peers and ports; none means all."""

    to: tuple[NetworkPolicyPeer, ...] = ()
    ports: tuple[NetworkPolicyPort, ...] = ()


class NetworkPolicySpec(View, frozen=True):
    """networkingv1.NetworkPolicySpec."""

    pod_selector: LabelSelector = LabelSelector()
    policy_types: tuple[str, ...] = ()
    ingress: tuple[NetworkPolicyIngressRule, ...] = ()
    egress: tuple[NetworkPolicyEgressRule, ...] = ()


class NetworkPolicy(View, frozen=True):
    """networkingv1.NetworkPolicy."""

    api_version: str = "networking.k8s.io/v1"
    kind: str = "NetworkPolicy"
    metadata: ObjectMeta = ObjectMeta()
    spec: NetworkPolicySpec = NetworkPolicySpec()


class PeerPort(View, frozen=True):
    """A port that a pod's container gives a name."""

    name: str = ""
    protocol: str = "TCP"
    port: int = 0


class PeerPod(View, frozen=True, omit_defaults=True):
    """A pod with addresses of its own, as far as policies look at pods; no kind of the API."""

    namespace: str = ""
    name: str = ""
    uid: str = ""
    node: str = ""
    ips: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    ports: tuple[PeerPort, ...] = ()
