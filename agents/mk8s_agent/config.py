"""What the agent is told when it starts: one JSON file."""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec

from mk8s_agent.network import record
from mk8s_agent.node.settings import KubeletSettings, problem


class ConfigurationError(Exception):
    """The configuration cannot be used; the message says why."""


class AgentConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration file's fields.

    `master` is host:port of the agents' port; `ca`, `cert` and `key` are PEM files, as is
    `request`, with which the agent asks for its next certificate; empty: others renew it.
    `state_dir` is the agent's own, for as long as the node exists. `docker_host` is written as in
    DOCKER_HOST; empty means Docker's default socket. `node_ip` is the address by which others
    reach this node; empty lets the agent find it.
    `network_namespace` is the file of the one that is this node, entered at the start; empty: the
    one that the agent was started in. `lab_cidr` is the network of the nodes that are network
    namespaces of this machine, where it is the one that joins them and leads them out.
    `static_pod_path` is the directory of static pods' manifests; empty is `manifests` in the state
    directory. `roles` become labels of the Node (`control-plane`). `kubelet` is what a kubelet's
    configuration would say.
    """

    ca: str
    cert: str
    key: str
    state_dir: str
    request: str = ""
    cluster: str = "mk8s"
    node: str = ""
    master: str = "127.0.0.1:6444"
    docker_host: str = ""
    cluster_cidr: str = "10.244.0.0/16"
    service_cidr: str = "10.96.0.0/12"
    node_ip: str = ""
    network_namespace: str = ""
    lab_cidr: str = ""
    pause_image: str = "mk8s/pause:1.1"
    static_pod_path: str = ""
    roles: tuple[str, ...] = ()
    log_level: str = "INFO"
    kubelet: KubeletSettings = KubeletSettings()

    @property
    def pid_file(self) -> Path:
        """Locked while an agent works with this state."""
        return Path(self.state_dir) / "agent.pid"

    @property
    def manifests_dir(self) -> Path:
        """Where the static pods' manifests are."""
        return Path(self.static_pod_path or Path(self.state_dir) / "manifests")

    @property
    def pulled_file(self) -> Path:
        """Where the images are written down that came because pods wanted them."""
        return Path(self.state_dir) / "pulled-images.json"

    @property
    def pods_dir(self) -> Path:
        """Where the files of pods are."""
        return Path(self.state_dir) / "pods"

    @property
    def volumes_dir(self) -> Path:
        """Where the directories of PersistentVolumes are."""
        return Path(self.state_dir) / "volumes"

    @property
    def record_dir(self) -> Path:
        """Where is written down what the node's network namespace was before."""
        return Path(self.state_dir) if self.network_namespace else record.OF_MACHINE

    @property
    def memory_dir(self) -> Path:
        """Where the files of pods are that must not be on disk."""
        return Path(self.state_dir) / "memory"


def load(path: Path) -> AgentConfig:
    """Read the file. Raises ConfigurationError."""
    try:
        config = msgspec.json.decode(path.read_bytes(), type=AgentConfig)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{path} is not an agent's configuration: {error}") from error
    if wrong := problem(config.kubelet):
        raise ConfigurationError(f"the kubelet's configuration cannot be used: {wrong}")
    if config.node:
        return config
    return msgspec.structs.replace(config, node=socket.gethostname().lower())
