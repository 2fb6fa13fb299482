"""Walks virtual packets through the rules of a table, as a node's kernel would.

Understands what the agent's rules say and no more: a word it does not know is an error. A node
sends what its own pods have through links `mk8s…`, everything else through `uplink`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network

from tests.support.faketable import Chain, Content, parse_elements

_MOST_CHOICES = 4
"""Chance decides among the endpoints; traced Services have no more than these."""


@dataclass(frozen=True)
class Packet:
    """A connection's first packet, or with `state` established a later one.

    `iif` is where it came in; "" for one that the node itself sends.
    """

    source: str
    destination: str
    port: int
    protocol: str = "tcp"
    iif: str = "uplink"
    state: str = "new"


@dataclass(frozen=True)
class Outcome:
    """What became of it: `accept`, `drop` or `reject`; where it went, and whether as the node's."""

    verdict: str
    address: str = ""
    port: int = 0
    masqueraded: bool = False

    @property
    def told(self) -> str:
        """In words, for tables of expectations."""
        if self.verdict != "accept":
            return self.verdict
        return f"{self.address}:{self.port}" + (" as node" if self.masqueraded else "")


@dataclass
class TracedNode:
    """A node with its addresses and its pods; `clients` are the sets that rules fill."""

    content: Content
    addresses: frozenset[str]
    pods: frozenset[str] = frozenset()
    clients: dict[str, set[str]] = field(default_factory=dict)

    def outcomes(self, packet: Packet) -> set[str]:
        """Everything that may become of the packet, whatever chance decides; changes nothing."""
        found = set()
        for choice in range(_MOST_CHOICES):
            clients = {name: set(known) for name, known in self.clients.items()}
            found.add(replace_clients(self, clients).send(packet, choice).told)
        return found

    def send(self, packet: Packet, choice: int = 0) -> Outcome:
        """Let one packet through; `choice` is what chance decides."""
        return _Walk(self, packet, choice).run()


def replace_clients(node: TracedNode, clients: dict[str, set[str]]) -> TracedNode:
    """The same node, remembering other clients."""
    return replace(node, clients=clients)


class _End(Exception):
    """A verdict for the whole packet."""

    def __init__(self, verdict: str) -> None:
        super().__init__(verdict)
        self.verdict = verdict


class _Walk:
    def __init__(self, node: TracedNode, packet: Packet, choice: int) -> None:
        self.node, self.packet, self.choice = node, packet, choice
        self.address, self.port = packet.destination, packet.port
        self.mark, self.oif, self.iif = 0, "", packet.iif
        self.dnat = self.masqueraded = False

    def run(self) -> Outcome:
        try:
            self._pass()
        except _End as end:
            return Outcome(end.verdict)
        return Outcome("accept", self.address, self.port, self.masqueraded)

    def _pass(self) -> None:
        if self.packet.iif:
            self._hook("prerouting")
        else:
            self._hook("output")
        here = self.address in self.node.addresses or ip_address(self.address).is_loopback
        self.oif = "lo" if here else "mk8sabc" if self.address in self.node.pods else "uplink"
        if self.packet.iif and here:
            self._hook("input")
            return
        if self.packet.iif:
            self._hook("forward")
        self._hook("postrouting")
        if here:
            self.iif, self.oif = "lo", ""
            self._hook("prerouting", nat=False)
            self._hook("input")

    def _hook(self, hook: str, *, nat: bool = True) -> None:
        chains = (each for each in self.node.content.chains.values() if each.hook == hook)
        for chain in sorted(chains, key=lambda each: each.priority):
            if chain.kind != "nat" or (nat and self.packet.state == "new"):
                self._chain(chain)

    def _chain(self, chain: Chain) -> bool:
        """Whether the base chain is done with (accept, or translated)."""
        for rule in chain.rules:
            done = self._rule(list(rule))
            if done is not None:
                return done
        return False

    def _rule(self, words: list[str]) -> bool | None:  # noqa: PLR0911, PLR0912 - a case a word
        """None: the next rule; True: the base chain is done with; False: return."""
        while words:
            match words:
                case ["accept", *_]:
                    return True
                case ["drop", *_]:
                    raise _End("drop")
                case ["reject", *_]:
                    raise _End("reject")
                case ["return", *_]:
                    return False
                case ["goto", target, *_]:
                    return self._chain(self.node.content.chains[target])
                case ["jump", target, *_]:
                    return self._chain(self.node.content.chains[target]) or None
                case ["counter", *rest]:
                    words = rest
                case ["comment", _, *rest]:
                    words = rest
                case ["masquerade", *_]:
                    self.masqueraded = True
                    return True
                case ["dnat", _, "to", *rest]:
                    self._translate(rest)
                    return True
                case ["meta", "mark", "set", "meta", "mark", "or", value, *rest]:
                    self.mark |= int(value, 16)
                    words = rest
                case ["update", name, "{", _, "saddr", "timeout", _, "}", *rest]:
                    self.node.clients.setdefault(name[1:], set()).add(self.packet.source)
                    words = rest
                case ["numgen", "random", "mod", count, "vmap", *rest]:
                    listed, _ = _braces(rest)
                    return self._rule(listed[str(self.choice % int(count))].split())
                case ["fib", "saddr", ".", "iif", "oif", "missing", *rest]:
                    if self.packet.source in self.node.pods:
                        return None
                    words = rest
                case ["meta", "mark", "and", value, "!=", "0", *rest]:
                    if not self.mark & int(value, 16):
                        return None
                    words = rest
                case _:
                    values, words = self._expression(words)
                    if words[0] == "vmap":
                        verdict = self._look_up(values, words[1])
                        return None if verdict is None else self._rule(verdict.split())
                    if not self._matches(values, words):
                        return None
                    words = _after_operand(words)
        return None

    def _expression(self, words: list[str]) -> tuple[list[str] | None, list[str]]:
        """The values of a concatenation (None: the packet has no such field), and what follows."""
        values: list[str] | None = []
        while True:
            value, words = self._field(words)
            values = None if value is None or values is None else [*values, value]
            if words[0] != ".":
                return values, words
            words = words[1:]

    def _field(self, words: list[str]) -> tuple[str | None, list[str]]:  # noqa: PLR0911
        packet, ipv6 = self.packet, ":" in self.address
        match words:
            case ["ip" | "ip6" as ip, "saddr" | "daddr" as side, *rest]:
                fits = ipv6 is (ip == "ip6")
                return (self.address if side == "daddr" else packet.source) if fits else None, rest
            case ["meta", "l4proto", *rest]:
                return packet.protocol, rest
            case ["meta", "nfproto", *rest]:
                return "ipv6" if ipv6 else "ipv4", rest
            case ["th", "dport", *rest]:
                return str(self.port), rest
            case ["tcp" | "udp" | "sctp" as protocol, "dport", *rest]:
                return str(self.port) if protocol == packet.protocol else None, rest
            case ["iifname", *rest]:
                return self.iif, rest
            case ["oifname", *rest]:
                return self.oif, rest
            case ["fib", "saddr" | "daddr" as side, "type", *rest]:
                address = self.address if side == "daddr" else packet.source
                local = address in self.node.addresses or ip_address(address).is_loopback
                return "local" if local else "unicast", rest
            case ["ct", "state", *rest]:
                return packet.state, rest
            case ["ct", "status", *rest]:
                return "dnat" if self.dnat else "", rest
            case ["ct", "original", "ip" | "ip6" as ip, "daddr", *rest]:
                fits = ipv6 is (ip == "ip6")
                return packet.destination if fits else None, rest
        raise AssertionError(f"the tracer does not understand {' '.join(words)}")

    def _matches(self, values: list[str] | None, words: list[str]) -> bool:
        if values is None:
            return False
        negated = words[0] == "!="
        operand = words[1:] if negated else words
        return self._among(values, operand) is not negated

    def _among(self, values: list[str], operand: list[str]) -> bool:
        if operand[0].startswith("@"):
            name = operand[0][1:]
            if values[0] in self.node.clients.get(name, ()):
                return True
            known = list(self.node.content.containers[name].elements)
        elif operand[0] == "{":
            known = list(_braces(operand)[0])
        else:
            known = []
            for index in range(0, len(operand), 2):
                known.append(operand[index].strip('"'))
                if operand[index + 1 : index + 2] != [","]:
                    break
        return any(_fits(values, each) for each in known)

    def _look_up(self, values: list[str] | None, name: str) -> str | None:
        elements = self.node.content.containers[name.removeprefix("@")].elements
        if values is None:
            return None
        return next((verdict for key, verdict in elements.items() if _fits(values, key)), None)

    def _translate(self, words: list[str]) -> None:
        if words[0] == "numgen":
            listed, _ = _braces(words[5:])
            address, port = listed[str(self.choice % int(words[3]))].split(" . ")
        else:
            address, _, port = words[0].rpartition(":")
        self.address, self.port, self.dnat = address.strip("[]"), int(port), True


def _fits(values: list[str], key: str) -> bool:
    parts = key.strip('"').split(" . ")
    return len(parts) == len(values) and all(map(_equal, values, parts))


def _equal(value: str, wanted: str) -> bool:
    if wanted.endswith("*"):
        return value.startswith(wanted[:-1])
    if "/" in wanted:
        network = ip_network(wanted)
        return ip_address(value) in network
    first, dash, last = wanted.partition("-")
    if dash and first.isdigit() and last.isdigit():
        return int(first) <= int(value) <= int(last)
    return value == wanted


def _braces(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """The elements within braces, and what follows them."""
    end = words.index("}")
    return parse_elements(" ".join(words[: end + 1])), words[end + 1 :]


def _after_operand(words: list[str]) -> list[str]:
    rest = words[1:] if words[0] == "!=" else words
    if rest[0] == "{":
        return _braces(rest)[1]
    while rest[1:2] == [","]:
        rest = rest[2:]
    return rest[1:]
