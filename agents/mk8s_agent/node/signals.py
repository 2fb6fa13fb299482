"""How much the node has left of what it may run short of: some reads of files, well below a ms."""

from __future__ import annotations

import os
from pathlib import Path

from mk8s_agent.node.thresholds import Reading
from mk8s_agent.stats import node as machine


def measure(nodefs: Path, imagefs: Path | None) -> dict[str, Reading]:
    """Each signal's reading.

    `nodefs` is where the pods' files are, `imagefs` where the engine keeps images and containers:
    None when that is not known. What cannot be read is left out.
    """
    readings = _processes()
    try:
        meminfo = Path("/proc/meminfo").read_text()
        total = machine.total_memory(meminfo)
        free = max(total - machine.memory(meminfo).working_set, 0)
        readings["memory.available"] = Reading(free, total)
    except (OSError, KeyError):
        pass
    for name, directory in (("nodefs", nodefs), ("imagefs", imagefs)):
        if directory is not None:
            readings |= _disk(name, directory)
    return readings


def use_of_disk(directory: Path) -> dict[str, int]:
    """A v1alpha1.FsStats of the disk that a directory is on, empty when it cannot be read."""
    try:
        disk = os.statvfs(directory)
    except OSError:
        return {}
    size = disk.f_frsize
    return {
        "availableBytes": disk.f_bavail * size,
        "capacityBytes": disk.f_blocks * size,
        "usedBytes": (disk.f_blocks - disk.f_bfree) * size,
        "inodesFree": disk.f_favail,
        "inodes": disk.f_files,
        "inodesUsed": disk.f_files - disk.f_ffree,
    }


def _disk(name: str, directory: Path) -> dict[str, Reading]:
    try:
        disk = os.statvfs(directory)
    except OSError:
        return {}
    size = disk.f_frsize
    found = {f"{name}.available": Reading(disk.f_bavail * size, disk.f_blocks * size)}
    if disk.f_files:
        # Some file systems make inodes as they are needed and have no number of them.
        found[f"{name}.inodesFree"] = Reading(disk.f_favail, disk.f_files)
    return found


def _processes() -> dict[str, Reading]:
    try:
        limits = [
            int(Path(f"/proc/sys/kernel/{name}").read_text()) for name in ("pid_max", "threads-max")
        ]
        tasks = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    except (OSError, ValueError, IndexError):
        return {}
    return {"pid.available": Reading(max(min(limits) - tasks, 0), min(limits))}
