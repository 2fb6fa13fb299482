"""What the node side of the master may be told, with its defaults and bounds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NodesConfig:
    """Times are in seconds; the intervals are Kubernetes' own."""

    cluster: str = "mk8s"
    cluster_cidr: str = "10.244.0.0/16"
    service_cidr: str = "10.96.0.0/12"
    """One range, or one of each family with a comma between, IPv4 first."""
    cluster_domain: str = "cluster.local"
    cluster_dns: str = ""
    """Address of the cluster DNS service as pods see it; empty: none."""
    node_cidr_bits: int = 24
    """Prefix length of a node's block of the cluster CIDR, where that is of IPv4."""
    node_cidr_bits_ipv6: int = 64
    pod_network: str = "auto"
    """How pods of other nodes are reached: auto, host-gw or vxlan."""
    vxlan_id: int = 0
    vxlan_port: int = 0
    """0: what the agents choose by themselves."""

    heartbeat: int = 10
    """How often an agent says that it lives; each time its Lease is renewed."""
    grace: float = 40.0
    """A node unheard for so long is not ready."""
    status_refresh: float = 300.0
    """An unchanged Node is written this often."""

    hello_deadline: float = 15.0
    """How long a connected agent may take to say Hello."""
    rival_deadline: float = 5.0
    """How long an agent may take to answer when another one wants to speak for its node."""
    patience: float = 20.0
    """How long a node's machine may take to come back before another one may be that node: longer
    than the longest pause of an agent between two attempts."""
    write_deadline: float = 20.0
    """An agent that does not take a message for so long is cut off."""
    tunnel_deadline: float = 10.0
    """How long an agent may take to open a stream, and to say that it has begun."""

    outbox_objects: int = 10_000
    """An agent that lags behind by more changed objects than this is cut off."""
    inbox_reports: int = 1_000
    """So many reports of one agent may wait to be written; then it is not read any more."""
    parallel_writes: int = 32
    """So many reports of one agent are written at a time."""

    def block_bits(self, cidr: str) -> int:
        """Prefix length of a node's block of this range."""
        return self.node_cidr_bits_ipv6 if ":" in cidr else self.node_cidr_bits


@dataclass(frozen=True, slots=True)
class TLS:
    """PEM bytes: the authority that signs agents' certificates, and the server's own pair."""

    ca: bytes
    cert: bytes
    key: bytes
