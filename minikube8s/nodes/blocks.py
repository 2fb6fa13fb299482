"""Pod address blocks of nodes, cut from the cluster CIDR. Pure."""

import ipaddress
from collections.abc import Iterable


class NoBlockLeft(Exception):
    """Every block of the cluster CIDR belongs to a node."""


def allocate(cluster_cidr: str, bits: int, used: Iterable[str]) -> str:
    """The first block of prefix length `bits` that overlaps none of `used`.

    A cluster CIDR smaller than a block is one block. Raises NoBlockLeft.
    """
    cluster = ipaddress.ip_network(cluster_cidr)
    families = [ipaddress.ip_network(block) for block in used]
    taken = [block for block in families if block.version == cluster.version]
    for block in cluster.subnets(new_prefix=max(bits, cluster.prefixlen)):
        if not any(block.overlaps(other) for other in taken):
            return str(block)
    raise NoBlockLeft(
        f"all /{bits} blocks of the cluster's pod addresses {cluster_cidr} belong to nodes: "
        "delete Node objects that are not used any more, or make the cluster with a larger range"
    )
