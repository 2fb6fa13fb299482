"""The part of the table that is always there: base chains, and the maps and sets that parts fill.

Pure text. Which container holds what:

    service-ips    address, protocol, port of Services → their chains
    node-ports     protocol, port of the node → chains
    refused-ips    the same for what has no endpoint: refused at once
    refused-ports
    hairpin        endpoints of this node, twice: a pod that reaches itself needs another source
    policy-egress  pods' addresses → chains that judge new connections from them
    policy-ingress the same for connections to them
    node-ips       addresses of nodes: pods reach them with their own address

Policies judge in two base chains, so that what one direction accepts still has to pass the other.
Names with a 6 at their end are for IPv6.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

from minikube8s.kit import labnames
from mk8s_agent.network.names import hardware_address
from mk8s_agent.proxy.nftables import quoted, table_name

SERVICE_IPS: Final = "service-ips"
NODE_PORTS: Final = "node-ports"
REFUSED_IPS: Final = "refused-ips"
REFUSED_PORTS: Final = "refused-ports"
HAIRPIN: Final = "hairpin"
POLICY_INGRESS: Final = "policy-ingress"
POLICY_EGRESS: Final = "policy-egress"
NODE_IPS: Final = "node-ips"

EXTERNAL_MARK: Final = "0x2000"
"""Set on packets that came in from outside the pods' network: their source may need hiding."""


@dataclass(frozen=True, slots=True)
class TableConfig:
    """What the table depends on; ranges as `10.244.0.0/16`, of both families with a comma."""

    cluster: str
    node: str
    cluster_cidr: str
    service_cidr: str
    lab_cidr: str = ""
    """The network of nodes that go out through this one; empty: there are none."""

    @property
    def table(self) -> str:
        """The table's name with its family, as commands name it."""
        return f"inet {table_name(self.cluster)}"


@dataclass(frozen=True, slots=True)
class Family:
    """How nft speaks of one version of IP: `suffix` ends names of chains and containers."""

    version: int
    suffix: str
    ip: str
    address_type: str

    def target(self, address: str, port: int) -> str:
        """An address and a port as `dnat` wants them."""
        return f"[{address}]:{port}" if self.version == 6 else f"{address}:{port}"


IPV4: Final = Family(4, "", "ip", "ipv4_addr")
IPV6: Final = Family(6, "6", "ip6", "ipv6_addr")
FAMILIES: Final = (IPV4, IPV6)


def family(address: str) -> Family:
    """The family of an address or a range."""
    return IPV6 if ":" in address else IPV4


def first_range(ranges: str, of: Family) -> str:
    """The first range of that family among those with commas between them, or ""."""
    found = (each.strip() for each in ranges.split(","))
    return next((each for each in found if each and family(each) is of), "")


def families_of(ranges: str) -> tuple[Family, ...]:
    """The families among ranges with commas between them."""
    return tuple(each for each in FAMILIES if first_range(ranges, each))


def fixed_part(config: TableConfig) -> list[str]:
    """The lines of the table without any part. Its base chains come just before other tables'."""
    comment = quoted(f"mk8s cluster {config.cluster}: the node agent makes and replaces this")
    base = {
        "guard-loopback": ("filter", "prerouting", -301, _guard(config)),
        "nat-prerouting": ("nat", "prerouting", -101, ["goto services"]),
        "nat-output": ("nat", "output", -101, ["goto services"]),
        "nat-postrouting": ("nat", "postrouting", 99, _masquerade(config)),
        "filter-input": ("filter", "input", -1, ["ct state new goto refuse-ports"]),
        "filter-forward": ("filter", "forward", -1, ["ct state new goto refuse-services"]),
        "forward-from-pods": ("filter", "forward", -1, _judge("saddr", POLICY_EGRESS)),
        "forward-to-pods": ("filter", "forward", -1, _judge("daddr", POLICY_INGRESS)),
        "filter-output": ("filter", "output", -1, ["ct state new goto refuse-services"]),
    }
    chains = {
        "refuse": ["meta l4proto tcp reject with tcp reset", "reject with icmpx port-unreachable"],
        "refuse-services": _refuse(config),
        "refuse-ports": ["jump refuse-services", *_refuse_ports()],
        "services": _services(),
    }
    lines = [f"table {config.table} {{", f"\tcomment {comment}", *_containers()]
    for name, rules in chains.items():
        lines += [f"\tchain {name} {{", *(f"\t\t{rule}" for rule in rules), "\t}"]
    for name, (kind, hook, priority, rules) in base.items():
        head = f"type {kind} hook {hook} priority {priority}; policy accept;"
        lines += [f"\tchain {name} {{", f"\t\t{head}", *(f"\t\t{rule}" for rule in rules), "\t}"]
    return [*lines, "}"]


_PORT = "meta l4proto . th dport"


def _containers() -> list[str]:
    lines = []
    for each in FAMILIES:
        address, end = each.address_type, each.suffix
        lines += [
            f"\tmap {SERVICE_IPS}{end} {{ type {address} . inet_proto . inet_service : verdict; }}",
            f"\tmap {NODE_PORTS}{end} {{ type inet_proto . inet_service : verdict; }}",
            f"\tset {REFUSED_IPS}{end} {{ type {address} . inet_proto . inet_service; }}",
            f"\tset {REFUSED_PORTS}{end} {{ type inet_proto . inet_service; }}",
            f"\tset {HAIRPIN}{end} {{ type {address} . {address}; }}",
            f"\tmap {POLICY_INGRESS}{end} {{ type {address} : verdict; }}",
            f"\tmap {POLICY_EGRESS}{end} {{ type {address} : verdict; }}",
            f"\tset {NODE_IPS}{end} {{ type {address}; }}",
        ]
    return lines


def _services() -> list[str]:
    by_address = [f"{f.ip} daddr . {_PORT} vmap @{SERVICE_IPS}{f.suffix}" for f in FAMILIES]
    by_port = [f"{_local(f)} {_PORT} vmap @{NODE_PORTS}{f.suffix}" for f in FAMILIES]
    return by_address + by_port


def _refuse(config: TableConfig) -> list[str]:
    """Addresses of the Service range that the node itself has are served by its own programs."""
    lines = [f"{f.ip} daddr . {_PORT} @{REFUSED_IPS}{f.suffix} goto refuse" for f in FAMILIES]
    for each in FAMILIES:
        if services := first_range(config.service_cidr, each):
            lines.append(f"{each.ip} daddr {services} fib daddr type != local goto refuse")
    return lines


def _refuse_ports() -> list[str]:
    return [f"{_local(f)} {_PORT} @{REFUSED_PORTS}{f.suffix} goto refuse" for f in FAMILIES]


def _local(of: Family) -> str:
    """Matches what is sent to the node itself; `::1` cannot be left, so nothing is led from it."""
    ours = "ip6 daddr != ::1" if of is IPV6 else "meta nfproto ipv4"
    return f"{ours} fib daddr type local"


def _guard(config: TableConfig) -> list[str]:
    """What comes from elsewhere to 127.0.0.1, or as if from there, is false, and what a pod sends
    from another's IPv6 address (the kernel's rp_filter sees to IPv4 alone); what the lab's nodes
    say to each other by this machine's bridge, which it is shown nonetheless, is none of its
    business.
    """
    lines = [f'iifname != "lo" ip {side} 127.0.0.0/8 drop' for side in ("daddr", "saddr")]
    if first_range(config.cluster_cidr, IPV6):
        lines.append('iifname "mk8s*" meta nfproto ipv6 fib saddr . iif oif missing drop')
    if config.lab_cidr:
        hardware = hardware_address(str(IPv4Network(config.lab_cidr)[1]))
        bridge = labnames.bridge(config.cluster)
        lines.append(f"iifname {quoted(bridge)} ether daddr != {hardware} notrack accept")
    return lines


def _judge(side: str, policies: str) -> list[str]:
    """What is let through once goes on, and its answers come back; so does what is its answer.

    A pod always reaches itself, which comes this way through a Service.
    """
    itself = [f"{f.ip} saddr . {f.ip} daddr @{HAIRPIN}{f.suffix} accept" for f in FAMILIES]
    judged = [f"{f.ip} {side} vmap @{policies}{f.suffix}" for f in FAMILIES]
    return ["ct state established,related accept", *itself, *judged]


def _masquerade(config: TableConfig) -> list[str]:
    hide = "masquerade fully-random"
    marked = f"meta mark and {EXTERNAL_MARK} != 0"
    away = 'oifname != "lo" oifname != "mk8s*"'
    lines = [
        f"ct status dnat {f.ip} saddr . {f.ip} daddr @{HAIRPIN}{f.suffix} {hide}" for f in FAMILIES
    ]
    lines.append(f"{marked} ip saddr 127.0.0.0/8 {hide}")
    lines.append(f"{marked} {away} {hide}")
    for each in FAMILIES:
        ip = each.ip
        pods = first_range(config.cluster_cidr, each)
        services = first_range(config.service_cidr, each)
        if pods and services:
            lines.append(
                f"meta nfproto ipv{each.version} ct original {ip} daddr {services}"
                f" {ip} saddr != {pods} fib saddr type != local {away} {hide}"
            )
        if pods:
            lines.append(
                f"{ip} saddr {pods} {ip} daddr != {pods}"
                f" {ip} daddr != @{NODE_IPS}{each.suffix} {away} {hide}"
            )
        if pods and (lab := first_range(config.lab_cidr, each)):
            lines.append(f"{ip} saddr {lab} {ip} daddr != {lab} {ip} daddr != {pods} {away} {hide}")
    return lines
