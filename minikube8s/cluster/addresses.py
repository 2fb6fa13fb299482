"""Owns under which addresses the master, where it listens, is found by others."""

from __future__ import annotations

import socket
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from minikube8s.cluster.config import Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.kit.localaddresses import is_added, local_addresses

ANY = "0.0.0.0"
LAB_IS_ALONE = (
    "The cluster has a lab, whose nodes' addresses are known on its machine alone, so no other "
    "machine can join: make a cluster without lab nodes for that."
)
_ELSEWHERE = ("192.0.2.1", 9)
"""Documentation's own network: nothing is sent, the kernel only chooses the way."""


def published(settings: Settings, outward: str) -> str:
    """The API server's address in the endpoints of Service default/kubernetes.

    On loopback nobody but this machine's node reaches the API, whose proxy leads what its pods send
    to the pod network's first address there. `outward`: this machine's address towards others.
    """
    found = [outward if address == ANY else address for address in settings.listening]
    reachable = [a for a in (*found, settings.lab_address) if a and not ip_address(a).is_loopback]
    return reachable[0] if reachable else _first(settings.pod_cidr)


def bound(settings: Settings) -> str:
    """The one address by which other machines know this one; "" where none was chosen."""
    if settings.node_ip:
        return settings.node_ip
    address = settings.listen
    return "" if address == ANY or ip_address(address).is_loopback else address


def joinable(settings: Settings) -> str:
    """Where other machines find the API, host:port. Raises ClusterError where they cannot.

    A name that was chosen goes before the address, which may change.
    """
    if settings.lab:
        raise ClusterError(LAB_IS_ALONE)
    found = [own(settings) if address == ANY else address for address in settings.listening]
    for address in found:
        if address and not ip_address(address).is_loopback:
            return f"{next(iter(settings.names), address)}:{settings.api_port}"
    raise ClusterError(
        f"The master listens on {', '.join(settings.listening)}, where no other machine reaches "
        "it: run `mk8s down`, then `mk8s up --listen 0.0.0.0`."
    )


def served(settings: Settings) -> list[str]:
    """Every address, and every chosen name, that the server's certificate has to name."""
    found = [address for address in settings.listening if address != ANY]
    if not found:
        found = _of_machine()
    lab = [settings.lab_address] if settings.lab_address else []
    services = [str(network[1]) for network in _networks(settings.service_cidr)]
    return [
        "127.0.0.1",
        *services,
        published(settings, own(settings)),
        *found,
        *lab,
        *settings.names,
    ]


def own(settings: Settings) -> str:
    """The address by which others know this machine: the one chosen, else what the kernel says."""
    return settings.node_ip or outward()


def outward() -> str:
    """The address by which this machine is known to others; "" when it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
            return str(probe.getsockname()[0])
        except OSError:
            pass
    return next((one for one in _of_machine() if not ip_address(one).is_loopback), "")


def towards(host: str, port: int) -> str:
    """The address of this machine by which it reaches another one. Raises ClusterError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, port))
        except OSError as error:
            raise ClusterError(
                f"There is no way from this machine to {host} ({error.strerror or error}): see "
                "its network (`ip route`)."
            ) from None
        return str(probe.getsockname()[0])


def lost(settings: Settings) -> str:
    """The one address that the master listens on, where this machine has not got it; else ""."""
    if settings.listen == ANY or ip_address(settings.listen).is_loopback:
        return ""
    there = any(str(local.address) == settings.listen for local in local_addresses())
    return "" if there else settings.listen


def require_listening(settings: Settings) -> None:
    """Raise where the master cannot begin to listen, because this machine has not the address."""
    if address := lost(settings):
        raise ClusterError(
            f"This machine has no address {address} for the master to listen on: give it to the "
            "machine, or name another, `mk8s up --listen ADDRESS` (0.0.0.0: whichever there are)."
        )


def told_lost(address: str) -> tuple[str, str]:
    """What is wrong where a master that runs has lost its address, and what to do."""
    return (
        f"The master listens on {address}, which this machine has no more, so nobody reaches it.",
        "Give it back to the machine, and all goes on by itself; or `mk8s down`, then `mk8s up "
        "--listen ADDRESS` (0.0.0.0: whichever there are).",
    )


def _of_machine() -> list[str]:
    """The machine's addresses, but for what clusters added to them."""
    return [str(local.address) for local in local_addresses() if not is_added(local)]


def _networks(text: str) -> list[IPv4Network | IPv6Network]:
    """Networks that are written with commas between them."""
    return [ip_network(each.strip()) for each in text.split(",")]


def _first(networks: str) -> str:
    """The first address of the first of some networks, one of IPv4 where there is any."""
    found = sorted(_networks(networks), key=lambda network: network.version)
    return str(found[0][1])
