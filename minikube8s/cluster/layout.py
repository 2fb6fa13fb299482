"""Owns how a home becomes two daemons: command lines, configuration, pid files, logs."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from minikube8s.cluster import kubelet
from minikube8s.cluster.config import Home, Settings, write_private
from minikube8s.cluster.daemons import Daemon


class MasterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What ``python -m minikube8s.cluster.master --config FILE`` reads."""

    settings: Settings
    pki: str
    state_dir: str
    pid_file: str


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


def agent(home: Home) -> Daemon:
    """The agent of the cluster's first node, on this machine."""
    return Daemon(
        name="agent",
        command=(sys.executable, "-m", "mk8s_agent", "--config", str(agent_config(home))),
        pid_file=home.agent / "agent.pid",
        log=home.logs / "agent.log",
    )


def agent_config(home: Home) -> Path:
    """Where the agent's configuration lies."""
    return home.agent / "agent.json"


def write_configuration(home: Home, settings: Settings) -> None:
    """Write both daemons' configuration files (the agent's fields: mk8s_agent.config)."""
    write_private(
        home.master / "master.json",
        msgspec.json.encode(
            MasterConfig(
                settings=settings,
                pki=str(home.pki),
                state_dir=str(home.master),
                pid_file=str(home.master / "master.pid"),
            )
        ),
    )
    host = "127.0.0.1" if settings.bind == "0.0.0.0" else settings.bind
    write_private(
        agent_config(home),
        msgspec.json.encode(
            {
                "cluster": settings.name,
                "node": settings.node_name,
                "master": f"{host}:{settings.agent_port}",
                "ca": str(home.pki / "ca.crt"),
                "cert": str(home.pki / "agent.crt"),
                "key": str(home.pki / "agent.key"),
                "state_dir": str(home.agent),
                "docker_host": settings.docker_host,
                "cluster_cidr": settings.pod_cidr,
                "service_cidr": settings.service_cidr,
                "roles": ["control-plane"],
                "kubelet": kubelet.read(settings.kubelet_config),
            }
        ),
    )
