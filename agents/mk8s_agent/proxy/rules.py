"""What one Service port looks like in nftables. Pure text.

Per port: a chain `svc_…` that picks one of the backends, a chain `ext_…` for connections from
outside where there are any, and elements of the table's maps that lead to them. With session
affinity also a chain and a set of clients per backend. Chains carry a generation in their name
(`svc_default_web_http.7`): a change makes new chains and never touches those in use.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from mk8s_agent.proxy.desired import Backend, PortKey, ServicePort

SERVICE_IPS: Final = "service-ips"
NODE_PORTS: Final = "node-ports"
REFUSED_IPS: Final = "refused-ips"
REFUSED_PORTS: Final = "refused-ports"
HAIRPIN: Final = "hairpin"

EXTERNAL_MARK: Final = "0x2000"
"""Set on packets that came in from outside the pods' network: their source may need hiding."""
CLIENTS_SET: Final = "type ipv4_addr; size 65535; flags dynamic,timeout;"

_IDENTIFIER_LIMIT = 90


class Element(NamedTuple):
    """One element's place: the map or set and its key."""

    container: str
    key: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """The part of the table that one Service port is responsible for.

    `chains` maps names to rules, `client_sets` are names, `elements` map places to verdicts (empty
    for sets).
    """

    chains: dict[str, tuple[str, ...]]
    client_sets: tuple[str, ...]
    elements: dict[Element, str]


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
        self._cluster_cidr = cluster_cidr
        self._id = identifier(port.key)
        self._chains: dict[str, tuple[str, ...]] = {}
        self._client_sets: list[str] = []

    def build(self) -> Fragment:
        port = self._port
        if port.backends:
            if port.affinity_seconds:
                self._add_affinity()
            self._chains[self._name("svc")] = self._internal()
            if port.node_port or port.external_ips:
                self._chains[self._name("ext")] = self._external()
        return Fragment(self._chains, tuple(self._client_sets), self._elements())

    def _name(self, kind: str) -> str:
        return f"{kind}_{self._id}.{self._generation}"

    def _backend_name(self, kind: str, backend: Backend) -> str:
        return f"{kind}_{self._id}_{backend.address}_{backend.port}"

    def _elements(self) -> dict[Element, str]:
        port = self._port
        elements: dict[Element, str] = {}
        if port.backends:
            for address in port.external_ips:
                elements[self._address(SERVICE_IPS, address)] = f"goto {self._name('ext')}"
            for address in port.cluster_ips:
                elements[self._address(SERVICE_IPS, address)] = f"goto {self._name('svc')}"
        else:
            for address in port.external_ips:
                elements[self._address(REFUSED_IPS, address)] = ""
        if port.node_port:
            place = f"{port.protocol} . {port.node_port}"
            if port.backends:
                elements[Element(NODE_PORTS, place)] = f"goto {self._name('ext')}"
            else:
                elements[Element(REFUSED_PORTS, place)] = ""
        for backend in port.backends:
            if backend.here:
                elements[Element(HAIRPIN, f"{backend.address} . {backend.address}")] = ""
        return elements

    def _address(self, container: str, address: str) -> Element:
        return Element(container, f"{address} . {self._port.protocol} . {self._port.port}")

    def _internal(self) -> tuple[str, ...]:
        port = self._port
        return self._spread(port.local if port.internal_local else port.backends)

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
            f"ip saddr {self._cluster_cidr} {mark} goto {inside}",
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
        dnat = f"meta l4proto {self._port.protocol} dnat ip to"
        if len(backends) == 1:
            return (f"{dnat} {backends[0].address}:{backends[0].port}",)
        targets = ", ".join(f"{i} : {b.address} . {b.port}" for i, b in enumerate(backends))
        return (f"{dnat} numgen random mod {len(backends)} map {{ {targets} }}",)

    def _spread_with_affinity(self, backends: tuple[Backend, ...]) -> tuple[str, ...]:
        chains = [f"{self._backend_name('ep', b)}.{self._generation}" for b in backends]
        known = [
            f"ip saddr @{self._backend_name('clients', b)} goto {chain}"
            for b, chain in zip(backends, chains, strict=True)
        ]
        if len(chains) == 1:
            return (f"goto {chains[0]}",)
        targets = ", ".join(f"{i} : goto {chain}" for i, chain in enumerate(chains))
        return (*known, f"numgen random mod {len(chains)} vmap {{ {targets} }}")

    def _add_affinity(self) -> None:
        port = self._port
        for backend in sorted({*port.backends, *port.local}):
            clients = self._backend_name("clients", backend)
            self._client_sets.append(clients)
            self._chains[f"{self._backend_name('ep', backend)}.{self._generation}"] = (
                f"update @{clients} {{ ip saddr timeout {port.affinity_seconds}s }}",
                f"meta l4proto {port.protocol} dnat ip to {backend.address}:{backend.port}",
            )
