"""Sets of whole numbers (ports, addresses) as sorted ranges that do not touch. Pure."""

import ipaddress
from collections.abc import Iterable

Ranges = tuple[tuple[int, int], ...]
"""First and last number of each."""


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """All these numbers."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def without(whole: tuple[int, int], holes: Iterable[tuple[int, int]]) -> Ranges:
    """The numbers of `whole` that are in none of the holes."""
    found = []
    start, end = whole
    for first, last in merged(holes):
        if last < start or first > end:
            continue
        if first > start:
            found.append((start, first - 1))
        start = last + 1
    if start <= end:
        found.append((start, end))
    return tuple(found)


def of_cidr(text: str) -> tuple[int, int]:
    """The addresses of a block as numbers. Raises ValueError."""
    network = ipaddress.ip_network(text, strict=False)
    return int(network.network_address), int(network.broadcast_address)


def ports_text(ranges: Ranges) -> str:
    """As nft writes them."""
    return _set_text(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def addresses_text(ranges: Ranges, version: int) -> str:
    """As nft writes addresses of that version of IP; blocks as such where they are one."""
    make = ipaddress.IPv6Address if version == 6 else ipaddress.IPv4Address
    texts = []
    for first, last in ranges:
        blocks = list(ipaddress.summarize_address_range(make(first), make(last)))
        one = str(blocks[0]) if first != last else str(make(first))
        texts.append(one if len(blocks) == 1 else f"{make(first)}-{make(last)}")
    return _set_text(texts)


def _set_text(texts: Iterable[str]) -> str:
    found = list(texts)
    return found[0] if len(found) == 1 else f"{{ {', '.join(found)} }}"
