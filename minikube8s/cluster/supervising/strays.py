"""Owns finding daemons of mk8s by what they are, where no pid file tells of them, and ending them.

Only those of this network namespace, and of the namespaces that labs have named, are this
machine's; and only those of this process' user: what a command line says leads to files that are
removed, and anybody may run something that calls itself an agent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from minikube8s.cluster.supervising import processes
from minikube8s.kit import labnames

MODULES = {
    "minikube8s.cluster.master": "master",
    "mk8s_agent": "agent",
    "mk8s_agent.hollow": "hollow nodes",
}
_PROC = Path("/proc")
_OWN = Path("/proc/thread-self/ns/net")


class Stray(NamedTuple):
    """A daemon: its process, what it is, its configuration file and the home that is in."""

    pid: int
    what: str
    config: Path
    home: Path


def daemons() -> list[Stray]:
    """Every daemon of mk8s that runs on this machine."""
    places = [place for place in (_OWN, *_named()) if place.exists()]
    identities = {(found.st_dev, found.st_ino) for found in (place.stat() for place in places)}
    return [stray for stray in _all() if _network(stray.pid) in identities]


def end(stray: Stray, seconds: float) -> bool:
    """Ask a daemon to end, kill it when it does not in time; whether it has ended."""
    try:
        processes.end(stray.pid, lambda: of_words(stray.pid, _words(stray.pid)) == stray, seconds)
    except processes.HangsError:
        return False
    return True


def of_words(pid: int, words: Sequence[str]) -> Stray | None:
    """What a process with such a command line is; None for one that is no daemon of mk8s."""
    if len(words) != 5 or words[1] != "-m" or words[3] != "--config" or words[2] not in MODULES:
        return None
    config = Path(words[4])
    home = config.parent.parent
    # HOME/nodes/NODE/agent.json, unless a home is called nodes itself
    in_lab = words[2] == "mk8s_agent" and home.name == "nodes" and config.parent.name != "agent"
    return Stray(pid, MODULES[words[2]], config, home.parent if in_lab else home)


def _all() -> Iterator[Stray]:
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and _is_own(entry):
            found = of_words(int(entry.name), _words(int(entry.name)))
            if found is not None:
                yield found


def _is_own(process: Path) -> bool:
    """Whether this user started it: a program that is set to root's is run by anybody, too."""
    try:
        lines = (process / "status").read_text(errors="replace").splitlines()
    except OSError:
        return False
    real = next((line.split()[1] for line in lines if line.startswith("Uid:")), "")
    return real == str(os.getuid())


def _words(pid: int) -> list[str]:
    try:
        return (_PROC / str(pid) / "cmdline").read_text(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def _network(pid: int) -> tuple[int, int]:
    try:
        found = (_PROC / str(pid) / "ns/net").stat()
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)


def _named() -> Iterator[Path]:
    if labnames.NAMESPACES.is_dir():
        yield from labnames.NAMESPACES.iterdir()
