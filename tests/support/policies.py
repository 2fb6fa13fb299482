"""NetworkPolicies twice: as the API means them, and as the rules that were made of them say.

`Judge` evaluates policies directly and slowly. `Walker` holds the parts of a table as its keeper
would, and walks a connection's first packet through their text.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Any

from mk8s_agent.assignments import Key
from mk8s_agent.policy.model import PolicyModel
from mk8s_agent.policy.reading import read
from mk8s_agent.proxy.fixed import FAMILIES
from mk8s_agent.proxy.parts import Fragment

from minikube8s.api import views
from minikube8s.api.views import LabelSelector, NetworkPolicy, PeerPod, from_dict

Object = dict[str, Any]


@dataclass(frozen=True)
class Packet:
    """The first one of a connection; `protocol` as in the API."""

    source: str
    destination: str
    protocol: str = "TCP"
    port: int = 80


def policy(name: str = "p", namespace: str = "default", **spec: Any) -> NetworkPolicy:
    """A policy for all pods of its namespace, unless `spec` says otherwise."""
    whole = {"podSelector": {}, **spec}
    metadata = {"name": name, "namespace": namespace}
    return from_dict(NetworkPolicy, {"metadata": metadata, "spec": whole})


def peer(
    name: str,
    *ips: str,
    namespace: str = "default",
    ports: dict[str, int] | None = None,
    **labels: str,
) -> PeerPod:
    """A pod; `ports` are TCP and have names, those that begin with `udp` are UDP."""
    named = tuple(
        views.PeerPort(name=each, port=number, protocol="UDP" if each[:3] == "udp" else "TCP")
        for each, number in (ports or {}).items()
    )
    return PeerPod(
        namespace=namespace, name=name, uid=f"u-{name}", ips=ips, labels=labels, ports=named
    )


@dataclass
class Judge:
    """What Kubernetes' documentation says, word by word."""

    policies: list[NetworkPolicy] = field(default_factory=list)
    pods: list[PeerPod] = field(default_factory=list)
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)
    here: frozenset[str] = frozenset()
    """The addresses of this node's pods: only on these it enforces anything."""

    def lets(self, packet: Packet) -> bool:
        if packet.source == packet.destination:
            return True
        source, target = self._pod(packet.source), self._pod(packet.destination)
        leaves = packet.source not in self.here or self._direction("egress", source, packet, target)
        enters = packet.destination not in self.here or self._direction(
            "ingress", target, packet, source
        )
        return leaves and enters

    def _direction(
        self, direction: str, pod: PeerPod | None, packet: Packet, other: PeerPod | None
    ) -> bool:
        if pod is None:
            return True
        selecting = [
            one
            for one in self.policies
            if one.metadata.namespace == pod.namespace
            and _selected(one.spec.pod_selector, pod.labels)
            and _speaks(one, direction)
        ]
        return not selecting or any(
            self._rule(one, direction, rule, packet, other)
            for one in selecting
            for rule in getattr(one.spec, direction)
        )

    def _rule(
        self, policy: NetworkPolicy, direction: str, rule: Any, packet: Packet, other: Any
    ) -> bool:
        address = packet.source if direction == "ingress" else packet.destination
        peers = rule.from_ if direction == "ingress" else rule.to
        target = self._pod(packet.destination)
        return (not peers or any(self._peer(policy, one, address, other) for one in peers)) and (
            not rule.ports or any(_port(one, packet, target) for one in rule.ports)
        )

    def _peer(self, policy: NetworkPolicy, one: Any, address: str, pod: PeerPod | None) -> bool:
        if one.ip_block is not None:
            outside = any(_inside(address, each) for each in one.ip_block.except_)
            return _inside(address, one.ip_block.cidr) and not outside
        if pod is None:
            return False
        if one.namespace_selector is None:
            fits = pod.namespace == policy.metadata.namespace
        else:
            labels = self.namespaces.get(pod.namespace)
            fits = one.namespace_selector == LabelSelector() or (
                labels is not None and _selected(one.namespace_selector, labels)
            )
        return fits and _selected(one.pod_selector, pod.labels)

    def _pod(self, address: str) -> PeerPod | None:
        return next((pod for pod in self.pods if address in pod.ips), None)


def _speaks(policy: NetworkPolicy, direction: str) -> bool:
    types = policy.spec.policy_types
    if types:
        return direction.capitalize() in types
    return direction == "ingress" or bool(policy.spec.egress)


def _selected(selector: Any, labels: dict[str, str]) -> bool:
    if selector is None:
        return True
    if any(labels.get(key) != value for key, value in selector.match_labels.items()):
        return False
    for one in selector.match_expressions:
        value = labels.get(one.key)
        fits = {
            "In": value is not None and value in one.values,
            "NotIn": value is None or value not in one.values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not fits[one.operator]:
            return False
    return True


def _port(one: Any, packet: Packet, target: PeerPod | None) -> bool:
    if one.protocol != packet.protocol:
        return False
    if one.port is None:
        return True
    if isinstance(one.port, int):
        return one.port <= packet.port <= (one.end_port or one.port)
    named = [
        each.port
        for each in (target.ports if target else ())
        if each.name == one.port and each.protocol == one.protocol
    ]
    return packet.port in named[:1]


def _inside(address: str, block: str) -> bool:
    parsed, network = ipaddress.ip_address(address), ipaddress.ip_network(block, strict=False)
    return parsed.version == network.version and parsed in network


class Walker:
    """A model, and a table that follows what the model says has changed, and nothing else."""

    def __init__(self) -> None:
        self._dirty: set[tuple[str, Key]] = set()
        self._fragments: dict[tuple[str, Key], list[Fragment]] = {}
        self.model = PolicyModel(FAMILIES, lambda *owner: self._dirty.add(owner))

    def add(self, *policies: NetworkPolicy) -> None:
        for one in policies:
            self.model.set_policy((one.metadata.namespace, one.metadata.name), read(one))

    def sync(self) -> set[tuple[str, Key]]:
        """Take over what changed; returns whose parts were asked for."""
        asked, self._dirty = self._dirty, set()
        for kind, key in asked:
            made = [part.fragment(0) for part in self.model.parts(kind, key).values()]
            self._fragments[kind, key] = made
        return asked

    def at_rest(self) -> Rules:
        """The rules as they are now."""
        rules = Rules()
        for each in (one for made in self._fragments.values() for one in made):
            rules.chains |= each.chains
            rules.sets |= each.sets
            for place, value in each.elements.items():
                rules.elements.setdefault(place.container, {})[place.key] = value
        return rules


@dataclass
class Rules:
    """Chains, sets and elements by name."""

    chains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)
    elements: dict[str, dict[str, str]] = field(default_factory=dict)

    def lets(self, packet: Packet) -> bool:
        end = "6" if ":" in packet.source else ""
        for policies, address in (
            (f"policy-egress{end}", packet.source),
            (f"policy-ingress{end}", packet.destination),
        ):
            verdict = self.elements.get(policies, {}).get(address)
            if packet.source == packet.destination or verdict is None:
                continue
            word, chain = verdict.split()
            assert word == "goto"
            if self._chain(chain, packet) != "accept":
                return False
        return True

    def _chain(self, name: str, packet: Packet) -> str:
        for rule in self.chains[name]:
            verdict = self._verdict(rule.split(), packet)
            if verdict:
                return verdict
        return ""

    def _verdict(self, words: list[str], packet: Packet) -> str:
        while words:
            match words:
                case ["accept" | "drop" as verdict]:
                    return verdict
                case ["jump", chain]:
                    return self._chain(chain, packet)
                case [("ip" | "ip6") as ip, "daddr", ".", "meta", "l4proto", ".", *rest]:
                    assert rest[:2] == ["th", "dport"]
                    key = f"{packet.destination} . {packet.protocol.lower()} . {packet.port}"
                    fits, words = self._is_in(key, rest[2:])
                    fits = fits and (":" in packet.source) == (ip == "ip6")
                case [("ip" | "ip6") as ip, ("saddr" | "daddr") as side, *rest]:
                    address = packet.source if side == "saddr" else packet.destination
                    fits, words = self._is_in(address, rest)
                    fits = fits and (":" in packet.source) == (ip == "ip6")
                case ["meta", "l4proto", protocol, *words]:
                    fits = protocol == packet.protocol.lower()
                case [("tcp" | "udp" | "sctp") as protocol, "dport", *rest]:
                    fits, words = self._is_in(str(packet.port), rest)
                    fits = fits and protocol == packet.protocol.lower()
                case _:
                    raise AssertionError(f"unknown words: {words}")
            if not fits:
                return ""
        return ""

    def _is_in(self, value: str, words: list[str]) -> tuple[bool, list[str]]:
        if words[0].startswith("@"):
            assert words[0][1:] in self.sets, f"{words[0]} does not exist"
            return value in self.elements.get(words[0][1:], {}), words[1:]
        if words[0] != "{":
            return _among(value, words[0]), words[1:]
        end = words.index("}")
        listed = [word.strip(",") for word in words[1:end]]
        return any(_among(value, one) for one in listed), words[end + 1 :]


def _among(value: str, told: str) -> bool:
    if re.fullmatch(r"\d+(-\d+)?", told):
        first, _, last = told.partition("-")
        return int(first) <= int(value) <= int(last or first)
    address = ipaddress.ip_address(value)
    if "/" in told:
        return _inside(value, told)
    first, _, last = told.partition("-")
    bounds = ipaddress.ip_address(first), ipaddress.ip_address(last or first)
    return bounds[0].version == address.version and int(bounds[0]) <= int(address) <= int(bounds[1])
