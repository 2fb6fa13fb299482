"""What one Service port looks like in nftables. Pure text.

Per port: a chain `svc_…` that picks one of the backends, a chain `ext_…` for connections from
outside where there are any, a chain `lb_…` before it where only some sources may come, and elements
of the table's maps that lead to them. With session affinity also a chain and a set of clients per
backend. Chains carry a generation in their name (`svc_default_web_http.7`): a change makes new
chains and never touches those in use. Those of IPv6 are `svc6_…`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from mk8s_agent.proxy.desired import Backend, PortKey, ServicePort
from mk8s_agent.proxy.fixed import (
    EXTERNAL_MARK,
    HAIRPIN,
    IPV4,
    IPV6,
    NODE_PORTS,
    REFUSED_IPS,
    REFUSED_PORTS,
    SERVICE_IPS,
    first_range,
)
from mk8s_agent.proxy.parts import Element, Fragment

_INSIDE = ('iifname "mk8s*"', "fib saddr type local")
"""This node's own pods, and the node itself."""
_IDENTIFIER_LIMIT = 90


@dataclass(frozen=True, slots=True)
class PortPart:
    """A Service port as a part of the table."""

    port: ServicePort
    cluster_cidr: str

    def fragment(self, generation: int) -> Fragment:
        """Its rules."""
        return fragment(self.port, generation, self.cluster_cidr)


def fragment(port: ServicePort, generation: int, cluster_cidr: str) -> Fragment:
    """The rules of one Service port; `generation` makes its chains' names new."""
    return _Builder(port, generation, cluster_cidr).build()


def identifier(key: PortKey) -> str:
    """A name for use in nftables: readable, unique, and shortened by a hash where too long.

    Kubernetes' names hold no underscore, so joining with it confuses nothing.
    """
    plain = "_".join(key)
    if len(plain) <= _IDENTIFIER_LIMIT:
        return plain
    return f"{plain[: _IDENTIFIER_LIMIT - 13]}_{sha256(plain.encode()).hexdigest()[:12]}"


class _Builder:
    def __init__(self, port: ServicePort, generation: int, cluster_cidr: str) -> None:
        self._port = port
        self._generation = generation
        self._family = IPV6 if port.ipv6 else IPV4
        self._pods = first_range(cluster_cidr, self._family)
        self._id = identifier(port.key)
        self._chains: dict[str, tuple[str, ...]] = {}
        self._sets: dict[str, str] = {}

    def build(self) -> Fragment:
        port = self._port
        if port.backends:
            if port.affinity_seconds:
                self._add_affinity()
            self._chains[self._name("svc")] = self._internal()
            if port.node_port or port.external_ips or port.load_balancer_ips:
                self._chains[self._name("ext")] = self._external()
        if port.source_ranges:
            self._chains[self._name("lb")] = self._allowed()
        return Fragment(self._chains, self._sets, self._elements())

    def _name(self, kind: str) -> str:
        return f"{kind}{self._family.suffix}_{self._id}.{self._generation}"

    def _backend_name(self, kind: str, backend: Backend) -> str:
        address = backend.address.replace(":", "-")
        return f"{kind}{self._family.suffix}_{self._id}_{address}_{backend.port}"

    def _elements(self) -> dict[Element, str]:
        port = self._port
        elements = dict(self._led() if port.backends else self._refused())
        if port.source_ranges:
            for address in port.load_balancer_ips:
                elements[self._address(SERVICE_IPS, address)] = f"goto {self._name('lb')}"
        for backend in port.all_backends:
            if backend.here:
                twice = f"{backend.address} . {backend.address}"
                elements[self._element(HAIRPIN, twice)] = ""
        return elements

    def _led(self) -> Iterator[tuple[Element, str]]:
        """The places that lead to chains; of two that are the same the cluster address wins."""
        port = self._port
        for address in (*port.external_ips, *port.load_balancer_ips):
            yield self._address(SERVICE_IPS, address), f"goto {self._name('ext')}"
        for address in port.cluster_ips:
            yield self._address(SERVICE_IPS, address), f"goto {self._name('svc')}"
        if port.node_port:
            yield self._node_port(NODE_PORTS), f"goto {self._name('ext')}"

    def _refused(self) -> Iterator[tuple[Element, str]]:
        """The places that refuse connections; cluster addresses do without being named."""
        port = self._port
        for address in (*port.external_ips, *port.load_balancer_ips):
            yield self._address(REFUSED_IPS, address), ""
        if port.node_port:
            yield self._node_port(REFUSED_PORTS), ""

    def _node_port(self, container: str) -> Element:
        return self._element(container, f"{self._port.protocol} . {self._port.node_port}")

    def _allowed(self) -> tuple[str, ...]:
        """Let only those go on who may use the load balancer's addresses."""
        others = f"{self._family.ip} saddr != {{ {', '.join(self._port.source_ranges)} }} drop"
        return (others, f"goto {self._name('ext')}") if self._port.backends else (others,)

    def _address(self, container: str, address: str) -> Element:
        return self._element(container, f"{address} . {self._port.protocol} . {self._port.port}")

    def _element(self, container: str, place: str) -> Element:
        return Element(container + self._family.suffix, place)

    def _internal(self) -> tuple[str, ...]:
        port = self._port
        spread = self._spread(port.local if port.internal_local else port.backends)
        if port.only_inside:
            return tuple(f"{who} {rule}" for who in _INSIDE for rule in spread)
        return spread

    def _external(self) -> tuple[str, ...]:
        """Local policy sends others' connections to this node's backends, with their address.

        The cluster's own pods and the node itself are served as within the cluster.
        """
        port = self._port
        mark = f"meta mark set meta mark or {EXTERNAL_MARK}"
        if not port.external_local:
            return (mark, *self._anywhere())
        inside = self._name("all") if port.internal_local else self._name("svc")
        if port.internal_local:
            self._chains[inside] = self._spread(port.backends)
        return (
            *([f"{self._family.ip} saddr {self._pods} {mark} goto {inside}"] if self._pods else []),
            f"fib saddr type local {mark} goto {inside}",
            *self._spread(port.local),
        )

    def _anywhere(self) -> tuple[str, ...]:
        if self._port.internal_local:
            return self._spread(self._port.backends)
        return (f"goto {self._name('svc')}",)

    def _spread(self, backends: tuple[Backend, ...]) -> tuple[str, ...]:
        """Rules that send a new connection to one of the backends, each as likely as another."""
        if not backends:
            return ("drop",)
        if self._port.affinity_seconds:
            return self._spread_with_affinity(backends)
        dnat = f"meta l4proto {self._port.protocol} dnat {self._family.ip} to"
        if len(backends) == 1:
            return (f"{dnat} {self._family.target(*backends[0][:2])}",)
        targets = ", ".join(f"{i} : {b.address} . {b.port}" for i, b in enumerate(backends))
        return (f"{dnat} numgen random mod {len(backends)} map {{ {targets} }}",)

    def _spread_with_affinity(self, backends: tuple[Backend, ...]) -> tuple[str, ...]:
        chains = [f"{self._backend_name('ep', b)}.{self._generation}" for b in backends]
        known = [
            f"{self._family.ip} saddr @{self._backend_name('clients', b)} goto {chain}"
            for b, chain in zip(backends, chains, strict=True)
        ]
        if len(chains) == 1:
            return (f"goto {chains[0]}",)
        targets = ", ".join(f"{i} : goto {chain}" for i, chain in enumerate(chains))
        return (*known, f"numgen random mod {len(chains)} vmap {{ {targets} }}")

    def _add_affinity(self) -> None:
        port, family = self._port, self._family
        for backend in port.all_backends:
            clients = self._backend_name("clients", backend)
            # For all that a size would name the kernel takes memory at once: a megabyte a set.
            self._sets[clients] = f"type {family.address_type}; flags dynamic,timeout"
            self._chains[f"{self._backend_name('ep', backend)}.{self._generation}"] = (
                f"update @{clients} {{ {family.ip} saddr timeout {port.affinity_seconds}s }}",
                f"meta l4proto {port.protocol} dnat {family.ip} to"
                f" {family.target(backend.address, backend.port)}",
            )
