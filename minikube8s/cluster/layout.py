"""Owns how a home becomes daemons, a master and an agent a node: commands, configuration, logs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from minikube8s.cluster import addresses, kubelet, lab, schedulerconfig
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.schedulerconfig import ProfileConfig
from minikube8s.cluster.supervising.daemons import Daemon
from minikube8s.kit import labnames
from minikube8s.kit.privatefiles import write_private


class MasterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What ``python -m minikube8s.cluster.master --config FILE`` reads."""

    settings: Settings
    pki: str
    state_dir: str
    pid_file: str
    profiles: tuple[ProfileConfig, ...] = (ProfileConfig(),)
    """The scheduler's."""
    named: tuple[str, ...] = ()
    """What the API's certificate names for sure, of all that it is found by."""


def master(home: Home) -> Daemon:
    """The master of the cluster in ``home``."""
    return Daemon(
        name="master",
        command=(
            sys.executable, "-m", "minikube8s.cluster.master",
            "--config", f"{home.master}/master.json",
        ),
        pid_file=home.master / "master.pid",
        log=home.logs / "master.log",
    )  # fmt: skip


def agent(home: Home, lab_node: str = "") -> Daemon:
    """The agent of a node of the lab, without a name that of the first node: this machine."""
    name = f"agent-{lab_node}" if lab_node else "agent"
    return Daemon(
        name=name,
        command=(sys.executable, "-m", "mk8s_agent", "--config", str(agent_config(home, lab_node))),
        pid_file=node_home(home, lab_node) / "agent.pid",
        log=home.logs / f"{name}.log",
    )


def agents(home: Home, settings: Settings) -> dict[str, Daemon]:
    """Every agent of this machine by its node, the first node's first."""
    others = {node.name: agent(home, node.name) for node in settings.lab_nodes}
    return {settings.node_name: agent(home), **others}


def node_home(home: Home, lab_node: str = "") -> Path:
    """Where a node's agent keeps what must survive it."""
    return home.nodes / lab_node if lab_node else home.agent


def lab_nodes(home: Home) -> list[str]:
    """The lab's nodes that have a home here, also one that was removed only half."""
    return sorted(entry.name for entry in home.nodes.iterdir()) if home.nodes.is_dir() else []


def agent_identity(home: Home, lab_node: str = "") -> tuple[Path, Path]:
    """Where an agent's certificate and key lie."""
    name = f"agent-{lab_node}" if lab_node else "agent"
    return home.pki / f"{name}.crt", home.pki / f"{name}.key"


def agent_config(home: Home, lab_node: str = "") -> Path:
    """Where an agent's configuration lies."""
    return node_home(home, lab_node) / "agent.json"


def cluster_in(file: Path) -> str:
    """The name of the cluster that a home's file is of; "" where it cannot be read."""
    try:
        told = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return ""
    settings = told.get("settings")
    name = (settings if isinstance(settings, dict) else {}).get("name")
    return str(name or told.get("cluster") or told.get("name") or "")


def write_configuration(home: Home, settings: Settings) -> None:
    """Write every daemon's configuration file (the agents' fields: mk8s_agent.config)."""
    write_private(
        home.master / "master.json",
        msgspec.json.encode(
            MasterConfig(
                settings=settings,
                pki=str(home.pki),
                state_dir=str(home.master),
                pid_file=str(home.master / "master.pid"),
                profiles=schedulerconfig.read(settings.scheduler_config),
                named=tuple(addresses.served(settings)),
            )
        ),
    )
    host = "127.0.0.1" if settings.listen == "0.0.0.0" else settings.listen
    common = {
        "cluster": settings.name,
        "ca": str(home.pki / "ca.crt"),
        "docker_host": settings.docker_host,
        "cluster_cidr": settings.pod_cidr,
        "service_cidr": settings.service_cidr,
        "kubelet": kubelet.read(settings.kubelet_config),
    }
    first = {
        "node": settings.node_name,
        "master": f"{host}:{settings.agent_port}",
        **_identity(home),
        "state_dir": str(home.agent),
        "roles": ["control-plane"],
        "node_ip": settings.lab_address or addresses.bound(settings),
        "lab_cidr": settings.lab_cidr if settings.lab else "",
    }
    write_private(agent_config(home), msgspec.json.encode(common | first))
    if settings.lab:
        write_private(home.lab, lab.spec(settings))
    for node in settings.lab_nodes:
        other = {
            "node": node.name,
            "master": f"{settings.lab_address}:{settings.agent_port}",
            **_identity(home, node.name),
            "state_dir": str(node_home(home, node.name)),
            "node_ip": node.address,
            "network_namespace": str(labnames.namespace(settings.name, node.name)),
        }
        write_private(agent_config(home, node.name), msgspec.json.encode(common | other))


def _identity(home: Home, lab_node: str = "") -> dict[str, str]:
    certificate, key = agent_identity(home, lab_node)
    return {"cert": str(certificate), "key": str(key)}
