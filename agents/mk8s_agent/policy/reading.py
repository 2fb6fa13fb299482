"""Reads NetworkPolicy objects. Knows Kubernetes' meaning of their fields, and no nftables. Pure."""

from collections.abc import Iterable

from minikube8s.api.errors import ApiError
from minikube8s.api.selectors import EVERYTHING, from_label_selector
from minikube8s.api.views import (
    IPBlock,
    LabelSelector,
    NetworkPolicy,
    NetworkPolicyPeer,
    NetworkPolicyPort,
)
from mk8s_agent.policy import ranges
from mk8s_agent.policy.ranges import Ranges
from mk8s_agent.policy.values import PeerSelector, Policy, PortName, Ports, Rule, pods_of

_LAST_PORT = 65535


def read(policy: NetworkPolicy) -> Policy:
    """The policy's meaning. Raises ValueError, in words for its author."""
    meta, spec = policy.metadata, policy.spec
    types = spec.policy_types or ("Ingress", *(("Egress",) if spec.egress else ()))
    try:
        ingress = [_rule(meta.namespace, one.from_, one.ports) for one in spec.ingress]
        egress = [_rule(meta.namespace, one.to, one.ports) for one in spec.egress]
        return Policy(
            namespace=meta.namespace,
            name=meta.name,
            pods=from_label_selector(spec.pod_selector),
            ingress=tuple(ingress) if "Ingress" in types else None,
            egress=tuple(egress) if "Egress" in types else None,
        )
    except ApiError as error:
        raise ValueError(error.message) from error


def closed(policy: NetworkPolicy) -> Policy:
    """What becomes of a policy that cannot be had: it selects as it says and lets nothing through.

    Where not even its selector can be read it selects all pods of its namespace.
    """
    meta, types = policy.metadata, policy.spec.policy_types
    try:
        pods = from_label_selector(policy.spec.pod_selector)
    except ApiError:
        pods = EVERYTHING
    ingress = () if not types or "Ingress" in types else None
    egress = () if policy.spec.egress or "Egress" in types else None
    return Policy(meta.namespace, meta.name, pods, ingress, egress)


def _rule(
    namespace: str, peers: Iterable[NetworkPolicyPeer], ports: tuple[NetworkPolicyPort, ...]
) -> Rule:
    everyone = True
    selectors: dict[PeerSelector, None] = {}
    blocks: dict[int, list[tuple[int, int]]] = {}
    for peer in peers:
        everyone = False
        if peer.ip_block is not None:
            version = 6 if ":" in peer.ip_block.cidr else 4
            blocks.setdefault(version, []).extend(_block(peer.ip_block))
        else:
            selectors[_selector(namespace, peer)] = None
    return Rule(
        everyone=everyone,
        peers=tuple(selectors),
        blocks=tuple((version, ranges.merged(each)) for version, each in sorted(blocks.items())),
        ports=_ports(ports) if ports else None,
    )


def _selector(namespace: str, peer: NetworkPolicyPeer) -> PeerSelector:
    """A peer without a selector for pods means all of them, one without namespaces its own."""
    pods = from_label_selector(peer.pod_selector or LabelSelector())
    if peer.namespace_selector is None:
        return pods_of(namespace, pods)
    return PeerSelector(None, from_label_selector(peer.namespace_selector), pods)


def _block(block: IPBlock) -> Ranges:
    return ranges.without(
        ranges.of_cidr(block.cidr), [ranges.of_cidr(one) for one in block.except_]
    )


def _ports(ports: Iterable[NetworkPolicyPort]) -> Ports:
    numbers: dict[str, list[tuple[int, int]]] = {}
    names: dict[PortName, None] = {}
    for one in ports:
        protocol = one.protocol.lower()
        if isinstance(one.port, str):
            names[PortName(protocol, one.port)] = None
        elif one.port is None:
            numbers.setdefault(protocol, []).append((0, _LAST_PORT))
        else:
            last = one.port if one.end_port is None else one.end_port
            numbers.setdefault(protocol, []).append((one.port, last))
    found = {protocol: ranges.merged(each) for protocol, each in numbers.items()}
    return Ports(
        numbers=tuple(
            (protocol, () if each == ((0, _LAST_PORT),) else each)
            for protocol, each in sorted(found.items())
        ),
        names=tuple(sorted(names)),
    )
