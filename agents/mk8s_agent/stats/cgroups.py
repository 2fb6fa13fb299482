"""Where the kernel counts a container's use: control groups of both versions. Pure.

Owns the forms of /proc/PID/cgroup, /proc/PID/mountinfo and of the counters' files.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

_CPU, _MEMORY, _UNIFIED = "cpuacct", "memory", ""


class Mount(NamedTuple):
    """A mounted hierarchy. `root`: the part of it that is seen; `controllers`: what it counts."""

    point: str
    root: str
    controllers: frozenset[str]


class Groups(NamedTuple):
    """The directories of one process' groups."""

    cpu: str
    memory: str
    unified: bool


class Memory(NamedTuple):
    """Bytes; the working set is what cannot be taken back at once."""

    usage: int
    working_set: int
    rss: int


def mounts(mountinfo: str) -> list[Mount]:
    """Return the mounted hierarchies that a mountinfo file lists."""
    found = []
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.partition(" ")
        if kind not in {"cgroup", "cgroup2"}:
            continue
        _, _, _, root, point, *_ = before.split(" ")
        listed = options.rpartition(" ")[2].split(",") if kind == "cgroup" else [_UNIFIED]
        found.append(Mount(point, root, frozenset(listed)))
    return found


def groups(membership: str, mounted: Iterable[Mount]) -> Groups | None:
    """Return where a process is counted; None where nothing counts it.

    `membership` is its /proc/PID/cgroup, read in the namespace that `mounted` was read in.
    """
    paths: dict[str, str] = {}
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        paths |= dict.fromkeys(controllers.split(","), path)
    mounted = list(mounted)
    cpu, memory = (_directory(one, paths, mounted) for one in (_CPU, _MEMORY))
    if cpu and memory:
        return Groups(cpu, memory, unified=False)
    unified = _directory(_UNIFIED, paths, mounted)
    return Groups(unified, unified, unified=True) if unified else None


def memory(usage: str, stat: str, *, unified: bool) -> Memory:
    """Return what the files of the memory controller say, reckoned as the kubelet does."""
    total = int(usage)
    values = numbers(stat)
    inactive = values.get("inactive_file" if unified else "total_inactive_file", 0)
    rss = values.get("anon" if unified else "total_rss", 0)
    return Memory(total, max(total - inactive, 0), rss)


def cpu_nanoseconds(text: str, *, unified: bool) -> int:
    """Return the time used so far, of cpuacct.usage or of cpu.stat."""
    return numbers(text).get("usage_usec", 0) * 1000 if unified else int(text)


def numbers(text: str) -> dict[str, int]:
    """Return the pairs of a file of lines `name number` or `name: number kB`, as they are."""
    found = {}
    for line in text.splitlines():
        name, _, rest = line.partition(" ")
        number = rest.split()[:1]
        if number and number[0].isdigit():
            found[name.rstrip(":")] = int(number[0])
    return found


def _directory(controller: str, paths: dict[str, str], mounted: list[Mount]) -> str:
    path = paths.get(controller)
    if path is None:
        return ""
    for mount in mounted:
        if controller not in mount.controllers:
            continue
        if mount.root == "/":
            return (mount.point + path).rstrip("/")
        if path == mount.root or path.startswith(f"{mount.root}/"):
            return mount.point + path.removeprefix(mount.root)
    return ""
