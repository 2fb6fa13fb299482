"""Owns starting and stopping a simulated cluster: its files and its two daemons.

It may be started at any time: what runs is left alone unless its size changes.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import msgspec

from minikube8s.cluster import homelock, layout, lifecycle, preparing
from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.lifecycle import START_SECONDS, STOP_SECONDS, Component, Say
from minikube8s.cluster.simulated import plan
from minikube8s.cluster.simulated.plan import Simulation
from minikube8s.cluster.supervising.daemons import Daemon, Starting
from minikube8s.cluster.supervising.supervision import begin, stop
from minikube8s.kit.privatefiles import write_private

DEFAULT_HOME = "/var/lib/mk8s-simulated"


def hollow(home: Home) -> Daemon:
    """The process of all nodes."""
    return Daemon(
        name="hollow",
        command=(
            sys.executable, "-m", "mk8s_agent.hollow", "--config", str(home.hollow / "hollow.json"),
        ),
        pid_file=home.hollow / "hollow.pid",
        log=home.logs / "hollow.log",
    )  # fmt: skip


def load(home: Home) -> Simulation | None:
    """What is remembered; None where nothing is simulated. Raises ClusterError."""
    try:
        return msgspec.json.decode(home.simulation.read_bytes(), type=Simulation)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ClusterError(f"{home.simulation} cannot be read: {error.strerror}.") from None
    except msgspec.DecodeError as error:
        raise ClusterError(
            f"{home.simulation} is damaged ({error}). Remove the cluster with `mk8s simulate "
            "--down` and create it again."
        ) from None


def up(home: Home, settings: Settings, wanted: Simulation, pods: int, say: Say) -> bool:
    """Start what does not run of the cluster. False when all ran already. Raises ClusterError."""
    with homelock.exclusive(home):
        before = load(home)
        if home.used() and before is None:
            raise ClusterError(
                f"{home.path} holds a cluster with nodes that are real: simulate in another "
                "directory with --home or MK8S_HOME."
            )
        master, nodes = layout.master(home), hollow(home)
        if master.holder() is not None and settings != home.load():
            raise ClusterError(
                "The simulated cluster runs with other ports: stop it with `mk8s simulate --down` "
                "before you change them."
            )
        if master.holder() is None:
            preflight.require_ports(settings)
        if master.holder() is None or nodes.holder() is None or wanted != before:
            plan.check_room(wanted, pods, _files(), _memory() + _held(master, nodes))
        if nodes.holder() is not None and wanted != before:
            stop(nodes, STOP_SECONDS)
        stopped = [daemon for daemon in (master, nodes) if daemon.holder() is None]
        if not stopped:
            return False
        _write(home, settings, wanted)
        starting: list[Starting] = []
        try:
            with lifecycle.uninterrupted():
                starting += map(begin, stopped)
            for start in starting:
                start.wait(START_SECONDS)
                say(f"{start.daemon.name} runs")
            return True
        except BaseException:
            for start in starting:
                start.cancel(STOP_SECONDS)
            raise


def down(home: Home, *, purge: bool, say: Say) -> None:
    """Stop both daemons; with `purge` also remove the cluster's state. Raises ClusterError."""
    with homelock.exclusive(home):
        if not home.is_simulated():
            return  # somebody else removed it just now; what is here since is another cluster
        for daemon in (hollow(home), layout.master(home)):
            if stop(daemon, STOP_SECONDS):
                say(f"{daemon.name} stopped")
        if purge:
            preparing.remove_home(home)
            say(f"state in {home.path} removed")


def status(home: Home) -> list[Component]:
    """What runs of the cluster in `home`."""
    return [lifecycle.component(layout.master(home)), lifecycle.component(hollow(home))]


def _write(home: Home, settings: Settings, simulation: Simulation) -> None:
    """Make certificates and configuration; the mark that this is a simulation first."""
    from minikube8s.cluster.authority.certificates import Authority  # noqa: PLC0415 - slow, only here needed

    write_private(home.simulation, msgspec.json.encode(simulation))
    home.save(settings)
    preparing.prepare(home, settings, settings)
    names = plan.node_names(simulation)
    users = [f"system:node:{name}" for name in names]
    key, certificates = Authority(home.pki).clients(users, ["system:nodes"])
    config = {
        "master": f"127.0.0.1:{settings.agent_port}",
        "ca": (home.pki / "ca.crt").read_text(),
        "key": key,
        "pid_file": str(home.hollow / "hollow.pid"),
        "cluster": settings.name,
        "start_seconds": simulation.start_seconds,
        "max_pods": plan.PODS_A_NODE,
        "nodes": plan.hollow_nodes(names, certificates),
    }
    write_private(home.hollow / "hollow.json", msgspec.json.encode(config))


def _files() -> int:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if most == resource.RLIM_INFINITY else most


def _memory() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return sys.maxsize


def _held(*daemons: Daemon) -> int:
    """What those that run have already."""
    holders = [holder for daemon in daemons if (holder := daemon.holder()) is not None]
    return sum(_resident(holder.pid) for holder in holders)


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError):
        return 0
    return pages * resource.getpagesize()
