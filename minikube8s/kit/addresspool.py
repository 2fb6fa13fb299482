"""A set of addresses to give away, as people write it: `10.0.0.200-10.0.0.250,10.0.1.0/28`. Pure.

Only spans are kept, so that a large network costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network


class BadPool(ValueError):
    """Not a pool; the message says which part is not and why."""


@dataclass(frozen=True, slots=True)
class AddressPool:
    """IPv4 addresses, in the order in which they are given away. An empty pool is false."""

    spans: tuple[tuple[int, int], ...] = ()
    """First and last address of each part."""

    @staticmethod
    def parse(text: str) -> AddressPool:
        """Return the pool that a comma-separated list of networks, spans and addresses means.

        A network's own address and its broadcast address are left out. Raises BadPool.
        """
        return AddressPool(tuple(_span(part.strip()) for part in text.split(",") if part.strip()))

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __contains__(self, address: str) -> bool:
        try:
            number = int(IPv4Address(address))
        except ValueError:
            return False
        return any(first <= number <= last for first, last in self.spans)

    def __iter__(self) -> Iterator[str]:
        for first, last in self.spans:
            for number in range(first, last + 1):
                yield str(IPv4Address(number))

    def __str__(self) -> str:
        return ",".join(
            str(IPv4Address(first))
            if first == last
            else f"{IPv4Address(first)}-{IPv4Address(last)}"
            for first, last in self.spans
        )

    def overlaps(self, network: IPv4Network) -> bool:
        """Tell whether an address of the pool is one of the network's."""
        low, high = int(network[0]), int(network[-1])
        return any(first <= high and last >= low for first, last in self.spans)


NO_POOL = AddressPool()


def _span(part: str) -> tuple[int, int]:
    first, dash, last = (piece.strip() for piece in part.partition("-"))
    try:
        if dash:
            span = _number(first), _number(last)
        elif "/" in part:
            span = _inside(part)
        else:
            span = _number(part), _number(part)
    except ValueError as error:
        raise BadPool(f"{part!r} is no part of a pool of IPv4 addresses: {error}") from None
    if span[0] > span[1]:
        raise BadPool(f"{part!r} ends before it begins")
    return span


def _number(text: str) -> int:
    address = ip_address(text)
    if not isinstance(address, IPv4Address):
        raise ValueError("it is IPv6")
    return int(address)


def _inside(text: str) -> tuple[int, int]:
    network = ip_network(text)
    if not isinstance(network, IPv4Network):
        raise ValueError("it is IPv6")
    edge = 1 if network.prefixlen < 31 else 0
    return int(network[0]) + edge, int(network[-1]) - edge
