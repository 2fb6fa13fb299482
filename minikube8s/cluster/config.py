"""Owns which ports, networks and names a cluster uses, and that its home remembers them.

Which values are in force is `resolving`'s, what they may be is `settingrules`'.
"""

from __future__ import annotations

import ipaddress

import msgspec

from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.places import Place
from minikube8s.kit.privatefiles import write_private

DEFAULT_DOCKER_HOST = "unix:///var/run/docker.sock"


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


class Home(Place):
    """The files of one cluster, and its settings."""

    def load(self) -> Settings:
        """The remembered settings. Raises ClusterError when there are none to be read."""
        from minikube8s.cluster import settingrules  # noqa: PLC0415 - which knows Settings from here

        try:
            found = msgspec.json.decode(self.settings.read_bytes(), type=Settings)
            settingrules.check(found)
        except FileNotFoundError:
            raise ClusterError(
                f"There is no cluster in {self.path}. Create one with `mk8s up`, or name its "
                "directory with --home or MK8S_HOME."
            ) from None
        except PermissionError:
            raise ClusterError(
                f"{self.settings} is not readable for you: run the command as root (sudo)."
            ) from None
        except OSError as error:
            raise self._damaged(error.strerror) from None
        except (msgspec.DecodeError, ClusterError) as error:
            raise self._damaged(error) from None
        return found

    def _damaged(self, why: object) -> ClusterError:
        return ClusterError(
            f"{self.settings} is damaged ({str(why).removesuffix('.')}). Remove the cluster with "
            "`mk8s down --purge` and create it again."
        )

    def save(self, settings: Settings) -> None:
        """Remember ``settings``, atomically."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self.settings, msgspec.json.format(msgspec.json.encode(settings)) + b"\n")
