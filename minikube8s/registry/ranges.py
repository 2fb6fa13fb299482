"""Picking addresses and ports from their ranges. Pure; randomness comes in."""

from __future__ import annotations

import random
from collections.abc import Container
from ipaddress import ip_address, ip_network
from itertools import chain

ALLOCATED = "provided IP is already allocated"
FULL = "range is full"
_DNS = 10


class AddressRange:
    """The addresses that Services get.

    As in Kubernetes the lower part of the range is left to those who choose an address
    themselves, and used for others only when the rest is taken.
    """

    def __init__(self, cidr: str) -> None:
        self._network = ip_network(cidr)
        self._size = self._network.num_addresses - 2
        if self._size < 2:
            raise ValueError(f"the Service range {cidr} is too small; use /29 or larger")
        self._reserved = min(max(16, self._size // 16), 256, self._size // 2)

    @property
    def first(self) -> str:
        """The address of the Service default/kubernetes."""
        return str(self._network[1])

    @property
    def dns(self) -> str:
        """The address of the cluster's DNS: the tenth, in a small range the last one."""
        return str(self._network[min(_DNS, self._size)])

    def refusal(self, address: str) -> str:
        """Return why `address` is not one of the range, "" when it is."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return f"must be a valid IPv{self._network.version} address"
        if parsed in self._network and 0 < int(parsed) - int(self._network[0]) <= self._size:
            return ""
        return (
            f"the provided IP ({address}) is not in the valid range. The range of valid IPs is"
            f" {self._network}"
        )

    def pick(self, taken: Container[str], rng: random.Random) -> str | None:
        """Return a free address, None when there is none. The first is never picked."""
        for low, high in ((self._reserved + 1, self._size), (2, self._reserved)):
            start = rng.randint(low, high) if low <= high else low
            for number in chain(range(start, high + 1), range(low, start)):
                address = str(self._network[number])
                if address not in taken:
                    return address
        return None


class PortRange:
    """The node ports; the first ones are left to those who choose a port themselves."""

    def __init__(self, first: int, last: int) -> None:
        self._first, self._last = first, last
        size = last - first + 1
        self._reserved = min(max(16, size // 32), 128) if size > 16 else 0

    def refusal(self, port: int) -> str:
        """Return why `port` is not one of the range, "" when it is."""
        if self._first <= port <= self._last:
            return ""
        return (
            "provided port is not in the valid range. The range of valid ports is"
            f" {self._first}-{self._last}"
        )

    def pick(self, taken: Container[int], rng: random.Random) -> int | None:
        """Return a free port, None when there is none."""
        low = self._first + self._reserved
        start = rng.randint(low, self._last)
        for port in chain(range(start, self._last + 1), range(low, start), range(self._first, low)):
            if port not in taken:
                return port
        return None
