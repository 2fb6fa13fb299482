"""Owns where a cluster keeps its files and which ports, networks and names it uses.

Every setting is an option of ``mk8s up`` and an environment variable; what a cluster was created
with is remembered in its home, so that later commands need neither.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path

import msgspec

from minikube8s.cluster import ranges
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.places import Place
from minikube8s.kit.addresspool import AddressPool, BadPool

DEFAULT_DOCKER_HOST = "unix:///var/run/docker.sock"

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?")
NODE_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


class LabNode(msgspec.Struct, frozen=True):
    """A node that is a network namespace of this machine, and its address on the lab's bridge."""

    name: str
    address: str


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What one cluster is: its name, ports and networks. Remembered in ``settings.json``."""

    name: str = "mk8s"
    listen: str = msgspec.field(default="127.0.0.1", name="bind")
    """Its former name stays in the file: clusters that were made then go on listening there."""
    api_port: int = 6443
    agent_port: int = 6444
    pod_cidr: str = "10.244.0.0/16"
    service_cidr: str = "10.96.0.0/12"
    node_ports: str = "30000-32767"
    load_balancer_pool: str = ""
    ingress_image: str = "nginx:latest"
    node_name: str = ""
    node_ip: str = ""
    server_names: str = ""
    docker_host: str = DEFAULT_DOCKER_HOST
    kubelet_config: str = ""
    scheduler_config: str = ""
    node_grace: int = 40
    pod_network: str = "auto"
    vxlan_id: int = 0
    vxlan_port: int = 8472
    lab_cidr: str = "192.168.123.0/24"
    lab: bool = False
    lab_nodes: tuple[LabNode, ...] = ()

    @property
    def lab_address(self) -> str:
        """The machine's own address on the lab's bridge; empty where there is no lab."""
        return str(ipaddress.IPv4Network(self.lab_cidr)[1]) if self.lab else ""

    @property
    def listening(self) -> tuple[str, ...]:
        """The addresses that the master listens on: with a lab also the bridge's."""
        if self.listen == "0.0.0.0" or self.lab_address in ("", self.listen):
            return (self.listen,)
        return (self.listen, self.lab_address)

    @property
    def names(self) -> tuple[str, ...]:
        """What else the master is called by other machines, the name that they shall use first."""
        given = (name.strip().lower() for name in self.server_names.split(","))
        return tuple(name for name in given if name)

    @property
    def node_port_range(self) -> tuple[int, int]:
        """First and last port that a Service of type NodePort may take."""
        first, _, last = self.node_ports.partition("-")
        return int(first), int(last)


# setting -> the environment variable that gives it when no option does
ENVIRONMENT: Mapping[str, str] = {
    "name": "MK8S_NAME",
    "listen": "MK8S_LISTEN",
    "api_port": "MK8S_API_PORT",
    "agent_port": "MK8S_AGENT_PORT",
    "pod_cidr": "MK8S_POD_CIDR",
    "service_cidr": "MK8S_SERVICE_CIDR",
    "node_ports": "MK8S_NODE_PORTS",
    "load_balancer_pool": "MK8S_LOAD_BALANCER_POOL",
    "ingress_image": "MK8S_INGRESS_IMAGE",
    "node_name": "MK8S_NODE_NAME",
    "node_ip": "MK8S_NODE_IP",
    "server_names": "MK8S_SERVER_NAMES",
    "docker_host": "DOCKER_HOST",
    "kubelet_config": "MK8S_KUBELET_CONFIG",
    "scheduler_config": "MK8S_SCHEDULER_CONFIG",
    "node_grace": "MK8S_NODE_GRACE",
    "pod_network": "MK8S_POD_NETWORK",
    "vxlan_id": "MK8S_VXLAN_ID",
    "vxlan_port": "MK8S_VXLAN_PORT",
    "lab_cidr": "MK8S_LAB_CIDR",
}

LEAST_GRACE, MOST_GRACE = 4, 3600
"""Seconds until a silent node is not ready; an agent says once a second, at most, that it lives."""
POD_NETWORKS = ("auto", "host-gw", "vxlan")

# what a cluster's certificates, addresses and containers depend on: fixed once it exists
FIXED = ("name", "pod_cidr", "service_cidr", "node_name")
# … and what a lab depends on
FIXED_IN_LAB = ("lab_cidr",)


class Home(Place):
    """The files of one cluster, and its settings."""

    def load(self) -> Settings:
        """The remembered settings. Raises ClusterError when there are none to be read."""
        try:
            return msgspec.json.decode(self.settings.read_bytes(), type=Settings)
        except FileNotFoundError:
            raise ClusterError(
                f"There is no cluster in {self.path}. Create one with `mk8s up`, or name its "
                "directory with --home or MK8S_HOME."
            ) from None
        except PermissionError:
            raise ClusterError(
                f"{self.settings} is not readable for you: run the command as root (sudo)."
            ) from None
        except msgspec.DecodeError as error:
            raise ClusterError(
                f"{self.settings} is damaged ({error}). Remove the cluster with "
                "`mk8s down --purge` and create it again."
            ) from None

    def save(self, settings: Settings) -> None:
        """Remember ``settings``, atomically."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self.settings, msgspec.json.format(msgspec.json.encode(settings)) + b"\n")


def write_private(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content`` at once; only the owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        # of one that an end of the program left there, too
        os.fchmod(descriptor, 0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def resolve(
    home: Home, options: Mapping[str, str | int | None], environment: Mapping[str, str]
) -> Settings:
    """The settings in force: option, else environment, else what the cluster has, else default.

    Raises ClusterError for a value that cannot be used or that would change a fixed property of a
    cluster that exists.
    """
    stored = home.load() if home.exists() else None
    wanted: dict[str, str | int] = {}
    for setting, variable in ENVIRONMENT.items():
        given = options.get(setting)
        if given is None:
            given = environment.get(variable) or None
        if given is not None:
            wanted[setting] = _converted(setting, variable, given)
    for setting in ("kubelet_config", "scheduler_config"):
        if setting in wanted:
            wanted[setting] = str(Path(str(wanted[setting])).absolute())
    base = stored or Settings(node_name=default_node_name())
    settings = msgspec.structs.replace(base, **wanted)
    _check(settings)
    if stored is not None:
        for setting in (*FIXED, *(FIXED_IN_LAB if stored.lab else ())):
            old, new = getattr(stored, setting), getattr(settings, setting)
            if old != new:
                raise ClusterError(
                    f"The cluster in {home.path} was created with {setting.replace('_', ' ')} "
                    f"{old}; it cannot become {new}. Remove it with `mk8s down --purge`, or make a "
                    "second cluster in another directory with --home."
                )
    return settings


def default_node_name() -> str:
    """This machine's host name in the form of a node name."""
    name = re.sub(r"[^a-z0-9.-]+", "-", socket.gethostname().lower()).strip("-.")
    return name or "node"


def _converted(setting: str, variable: str, given: str | int) -> str | int:
    if setting.endswith("_port"):
        return _number(variable, given)
    if setting == "vxlan_id":
        return _vxlan_id(variable, given)
    if setting == "node_grace":
        return _grace(variable, given)
    return ranges.tidy(str(given)) if setting.endswith("_cidr") else str(given)


def _vxlan_id(variable: str, given: str | int) -> int:
    try:
        number = int(given)
    except ValueError:
        number = -1
    if not 0 <= number < 1 << 24:
        raise ClusterError(
            f"{variable}: {given!r} is not a VXLAN network (1 to 16777215, or 0 for the one that "
            "the cluster's name gives)."
        )
    return number


def _grace(variable: str, given: str | int) -> int:
    if not re.fullmatch(r"\d{1,4}", str(given)) or not LEAST_GRACE <= int(given) <= MOST_GRACE:
        raise ClusterError(
            f"{variable}: {given!r} is not a time in seconds from {LEAST_GRACE} to {MOST_GRACE}."
        )
    return int(given)


def _number(variable: str, given: str | int) -> int:
    try:
        port = int(given)
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise ClusterError(f"{variable}: {given!r} is not a port number (1 to 65535).")
    return port


def require_node_name(name: str) -> None:
    """Raise unless a node can have that name."""
    if not NODE_NAME.fullmatch(name):
        raise ClusterError(
            f"The node name {name!r} must consist of lower-case letters, digits, '-' and '.': "
            "choose one with --node-name."
        )


def require_node_ip(address: str) -> None:
    """Raise unless that can be a node's address; "" leaves the choice to mk8s."""
    try:
        found = ipaddress.IPv4Address(address or "192.0.2.1")
    except ValueError:
        found = ipaddress.IPv4Address(0)
    if found.is_unspecified or found.is_loopback or found.is_multicast:
        raise ClusterError(
            f"{address!r} is not an IPv4 address by which other machines could reach this one: "
            "give one of its own with --node-ip."
        )


def _check(settings: Settings) -> None:
    if not _NAME.fullmatch(settings.name):
        raise ClusterError(
            f"The cluster name {settings.name!r} must be 1 to 15 lower-case letters, digits or '-'."
        )
    require_node_name(settings.node_name)
    require_node_ip(settings.node_ip)
    for name in settings.names:
        if not NODE_NAME.fullmatch(name):
            raise ClusterError(
                f"--server-names: {name!r} is neither a DNS name nor an IPv4 address; give several "
                "with commas between."
            )
    if settings.api_port == settings.agent_port:
        raise ClusterError("The API port and the agent port must differ.")
    pods, services = ranges.check(settings.pod_cidr, settings.service_cidr)
    if settings.pod_network not in POD_NETWORKS:
        raise ClusterError(
            f"The pod network {settings.pod_network!r} must be one of {', '.join(POD_NETWORKS)}."
        )
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", settings.node_ports)
    if not match or not 0 < int(match[1]) <= int(match[2]) < 65536:
        raise ClusterError(
            f"The node port range {settings.node_ports!r} must read FIRST-LAST, like 30000-32767."
        )
    _check_pool(settings.load_balancer_pool, pods, services)
    try:
        ipaddress.IPv4Address(settings.listen)
    except ValueError:
        raise ClusterError(
            f"{settings.listen!r} is not an IPv4 address to listen on (0.0.0.0 means all of them)."
        ) from None


def _check_pool(text: str, pods: ipaddress.IPv4Network, services: ipaddress.IPv4Network) -> None:
    try:
        pool = AddressPool.parse(text)
    except BadPool as error:
        raise ClusterError(
            f"--load-balancer-pool: {error}. Give it like 192.168.1.200-192.168.1.250 or "
            "192.168.1.128/28, several of them with commas."
        ) from None
    for what, network in (("pod", pods), ("service", services)):
        if pool.overlaps(network):
            raise ClusterError(
                f"The load balancer pool {pool} and the {what} network {network} overlap: choose "
                "addresses of the nodes' own network with --load-balancer-pool."
            )
