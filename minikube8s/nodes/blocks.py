"""Pod address blocks of nodes, cut from the cluster CIDR. Pure."""

import ipaddress
from collections.abc import Iterable


class NoBlockLeft(Exception):
    """Every block of the cluster CIDR belongs to a node."""


class Blocks:
    """The blocks of prefix length `bits` of one cluster CIDR, and which of them nodes have.

    A cluster CIDR smaller than a block is one block.
    """

    def __init__(self, cluster_cidr: str, bits: int) -> None:
        self._cidr = cluster_cidr
        self._bits = bits
        self._cluster = ipaddress.ip_network(cluster_cidr)
        self._shift = self._cluster.max_prefixlen - max(bits, self._cluster.prefixlen)
        self._count = self._cluster.num_addresses >> self._shift
        self._first = int(self._cluster.network_address)
        self._users: dict[int, int] = {}
        self._next = 0

    def take(self, cidrs: Iterable[str]) -> None:
        """Take note that a node has these networks; those of other ranges do not count."""
        for number in self._numbers(cidrs):
            self._users[number] = self._users.get(number, 0) + 1

    def give_back(self, cidrs: Iterable[str]) -> None:
        """Take note that a node that had these networks is gone."""
        for number in self._numbers(cidrs):
            self._users[number] -= 1
            if not self._users[number]:
                del self._users[number]
                self._next = min(self._next, number)

    def free(self) -> str:
        """The first block that no node has any part of. Raises NoBlockLeft."""
        while self._next in self._users:
            self._next += 1
        if self._next >= self._count:
            raise NoBlockLeft(
                f"all /{self._bits} blocks of the cluster's pod addresses {self._cidr} belong to "
                "nodes: delete Node objects that are not used any more, or make the cluster with a "
                "larger range"
            )
        first = self._cluster.network_address + (self._next << self._shift)
        return f"{first}/{self._cluster.max_prefixlen - self._shift}"

    def _numbers(self, cidrs: Iterable[str]) -> Iterable[int]:
        for cidr in cidrs:
            network = ipaddress.ip_network(cidr, strict=False)
            if network.version != self._cluster.version:
                continue
            first = (int(network.network_address) - self._first) >> self._shift
            last = (int(network.broadcast_address) - self._first) >> self._shift
            yield from range(max(first, 0), min(last + 1, self._count))
