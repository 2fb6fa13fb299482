"""What policies look like in nftables. Pure text.

A policy has a chain for each direction (`pol_default_web_in.7`) that accepts what it lets through.
Pods that the same policies select share a chain (`pods_…`) that jumps to each of theirs and drops
what comes back. Peers are sets, shared by all rules that mean the same pods: a pod that comes or
goes changes elements and no chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, NamedTuple

from mk8s_agent.policy.ranges import Ranges, addresses_text, ports_text
from mk8s_agent.policy.values import ALL_PODS, PeerSelector, Policy, PortName, Ports, Rule, pods_of
from mk8s_agent.proxy.fixed import IPV4, Family, family
from mk8s_agent.proxy.nftables import quoted
from mk8s_agent.proxy.parts import Element, Fragment

Direction = Literal["in", "out"]
DIRECTIONS: tuple[Direction, ...] = ("in", "out")

_Side = PeerSelector | tuple[int, Ranges] | None
"""One of a rule's peers: pods, a block of addresses, or None for everyone."""

_IDENTIFIER_LIMIT = 90
_HASH_LENGTH = 10
_COMMENT_LIMIT = 120


class PeerSet(NamedTuple):
    """The addresses of pods or, with a port's name, these with what each calls by that name."""

    peers: PeerSelector
    port: PortName | None = None

    def name(self, of: Family) -> str:
        """The set's name, the same on every node and in every table."""
        told = sha256(repr(tuple(self)).encode()).hexdigest()[:_HASH_LENGTH]
        scope = self.peers.namespace or "any"
        kind = "peers" if self.port is None else f"ports_{self.port.name}"
        return f"{kind}_{scope}_{told}{of.suffix and '_' + of.suffix}"

    @property
    def key(self) -> str:
        """What tells the set from all others."""
        return self.name(IPV4)

    def definition(self, of: Family) -> str:
        """What stands between the braces of the set's definition."""
        port = "" if self.port is None else " . inet_proto . inet_service"
        comment = quoted(str(self.peers)[:_COMMENT_LIMIT])
        return f"type {of.address_type}{port}; comment {comment}"


@dataclass(frozen=True, slots=True)
class StaticPart:
    """A part of the table whose chains are named by whoever makes it.

    `spare` is what takes its place where the kernel refuses it; without one it is not doubted.
    """

    made: Fragment
    spare: Fragment | None = None

    def fragment(self, generation: int) -> Fragment:
        """The same in every generation: another content has other names."""
        return self.made

    @property
    def fallback(self) -> StaticPart:
        """Other parts lead to this one: something has to be there."""
        return self if self.spare is None else StaticPart(self.spare)


def identifier(kind: str, namespace: str, names: Iterable[str], end: str) -> str:
    """A chain's name: readable, unique, and shortened by a hash where too long.

    Kubernetes' names hold no underscore, so joining with it confuses nothing.
    """
    plain = "_".join((kind, namespace, *names))
    if len(plain) > _IDENTIFIER_LIMIT:
        told = sha256(plain.encode()).hexdigest()[:_HASH_LENGTH]
        plain = f"{plain[: _IDENTIFIER_LIMIT - _HASH_LENGTH]}_{told}"
    return f"{plain}_{end}"


def sets_of(policy: Policy) -> set[PeerSet]:
    """The sets that the policy's chains look into."""
    found = set()
    for direction in DIRECTIONS:
        for rule in rules_of(policy, direction) or ():
            found |= {PeerSet(peers) for peers in rule.peers}
            for port in rule.ports.names if rule.ports else ():
                found |= {_named(policy, direction, side, port) for side in _sides(rule)}
    return found


def rules_of(policy: Policy, direction: Direction) -> tuple[Rule, ...] | None:
    """What it lets through in that direction; None: it does not speak of it."""
    return policy.ingress if direction == "in" else policy.egress


def policy_chain(
    policy: Policy, direction: Direction, families: Iterable[Family]
) -> tuple[str, ...]:
    """The rules of a policy's chain; what none of them accepts comes back."""
    found: dict[str, None] = {}
    for rule in rules_of(policy, direction) or ():
        for each in families:
            found |= dict.fromkeys(_rule(policy, direction, rule, each))
    return tuple(found)


def pods_chain(policy_chains: Iterable[str]) -> tuple[str, ...]:
    """The rules for pods that several policies select: what none of them accepts is dropped."""
    return (*(f"jump {chain}" for chain in policy_chains), "drop")


def pod_elements(
    sets: Iterable[PeerSet],
    addresses: Iterable[str],
    ports: dict[PortName, int],
    families: tuple[Family, ...],
) -> dict[Element, str]:
    """The pod's elements in sets that mean it."""
    known = list(sets)
    elements: dict[Element, str] = {}
    for address in addresses:
        if (of := family(address)) not in families:
            continue
        for each in known:
            if each.port is None:
                elements[Element(each.name(of), address)] = ""
            elif (number := ports.get(each.port)) is not None:
                key = f"{address} . {each.port.protocol} . {number}"
                elements[Element(each.name(of), key)] = ""
    return elements


def _sides(rule: Rule) -> list[_Side]:
    everyone: list[_Side] = [None] if rule.everyone else []
    return [*everyone, *rule.peers, *rule.blocks]


def _rule(policy: Policy, direction: Direction, rule: Rule, of: Family) -> Iterator[str]:
    """Each way to fulfil the rule: which address the other side has, and which port is meant."""
    for side in _sides(rule):
        match = _match(direction, side, of)
        if match is None:
            continue
        for port in _numbers(rule.ports):
            yield _joined(match, port, "accept")
        for name in rule.ports.names if rule.ports else ():
            named = _named(policy, direction, side, name)
            port = f"{of.ip} daddr . meta l4proto . th dport @{named.name(of)}"
            # A set made of the peers that a connection goes to says of them what `match` does.
            told = direction == "out" and named.peers == side
            yield _joined("" if told else match, port, "accept")


def _match(direction: Direction, side: _Side, of: Family) -> str | None:
    """What packets of that side look like; None: there are none in this family."""
    if side is None:
        return ""
    whose = f"{of.ip} {'saddr' if direction == 'in' else 'daddr'}"
    if isinstance(side, PeerSelector):
        return f"{whose} @{PeerSet(side).name(of)}"
    version, ranges = side
    if version != of.version or not ranges:
        return None
    return f"{whose} {addresses_text(ranges, version)}"


def _numbers(ports: Ports | None) -> list[str]:
    if ports is None:
        return [""]
    return [
        f"{protocol} dport {ports_text(ranges)}" if ranges else f"meta l4proto {protocol}"
        for protocol, ranges in ports.numbers
    ]


def _named(policy: Policy, direction: Direction, side: _Side, port: PortName) -> PeerSet:
    """Whose port of that name is meant: always the one that the connection goes to."""
    if direction == "in":
        return PeerSet(pods_of(policy.namespace, policy.pods), port)
    return PeerSet(side if isinstance(side, PeerSelector) else ALL_PODS, port)


def _joined(*texts: str) -> str:
    return " ".join(text for text in texts if text)
