"""Owns what `mk8s doctor` looks at, before a start and while a cluster runs; changes nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from minikube8s.cluster import addresses, layout
from minikube8s.cluster.checkup import (
    certificatefindings,
    examining,
    findings,
    machine,
    machinefindings,
    networks,
    preflight,
)
from minikube8s.cluster.checkup.findings import Finding, Mark
from minikube8s.cluster.checkup.machine import Machine
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.engine import Engine
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import copies, joined
from minikube8s.cluster.membership.joined import Joined
from minikube8s.cluster.supervising import supervision
from minikube8s.kit import portholders
from minikube8s.kit.localaddresses import local_addresses
from minikube8s.kit.localroutes import local_routes
from minikube8s.kit.validity import validities

_DNS_PORT = 53


def examine(home: Home, settings: Settings) -> Iterator[Finding]:
    """Look at everything that a cluster with these settings depends on, one finding after another.

    In a home that joined another machine's cluster the settings are that cluster's.
    """
    known = joined.load(home) if home.is_joined() else None
    found = machine.read(os.environ)
    yield from _named("root", _checked("root", lambda: preflight.require_root("doctor")))
    engine, told = _engine(settings.docker_host)
    yield from _named("engine", told)
    yield from _named("libraries", _checked("libnftables", preflight.require_nftables))
    yield from _named("machine", _of_machine(found, engine))
    seen = examining.examine()
    yield from _named("kernel", findings.of_kernel(seen, os.uname().release))
    yield from _named("firewall", findings.of_firewall(seen))
    yield from _named("firewall", machinefindings.of_firewalls(found, settings.pod_cidr))
    yield from _named("dns", [findings.of_resolvers(seen, portholders.holder(_DNS_PORT))])
    wanted = networks.wanted(settings)
    api = "127.0.0.1" if settings.listen == "0.0.0.0" else settings.listen
    own = list(wanted.values())
    yield from _named("proxies", machinefindings.of_proxies(found, engine, api, own))
    taken = networks.used(local_addresses(), local_routes(), settings)
    if known is None and not settings.lab:
        wanted |= networks.wanted_by_lab(settings)
    yield from _named("networks", findings.of_networks(wanted, taken, lab=settings.lab))
    yield from _named("daemons", _daemons(home, settings, known))
    lasting, is_joined = validities(home.pki), known is not None
    told_of = certificatefindings.findings(lasting, datetime.now(UTC), joined=is_joined)
    yield from _named("certificates", told_of)
    free = shutil.disk_usage(_existing(home.path)).free
    yield from _named("disk", [findings.of_disk(str(home.path), free)])
    yield from _named("inotify", [findings.of_inotify(_inotify())])
    others = known is not None or not _is_local(settings.listen)
    yield from _named("clock", [machinefindings.of_clock(found, others=others)])
    if known is not None:
        yield from _named("master", _master(home, known))


def _named(check: str, told: Iterable[Finding]) -> Iterator[Finding]:
    return (one if one.check else one._replace(check=check) for one in told)


def _of_machine(found: Machine, engine: Mapping[str, Any]) -> Iterator[Finding]:
    yield machinefindings.of_surroundings(found)._replace(check="surroundings")
    yield machinefindings.of_cgroups(found, engine)._replace(check="cgroups")
    yield machinefindings.of_memory(found)._replace(check="memory")
    yield machinefindings.of_swap(found, engine)._replace(check="swap")
    yield machinefindings.of_open_files(found)._replace(check="files")
    yield machinefindings.of_security(found, engine)._replace(check="security")


def _is_local(address: str) -> bool:
    return address.startswith("127.")


def _checked(name: str, check: Callable[[], None]) -> Iterator[Finding]:
    try:
        check()
    except ClusterError as error:
        yield Finding(Mark.FAULT, str(error))
    else:
        yield Finding(Mark.FINE, name)


def _engine(docker_host: str) -> tuple[dict[str, Any], list[Finding]]:
    """What the engine says of itself, nothing when it does not answer, and what that means."""
    try:
        preflight.require_engine(docker_host)
        info: dict[str, Any] = Engine(docker_host).json("/info")
    except ClusterError as error:
        return {}, [Finding(Mark.FAULT, str(error))]
    told = list(findings.of_engine(info))
    root = str(info.get("DockerRootDir") or "")
    if Path(root).is_dir():
        free = findings.of_disk(root, shutil.disk_usage(root).free)
        told.append(free._replace(check="disk"))
    return info, told


def _daemons(home: Home, settings: Settings, known: Joined | None) -> Iterator[Finding]:
    """What runs; what does not must be able to start."""
    agents = [layout.agent(home)] if known else list(layout.agents(home, settings).values())
    daemons = agents if known else [layout.master(home), *agents]
    running = [daemon for daemon in daemons if daemon.holder() is not None]
    for daemon in running:
        yield Finding(Mark.FINE, f"{daemon.name} runs")
    if known is None and daemons[0] in running and (address := addresses.lost(settings)):
        yield Finding(Mark.FAULT, " ".join(addresses.told_lost(address)))
    cares = {one.name: supervision.care(one) for one in running}
    yield from findings.of_boots({name: care and care.at_boot for name, care in cares.items()})
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
    try:
        node = joined.ask_master(home, known)
        joined.require_taken(home)
        if node is not None:
            copies.require_own(node, copies.here())
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
