"""Owns what `mk8s doctor` looks at, before a start and while a cluster runs; changes nothing."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from minikube8s.cluster import findings, joined, joining, layout, networks, preflight
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.findings import Examination, Finding, Mark
from minikube8s.cluster.joined import Joined
from minikube8s.cluster.masterclient import MasterClient
from minikube8s.kit.localaddresses import local_addresses
from minikube8s.kit.localroutes import local_routes

_EXAMINING_SECONDS = 30.0
_ENGINE_SECONDS = 10.0


def examine(home: Home, settings: Settings) -> Iterator[Finding]:
    """Look at everything that a cluster with these settings depends on, one finding after another.

    In a home that joined another machine's cluster the settings are that cluster's.
    """
    known = joined.load(home) if home.is_joined() else None
    yield from _checked("root", lambda: preflight.require_root("doctor"))
    yield from _engine(settings.docker_host)
    yield from _checked("libnftables", preflight.require_nftables)
    seen = _examination()
    yield from findings.of_kernel(seen, os.uname().release)
    yield from findings.of_firewall(seen)
    yield findings.of_resolvers(seen)
    taken = networks.used(local_addresses(), local_routes(), settings)
    wanted = networks.wanted(settings)
    if known is None and not settings.lab:
        wanted |= networks.wanted_by_lab(settings)
    yield from findings.of_networks(wanted, taken, lab=settings.lab)
    yield from _daemons(home, settings, known)
    yield findings.of_disk(str(home.path), shutil.disk_usage(_existing(home.path)).free)
    yield findings.of_inotify(_inotify())
    if known is not None:
        yield from _master(home, known)


def _checked(name: str, check: Callable[[], None]) -> Iterator[Finding]:
    try:
        check()
    except ClusterError as error:
        yield Finding(Mark.FAULT, str(error))
    else:
        yield Finding(Mark.FINE, name)


def _engine(docker_host: str) -> Iterator[Finding]:
    try:
        preflight.require_engine(docker_host)
        info = _engine_info(docker_host)
    except ClusterError as error:
        yield Finding(Mark.FAULT, str(error))
        return
    yield from findings.of_engine(info)
    root = str(info.get("DockerRootDir") or "")
    if Path(root).is_dir():
        yield findings.of_disk(root, shutil.disk_usage(root).free)


class _EngineConnection(http.client.HTTPConnection):
    """HTTP to the place that DOCKER_HOST names."""

    def __init__(self, docker_host: str) -> None:
        scheme, _, place = docker_host.partition("://")
        host, _, port = place.partition(":")
        local = scheme == "unix"
        super().__init__(
            "docker" if local else host, None if local else int(port or 2375), _ENGINE_SECONDS
        )
        self._path = place if local else ""

    def connect(self) -> None:
        """Open the connection."""
        if not self._path:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_ENGINE_SECONDS)
        self.sock.connect(self._path)


def _engine_info(docker_host: str) -> dict[str, Any]:
    connection = _EngineConnection(docker_host)
    try:
        connection.request("GET", "/info")
        return msgspec.json.decode(connection.getresponse().read(), type=dict[str, Any])
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        raise ClusterError(
            f"The Docker engine at {docker_host} answers, but not to what it is ({error}): see "
            "`docker info`."
        ) from None
    finally:
        connection.close()


def _examination() -> Examination:
    """What the agent's own program finds: the kernel is known to it alone."""
    command = [sys.executable, "-m", "mk8s_agent", "--examine"]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_EXAMINING_SECONDS, check=False, cwd="/"
        )
        return msgspec.json.decode(done.stdout, type=Examination)
    except subprocess.TimeoutExpired:
        return Examination(f"no answer within {_EXAMINING_SECONDS:.0f} s")
    except msgspec.DecodeError:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        return Examination(lines[-1] if lines else "the agent's program said nothing")


def _daemons(home: Home, settings: Settings, known: Joined | None) -> Iterator[Finding]:
    """What runs; what does not must be able to start."""
    agents = [layout.agent(home)] if known else list(layout.agents(home, settings).values())
    daemons = agents if known else [layout.master(home), *agents]
    running = [daemon for daemon in daemons if daemon.holder() is not None]
    for daemon in running:
        yield Finding(Mark.FINE, f"{daemon.name} runs")
    if running and len(running) < len(daemons):
        stopped = ", ".join(daemon.name for daemon in daemons if daemon not in running)
        yield Finding(Mark.DOUBT, f"Not everything runs ({stopped}): start it with `mk8s up`.")
    if agents[0] not in running:
        yield from _checked(
            f"no other cluster is named {settings.name}",
            lambda: preflight.require_own_name(settings.name),
        )
    if known is None and daemons[0] not in running:
        yield from _checked(
            f"ports {settings.api_port} and {settings.agent_port} are free",
            lambda: preflight.require_ports(settings),
        )


def _master(home: Home, known: Joined) -> Iterator[Finding]:
    """Whether a joined machine reaches its master, and is known there; clocks are compared, too."""
    files = joined.files(home)
    try:
        identity = (files.certificate, files.key)
        client = MasterClient(known.master, files.ca.read_bytes(), identity=identity)
        joining.is_ready(client, known.node_name)
        client.close()
    except OSError as error:
        yield Finding(Mark.FAULT, f"{error.filename} is unreadable ({error.strerror}): join again.")
    except ClusterError as error:
        yield Finding(Mark.FAULT, str(error))
    else:
        yield Finding(Mark.FINE, f"the master at {known.master} answers, and clocks agree")


def _inotify() -> dict[str, int]:
    found = {}
    for name in ("max_user_instances", "max_user_watches"):
        try:
            found[name] = int(Path("/proc/sys/fs/inotify", name).read_text())
        except (OSError, ValueError):
            continue
    return found


def _existing(path: Path) -> Path:
    return next(each for each in (path, *path.parents) if each.exists())
