"""Owns what must hold before a cluster starts: root, an engine, libraries, memory, free ports.

Each check raises ClusterError with the sentence that tells the user what to do; none changes a
thing. The ports are tried, not guessed: what this machine lets a daemon bind is what counts.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys

from minikube8s.cluster import addresses
from minikube8s.cluster.checkup import machine, machinefindings, networks
from minikube8s.cluster.checkup.findings import Mark
from minikube8s.cluster.config import Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.kit import namelock, portholders
from minikube8s.kit.localaddresses import address_label, local_addresses
from minikube8s.kit.localroutes import local_routes

_PING = b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n"


def require_root(command: str) -> None:
    """Raise unless this process is root."""
    if os.geteuid() != 0:
        raise ClusterError(
            f"`mk8s {command}` needs root, because pods get network namespaces and Services get "
            f"firewall rules. Run it as root: sudo {sys.argv[0]} {command}"
        )


def require_engine(docker_host: str) -> None:
    """Raise unless a Docker engine answers at ``docker_host``."""
    scheme, _, place = docker_host.partition("://")
    address: str | tuple[str, int]
    if scheme == "unix":
        family, address = socket.AF_UNIX, place
    elif scheme == "tcp":
        host, _, port = place.partition(":")
        family, address = socket.AF_INET, (host, int(port) if port.isdigit() else 2375)
    else:
        raise ClusterError(
            f"DOCKER_HOST {docker_host!r} is not understood: it must read unix:///path or "
            "tcp://host:port."
        )
    try:
        with socket.socket(family) as connection:
            connection.settimeout(10)
            connection.connect(address)
            connection.sendall(_PING)
            answer = connection.recv(64)
    except PermissionError:
        raise ClusterError(
            f"You may not talk to the Docker engine at {docker_host}: run as root."
        ) from None
    # what is no port or no host's name is no system's error
    except (OSError, OverflowError, UnicodeError) as error:
        why = getattr(error, "strerror", "") or error
        raise ClusterError(
            f"No Docker engine answers at {docker_host} ({why}). Start it "
            "(`systemctl start docker`), install it (`apt-get install docker.io`), or name another "
            "with DOCKER_HOST."
        ) from None
    if b" 200 " not in answer:
        raise ClusterError(
            f"What answers at {docker_host} is not a healthy Docker engine: "
            f"{answer.decode(errors='replace').splitlines()[0] if answer else 'nothing'}."
        )


def require_nftables() -> None:
    """Raise unless libnftables can be loaded."""
    try:
        ctypes.CDLL("libnftables.so.1")
    except OSError:
        raise ClusterError(
            "libnftables.so.1 is missing, and Services are nftables rules: install it "
            "(`apt-get install libnftables1`, or the nftables package of your distribution)."
        ) from None


def require_memory() -> None:
    """Raise where the daemons would take the last memory that there is."""
    found = machinefindings.of_memory(machine.read(os.environ))
    if found.mark is Mark.FAULT:
        raise ClusterError(found.text)


def own_addresses() -> list[str]:
    """This machine's addresses, but for those of itself alone."""
    return [str(one.address) for one in local_addresses() if not one.address.is_loopback]


def require_own_address(node_ip: str) -> None:
    """Raise unless that is an address of this machine, or none is given."""
    found = own_addresses()
    if node_ip and node_ip not in found:
        raise ClusterError(
            f"This machine has no address {node_ip}; it has {', '.join(found) or 'none at all'}: "
            "give one of them with --node-ip."
        )


def require_port(address: str, port: int, what: str, option: str) -> None:
    """Raise unless ``port`` can be bound on ``address``."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            variable = "MK8S_" + option.removeprefix("--").replace("-", "_").upper()
            who = portholders.holder(port) or "another program or another cluster"
            raise ClusterError(
                f"Port {port} on {address}, for {what}, cannot be used ({error.strerror}): {who} "
                f"has it. Stop that, or choose another port with {option} or {variable}."
            ) from None


def require_ports(settings: Settings) -> None:
    """Raise unless both ports of the master can be bound."""
    addresses.require_listening(settings)
    require_port(settings.listen, settings.api_port, "the API server", "--api-port")
    require_port(settings.listen, settings.agent_port, "the agents", "--agent-port")


def require_own_name(name: str) -> None:
    """Raise when another cluster of this name works here: their pods could not be told apart."""
    if namelock.is_taken(namelock.agent_name(name)):
        raise ClusterError(_namesake(name))


def require_room(settings: Settings) -> None:
    """Raise when a new cluster's name or networks are in use on this machine."""
    here = local_addresses()
    if any(local.label == address_label(settings.name) for local in here):
        raise ClusterError(_namesake(settings.name))
    wanted = networks.wanted(settings)
    taken = networks.used(here, local_routes())
    for clash in networks.clashes(wanted, taken):
        if not clash.harmless:
            raise ClusterError(networks.sentence(clash, wanted, taken))


def clashes_apart(settings: Settings) -> list[str]:
    """What is wrong where networks of a cluster that this machine joins are in use here."""
    taken = networks.used(local_addresses(), local_routes(), settings)
    found: dict[str, str] = {}
    for clash in networks.clashes(networks.wanted(settings), taken):
        if not clash.harmless:
            sentence = (
                f"The cluster's {clash.what} network {clash.network} is in use on this machine: "
                f"{clash.how}. A cluster's networks are chosen when it is made, with "
                f"{networks.OPTIONS[clash.what]}; or give this machine another network."
            )
            found.setdefault(clash.what, sentence)
    return list(found.values())


def require_lab_network(settings: Settings) -> None:
    """Raise when addresses of the lab's network are in use on this machine."""
    wanted = networks.wanted(settings)
    taken = networks.used(local_addresses(), local_routes(), settings)
    for clash in networks.clashes(wanted, taken):
        if clash.what == networks.LAB and not clash.harmless:
            raise ClusterError(networks.sentence(clash, wanted, taken))


def _namesake(name: str) -> str:
    return (
        f"A cluster named {name} is on this machine already, in another directory. Stop that with "
        "`mk8s down`, or make the new cluster with another name: --name or MK8S_NAME of `mk8s up`."
    )


def check(settings: Settings, *, new: bool, ports: bool, agent: bool, lab: bool) -> None:
    """All checks of ``mk8s up``.

    ``new``: no cluster was here before. ``ports`` and ``agent``: no daemon of this cluster holds
    the ports, and its first agent does not run. ``lab``: it gets a lab now.
    """
    require_engine(settings.docker_host)
    require_nftables()
    if ports or agent:
        require_memory()
    require_own_address(settings.node_ip)
    if agent:
        require_own_name(settings.name)
    if new:
        require_room(settings)
    if lab:
        require_lab_network(settings)
    if ports:
        require_ports(settings)
