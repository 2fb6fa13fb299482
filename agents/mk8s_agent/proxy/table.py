"""The whole nftables table of a cluster: its fixed part, and how it changes.

Owns what the table holds. Pure: yields text, applies nothing. An update comes in three
transactions so that no connection meets a half-made path:

    make    new chains, which nothing refers to yet
    switch  the maps' elements change over to them, all in one moment
    sweep   the chains that nothing refers to any more go

A chain must exist a transaction earlier than the element that leads to it: within one, the kernel
shows new elements a moment before new rules.
"""

from collections.abc import Iterable, KeysView, Mapping
from dataclasses import dataclass

from mk8s_agent.proxy import rules
from mk8s_agent.proxy.desired import PortKey, ServicePort
from mk8s_agent.proxy.nftables import quoted, table_name
from mk8s_agent.proxy.rules import Element, Fragment

_VERDICT_MAPS = (rules.SERVICE_IPS, rules.NODE_PORTS)


@dataclass(frozen=True, slots=True)
class TableConfig:
    """What the fixed part depends on; ranges as `10.244.0.0/16`."""

    cluster: str
    node: str
    cluster_cidr: str
    service_cidr: str


@dataclass(frozen=True, slots=True)
class Update:
    """Transactions to be applied in order; an empty one has nothing to do."""

    make: str
    switch: str
    sweep: str

    def transactions(self) -> list[str]:
        """Those that have something to do."""
        return [text for text in (self.make, self.switch, self.sweep) if text]


class ServiceTable:
    """The table as it is once all updates so far are applied.

    Two Services may claim the same address and port (externalIPs): the first by name has it, and
    the next one takes over when that one goes.
    """

    def __init__(self, config: TableConfig) -> None:
        self._config = config
        self._table = f"ip {table_name(config.cluster)}"
        self._generation = 0
        self._ports: dict[PortKey, tuple[ServicePort, int]] = {}
        self._claims: dict[Element, dict[PortKey, str]] = {}

    def port(self, key: PortKey) -> ServicePort | None:
        """The Service port as the table has it."""
        installed = self._ports.get(key)
        return installed[0] if installed else None

    @property
    def keys(self) -> KeysView[PortKey]:
        """All Service ports in the table; live."""
        return self._ports.keys()

    def update(self, changes: Mapping[PortKey, ServicePort | None]) -> Update:
        """Take over changed ports (None: gone); the text is proportional to what differs."""
        real = {key: new for key, new in changes.items() if new != self.port(key)}
        if not real:
            return Update("", "", "")
        self._generation += 1
        old = {key: self._fragment(key) for key in real}
        fresh = {key: self._build(new, self._generation) for key, new in real.items()}
        places = {place for each in (*old.values(), *fresh.values()) for place in each.elements}
        before = {place: self._winner(place) for place in places}
        for key, new in real.items():
            self._replace(key, new, old[key], fresh[key])
        after = {place: self._winner(place) for place in places}
        return Update(
            make=self._make(old, fresh),
            switch=self._switch(before, after),
            sweep=self._sweep(old, fresh),
        )

    def full(self) -> str:
        """One transaction that replaces whatever the kernel has by this table."""
        lines = [f"add table {self._table}", f"delete table {self._table}"]
        lines += _fixed_part(self._config)
        made = [self._fragment(key) for key in self._ports]
        lines += self._block(made, [name for each in made for name in each.client_sets])
        elements = {place: self._winner(place) for place in self._claims}
        lines += self._element_lines("add", elements)
        return "\n".join(lines) + "\n"

    def _replace(
        self, key: PortKey, new: ServicePort | None, former: Fragment, fresh: Fragment
    ) -> None:
        for place in former.elements:
            claims = self._claims[place]
            del claims[key]
            if not claims:
                del self._claims[place]
        self._ports.pop(key, None)
        if new is not None:
            self._ports[key] = (new, self._generation)
        for place, verdict in fresh.elements.items():
            self._claims.setdefault(place, {})[key] = verdict

    def _fragment(self, key: PortKey) -> Fragment:
        return self._build(*self._ports.get(key, (None, 0)))

    def _build(self, port: ServicePort | None, generation: int) -> Fragment:
        if port is None:
            return Fragment({}, (), {})
        return rules.fragment(port, generation, self._config.cluster_cidr)

    def _winner(self, place: Element) -> str | None:
        claims = self._claims.get(place)
        return claims[min(claims)] if claims else None

    def _make(self, old: Mapping[PortKey, Fragment], new: Mapping[PortKey, Fragment]) -> str:
        sets = [
            name
            for key, made in new.items()
            for name in _without(made.client_sets, old[key].client_sets)
        ]
        return _text(self._block(new.values(), sets))

    def _switch(
        self, before: Mapping[Element, str | None], after: Mapping[Element, str | None]
    ) -> str:
        changed = [place for place in before if before[place] != after[place]]
        gone = {place: before[place] for place in changed if before[place] is not None}
        come = {place: after[place] for place in changed if after[place] is not None}
        return _text(self._element_lines("delete", gone) + self._element_lines("add", come))

    def _sweep(self, old: Mapping[PortKey, Fragment], new: Mapping[PortKey, Fragment]) -> str:
        lines: list[str] = []
        for key, former in old.items():
            names = list(former.chains)
            lines += [f"flush chain {self._table} {name}" for name in names]
            lines += [f"delete chain {self._table} {name}" for name in names]
            unused = _without(former.client_sets, new[key].client_sets)
            lines += [f"delete set {self._table} {name}" for name in unused]
        return _text(lines)

    def _block(self, made: Iterable[Fragment], sets: Iterable[str]) -> list[str]:
        """Sets and chains to be added; written as a block, which nftables reads three times as
        fast as commands.
        """
        lines = [f"\tset {name} {{ {rules.CLIENTS_SET} }}" for name in sets]
        for each in made:
            for name, texts in each.chains.items():
                lines += [f"\tchain {name} {{", *(f"\t\t{text}" for text in texts), "\t}"]
        return [f"table {self._table} {{", *lines, "}"] if lines else []

    def _element_lines(self, verb: str, elements: Mapping[Element, str | None]) -> list[str]:
        grouped: dict[str, list[str]] = {}
        for place, verdict in sorted(elements.items()):
            with_verdict = verb == "add" and place.container in _VERDICT_MAPS
            entry = f"{place.key} : {verdict}" if with_verdict else place.key
            grouped.setdefault(place.container, []).append(entry)
        return [
            f"{verb} element {self._table} {container} {{ {', '.join(entries)} }}"
            for container, entries in grouped.items()
        ]


def _fixed_part(config: TableConfig) -> list[str]:
    """Base chains, maps and sets. Priorities are one before the usual ones of other tables."""
    lookup = "meta l4proto . th dport"
    marked = f"meta mark and {rules.EXTERNAL_MARK} != 0"
    pods, services = config.cluster_cidr, config.service_cidr
    away = 'oifname != "lo" oifname != "mk8s*"'
    masquerade = "masquerade fully-random"
    foreign = f"ip saddr != {pods} fib saddr type != local"
    comment = quoted(f"mk8s cluster {config.cluster}: the node agent makes and replaces this")
    return f"""\
table ip {table_name(config.cluster)} {{
	comment {comment}
	map {rules.SERVICE_IPS} {{ type ipv4_addr . inet_proto . inet_service : verdict; }}
	map {rules.NODE_PORTS} {{ type inet_proto . inet_service : verdict; }}
	set {rules.REFUSED_IPS} {{ type ipv4_addr . inet_proto . inet_service; }}
	set {rules.REFUSED_PORTS} {{ type inet_proto . inet_service; }}
	set {rules.HAIRPIN} {{ type ipv4_addr . ipv4_addr; }}
	chain refuse {{
		meta l4proto tcp reject with tcp reset
		reject with icmp port-unreachable
	}}
	chain refuse-services {{
		ip daddr . {lookup} @{rules.REFUSED_IPS} goto refuse
		ip daddr {services} goto refuse
	}}
	chain services {{
		ip daddr . {lookup} vmap @{rules.SERVICE_IPS}
		fib daddr type local {lookup} vmap @{rules.NODE_PORTS}
	}}
	chain guard-loopback {{
		type filter hook prerouting priority -301; policy accept;
		iifname != "lo" ip daddr 127.0.0.0/8 drop
	}}
	chain nat-prerouting {{
		type nat hook prerouting priority -101; policy accept;
		goto services
	}}
	chain nat-output {{
		type nat hook output priority -101; policy accept;
		goto services
	}}
	chain nat-postrouting {{
		type nat hook postrouting priority 99; policy accept;
		ct status dnat ip saddr . ip daddr @{rules.HAIRPIN} {masquerade}
		{marked} ip saddr 127.0.0.0/8 {masquerade}
		{marked} {away} {masquerade}
		ct original ip daddr {services} {foreign} {away} {masquerade}
		ip saddr {pods} ip daddr != {pods} {away} {masquerade}
	}}
	chain filter-input {{
		type filter hook input priority -1; policy accept;
		ct state new fib daddr type local {lookup} @{rules.REFUSED_PORTS} goto refuse
	}}
	chain filter-forward {{
		type filter hook forward priority -1; policy accept;
		ct state new goto refuse-services
	}}
	chain filter-output {{
		type filter hook output priority -1; policy accept;
		ct state new goto refuse-services
	}}
}}""".splitlines()


def _without(names: Iterable[str], others: Iterable[str]) -> list[str]:
    known = set(others)
    return [name for name in names if name not in known]


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
