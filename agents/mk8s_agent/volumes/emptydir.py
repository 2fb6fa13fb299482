"""emptyDir: a directory on the node's disk, or in its memory, that begins empty."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from minikube8s.api import quantity
from minikube8s.api.views import Pod
from minikube8s.api.views.volumes import EmptyDirVolumeSource
from mk8s_agent.volumes.errors import VolumeError
from mk8s_agent.volumes.mounting import Mounter

_MODE = 0o777


def on_disk(place: Path, group: int | None) -> None:
    """Make it, unless it is there: then its files are the pod's. Raises OSError."""
    if place.exists():
        return
    unfinished = place.with_name(f"..{place.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    if group is not None:
        os.chown(unfinished, -1, group)
    unfinished.chmod(_MODE if group is None else _MODE | stat.S_ISGID)
    unfinished.rename(place)


def in_memory(place: Path, group: int | None, size: int, mounter: Mounter) -> None:
    """Mount it, unless it is mounted; `size` in bytes bounds it. Raises OSError."""
    place.mkdir(parents=True, exist_ok=True)
    if place in mounter.below(place):
        return
    mode = _MODE if group is None else _MODE | stat.S_ISGID
    mounter.tmpfs(place, f"size={size},mode={mode:o},gid={group or 0}")


def memory_size(pod: Pod, source: EmptyDirVolumeSource, node_memory: int) -> int:
    """How many bytes one in memory may hold: the least of its limit, the pod's, and the node's.

    Raises VolumeError for a medium that there is not.
    """
    if source.medium != "Memory":
        raise VolumeError(f'unknown storage medium "{source.medium}"')
    limits = [one.resources.limits.get("memory") for one in pod.spec.containers]
    known = [quantity.parse(one).value for one in limits if one is not None]
    sizes = [node_memory]
    if known and len(known) == len(limits):
        sizes.append(sum(known))
    if source.size_limit:
        sizes.append(quantity.parse(source.size_limit).value)
    return min(one for one in sizes if one > 0)
