"""Owns whether a cluster's networks clash with the machine's or each other, and which are free.

Pure: what the machine has comes in as values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network

from minikube8s.cluster.config import Settings
from minikube8s.kit import labnames
from minikube8s.kit.localaddresses import LocalAddress, address_label
from minikube8s.kit.localroutes import LocalRoute

POD, SERVICE, LAB = "pod", "service", "lab"
OPTIONS: Mapping[str, str] = {
    POD: "--pod-cidr or MK8S_POD_CIDR",
    SERVICE: "--service-cidr or MK8S_SERVICE_CIDR",
    LAB: "--lab-cidr or MK8S_LAB_CIDR",
}
_OWN_LINKS = ("mk8s", "vx-", "lb:")
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


@dataclass(frozen=True, slots=True)
class Used:
    """A network that the machine uses. `hidden` is one that lies behind a gateway: a network of the
    cluster within it does no harm but to the hosts there that have the same addresses.
    """

    network: IPv4Network
    how: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Clash:
    """Two networks that overlap; `harmless`: only hosts far away cannot be reached any more."""

    what: str
    network: IPv4Network
    how: str
    harmless: bool
    other: str = ""
    """The cluster's other network, where that is the one."""


def wanted(settings: Settings) -> dict[str, IPv4Network]:
    """The IPv4 networks of a cluster."""
    found = {POD: _ipv4(settings.pod_cidr), SERVICE: _ipv4(settings.service_cidr)}
    known = {what: network for what, network in found.items() if network is not None}
    return known | wanted_by_lab(settings) if settings.lab else known


def wanted_by_lab(settings: Settings) -> dict[str, IPv4Network]:
    """The network of the cluster's lab, whether it has one or not yet."""
    return {LAB: IPv4Network(settings.lab_cidr)}


def used(
    addresses: Sequence[LocalAddress], routes: Iterable[LocalRoute], running: Settings | None = None
) -> list[Used]:
    """What the machine uses, but for what the cluster of these settings, if it runs, has made."""
    own = address_label(running.name) if running else ""
    lab = labnames.bridge(running.name) if running else ""
    here = any(local.label == own for local in addresses)
    pods = _ipv4(running.pod_cidr) if running and here else None
    found = [
        Used(IPv4Network(local.address), f"{local.label} has the address {local.address}")
        for local in addresses
        if local.label not in (own, lab)
        and not _is_own(local.label)
        and not local.address.is_loopback
    ]
    found += [
        Used(route.network, f"{route.link} has a route to {route.network}", not route.connected)
        for route in routes
        if route.link != lab
        and not _is_own(route.link)
        and not (route.link == "lo" and here)
        # to the pods of other nodes
        and not (pods and not route.connected and route.network.subnet_of(pods))
    ]
    return found


def clashes(networks: Mapping[str, IPv4Network], taken: Sequence[Used]) -> list[Clash]:
    """Everything that overlaps, the cluster's own networks among each other first."""
    found = []
    names = list(networks)
    for position, one in enumerate(names):
        for other in names[position + 1 :]:
            if networks[one].overlaps(networks[other]):
                how = f"the {other} network is {networks[other]}"
                found.append(Clash(one, networks[one], how, harmless=False, other=other))
    for what, network in networks.items():
        for each in taken:
            if network.overlaps(each.network):
                wider = each.hidden and each.network.prefixlen < network.prefixlen
                found.append(Clash(what, network, each.how, wider))
    return found


def proposal(network: IPv4Network, avoided: Iterable[IPv4Network]) -> IPv4Network | None:
    """A free network of the same size, the next one after the clashing if there is one.

    None when no private network of that size is free.
    """
    taken = list(avoided)
    for space in sorted(_PRIVATE, key=lambda each: not network.subnet_of(each)):
        if network.prefixlen < space.prefixlen:
            continue
        count, size = 1 << (network.prefixlen - space.prefixlen), network.num_addresses
        first = int(space.network_address)
        inside = network.subnet_of(space)
        start = (int(network.network_address) - first) // size + 1 if inside else 0
        step = 0
        while step < count:
            number = (start + step) % count
            place = first + number * size
            candidate = IPv4Network((place, network.prefixlen))
            hit = next((each for each in taken if candidate.overlaps(each)), None)
            if hit is None:
                return candidate
            # what a wide network covers is passed over at once
            end = int(hit.broadcast_address) + 1
            step += max(1, (end - place) // size)
    return None


def sentence(clash: Clash, networks: Mapping[str, IPv4Network], taken: Sequence[Used]) -> str:
    """What is wrong and which network to choose instead."""
    others = [network for what, network in networks.items() if what != clash.what]
    free = proposal(clash.network, [*others, *(each.network for each in taken)])
    hint = f", for example {free}" if free else ""
    return (
        f"The {clash.what} network {clash.network} is in use on this machine: {clash.how}. Choose "
        f"another with {OPTIONS[clash.what]}{hint}."
    )


def _is_own(link: str) -> bool:
    return link.startswith(_OWN_LINKS)


def _ipv4(networks: str) -> IPv4Network | None:
    parsed = (ip_network(each.strip()) for each in networks.split(","))
    return next((each for each in parsed if isinstance(each, IPv4Network)), None)
