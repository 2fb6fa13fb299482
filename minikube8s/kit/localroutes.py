"""Owns the question which IPv4 networks this network namespace has routes to."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

_TABLE = Path("/proc/net/route")


@dataclass(frozen=True, slots=True)
class LocalRoute:
    """One route; `connected`: its hosts are on the link itself, not behind a gateway."""

    link: str
    network: IPv4Network
    connected: bool


def local_routes() -> list[LocalRoute]:
    """Every route of the main table but those to everywhere."""
    return parse(_TABLE.read_text())


def parse(table: str) -> list[LocalRoute]:
    """Read the kernel's table: numbers are in hexadecimal, their bytes reversed."""
    routes = []
    for line in table.splitlines()[1:]:
        link, destination, gateway, _, _, _, _, mask, *_ = line.split()
        network = IPv4Network((_address(destination), str(_address(mask))))
        if network.prefixlen:
            routes.append(LocalRoute(link, network, connected=not int(gateway, 16)))
    return routes


def _address(text: str) -> IPv4Address:
    return IPv4Address(int(text, 16).to_bytes(4, "little"))
