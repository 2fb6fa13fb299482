"""Owns what `mk8s bundle` reads of this machine: versions, settings, logs, the engine, the network.

Every function yields a file's name and its text, raw: what is secret in it is the caller's to take
out. Keys and tokens are not read at all.
"""

from __future__ import annotations

import json
import os
import platform
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from minikube8s.cluster import components, layout
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.engine import Engine
from minikube8s.cluster.supervising import systemd
from minikube8s.kit import labnames
from minikube8s.kit.validity import validities

Files = Iterator[tuple[str, str]]

LOG_BYTES = 2 << 20
"""So much of a log's end is taken."""
_COMMAND_SECONDS = 10.0
_PACKAGES = ("aiohttp", "click", "cryptography", "grpcio", "msgspec", "protobuf", "pyroute2")
_ENGINE_PAGES = {
    "version.json": "/version",
    "info.json": "/info",
    "containers.json": "/containers/json?all=1",
    "images.json": "/images/json",
}
_NETWORK = {
    "addresses.txt": ["ip", "-s", "address"],
    "routes.txt": ["ip", "route", "show", "table", "all"],
    "neighbours.txt": ["ip", "neighbour"],
    "rules.txt": ["nft", "-a", "list", "ruleset"],
    "iptables.txt": ["iptables-save"],
    "sockets.txt": ["ss", "-lntup"],
}
_MACHINE = {
    "disks.txt": ["df", "-h"],
    "memory.txt": ["free", "-m"],
    "dmesg.txt": ["sh", "-c", "dmesg | tail -n 300"],
}


def versions() -> Files:
    """Of mk8s, of what it stands on, of the system."""
    from importlib import metadata  # noqa: PLC0415 - slow

    import minikube8s  # noqa: PLC0415 - as above

    lines = [f"mk8s {minikube8s.__version__}", f"Python {sys.version}", " ".join(os.uname())]
    try:
        system = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        system = ""
    lines.append(system or "an unknown system")
    for package in _PACKAGES:
        try:
            lines.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            lines.append(f"{package} is missing")
    yield "versions.txt", "\n".join(lines) + "\n"


def configuration(home: Home) -> Files:
    """The settings, the daemons' configuration and units; these name keys, they hold none."""
    names = ["settings.json", "joined.json", "lab.json", "simulation.json", "master/master.json"]
    agents = [layout.agent_config(home, node) for node in ("", *layout.lab_nodes(home))]
    for path in (*(home.path / name for name in names), *agents):
        if path.is_file():
            yield f"config/{path.relative_to(home.path)}", path.read_text(errors="replace")
    for name in systemd.units_of(home.path):
        yield f"config/{name}", (systemd.UNITS / name).read_text(errors="replace")


def files(home: Home) -> Files:
    """What is in the home: modes, sizes and times, no contents."""
    lines = []
    for path in sorted(home.path.rglob("*")):
        if path.is_relative_to(home.agent / "pods") or path.is_relative_to(home.agent / "volumes"):
            continue
        facts = path.lstat()
        when = datetime.fromtimestamp(facts.st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        shown = path.relative_to(home.path)
        lines.append(f"{stat.filemode(facts.st_mode)} {facts.st_size:>12} {when} {shown}")
    yield "config/files.txt", "\n".join(lines) + "\n"


def certificates(home: Home) -> Files:
    """Until when each certificate is valid."""
    lines = [
        f"{name} valid until {known.ends:%Y-%m-%dT%H:%M:%SZ}" if known else f"{name} is unreadable"
        for name, known in validities(home.pki).items()
    ]
    yield "config/certificates.txt", "\n".join(lines) + "\n"


def daemons(home: Home) -> Files:
    """Which daemons run, and since when."""
    lines = []
    for one in components.present(home):
        since = datetime.fromtimestamp(one.since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines.append(
            f"{one.name}: " + (f"process {one.pid} since {since}" if one.pid else "stopped")
        )
    yield "daemons.txt", "\n".join(lines) + "\n"


def logs(home: Home) -> Files:
    """The ends of the daemons' logs, also of what was put aside."""
    for path in sorted(home.logs.glob("*.log*")):
        yield f"logs/{path.name}", _end(path)


def engine(docker_host: str) -> Files:
    """What the engine says of itself, of its containers and its images."""
    asked = Engine(docker_host)
    for name, path in _ENGINE_PAGES.items():
        yield f"engine/{name}", json.dumps(asked.json(path), indent=1)


def network(settings: Settings) -> Files:
    """Addresses, routes and rules, of this machine and of each of the lab's nodes."""
    yield from _said("network", _NETWORK)
    for node in settings.lab_nodes:
        place = labnames.namespace(settings.name, node.name)
        if place.exists():
            yield from _said(f"network/{node.name}", _NETWORK, ["nsenter", f"--net={place}"])
    resolvers = Path("/etc/resolv.conf")
    if resolvers.is_file():
        yield "network/resolv.conf", resolvers.read_text(errors="replace")


def machine() -> Files:
    """Disks, memory, the kernel's last messages."""
    yield from _said("machine", _MACHINE)


def of_home(home: Home, settings: Settings) -> Iterable[tuple[str, Callable[[], Files]]]:
    """Everything, each part by its name."""
    return (
        ("versions", versions),
        ("daemons", lambda: daemons(home)),
        ("configuration", lambda: configuration(home)),
        ("files", lambda: files(home)),
        ("certificates", lambda: certificates(home)),
        ("component logs", lambda: logs(home)),
        ("engine", lambda: engine(settings.docker_host)),
        ("network", lambda: network(settings)),
        ("machine", machine),
    )


def _said(folder: str, commands: dict[str, list[str]], prefix: Sequence[str] = ()) -> Files:
    """What programs print; one that is not there, or fails, says so in its place."""
    for name, command in commands.items():
        yield f"{folder}/{name}", _run([*prefix, *command])


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return f"{command[0]} is not installed\n"
    except subprocess.TimeoutExpired:
        return f"{' '.join(command)} did not end within {_COMMAND_SECONDS:.0f} s\n"
    said = done.stdout.decode(errors="replace")
    return said + (done.stderr.decode(errors="replace") if done.returncode else "")


def _end(path: Path) -> str:
    with path.open("rb") as file:
        size = path.stat().st_size
        if size > LOG_BYTES:
            file.seek(size - LOG_BYTES)
            file.readline()
        return file.read(LOG_BYTES).decode(errors="replace")
