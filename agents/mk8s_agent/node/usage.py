"""What pods use of the node, read when it matters: from the kernel, the disk and the engine."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from minikube8s.api import podresources
from minikube8s.api.views import Pod
from mk8s_agent.node.tenants import ContainerUse, Tenant, Use
from mk8s_agent.pods.identity import CONTAINER, SANDBOX_NAME
from mk8s_agent.pods.residents import Resident
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.interface import Runtime
from mk8s_agent.runtime.vocabulary import Container, DiskUse
from mk8s_agent.stats import cgroups, sampling

_BLOCK = 512
_LOOKS_AT_A_TIME = 8


def asking(resident: Resident) -> Tenant:
    """The pod with what it asks for, its use not looked at."""
    spec = msgspec.json.decode(resident.raw)["spec"]
    return Tenant(
        pod=resident.pod, requests=podresources.requests(spec), limits=podresources.limits(spec)
    )


async def with_memory(residents: Iterable[Resident]) -> list[Tenant]:
    """The pods with the memory and the processes that they use."""
    return await asyncio.to_thread(_with_memory, list(residents))


async def with_storage(
    residents: Iterable[Resident], runtime: Runtime, pods_dir: Path
) -> list[Tenant]:
    """The pods with what they have on the node's disks."""
    slots = asyncio.Semaphore(_LOOKS_AT_A_TIME)

    async def look(container: Container) -> tuple[str, DiskUse]:
        async with slots:
            try:
                return container.id, await runtime.disk_use(container.id)
            except RuntimeFault:
                return container.id, DiskUse(0, 0)

    async def measure(resident: Resident) -> Tenant:
        written = dict(await asyncio.gather(*map(look, resident.containers)))
        return await asyncio.to_thread(_with_storage, resident, written, pods_dir)

    return list(await asyncio.gather(*map(measure, residents)))


def volumes_of(pods_dir: Path, pod: Pod) -> dict[str, Path]:
    """Where the pod's emptyDirs are, by their names."""
    place = pods_dir / pod.metadata.uid / "volumes"
    return {one.name: place / one.name for one in pod.spec.volumes if one.empty_dir is not None}


def size_of(directory: Path) -> tuple[int, int]:
    """(bytes, inodes) of everything below a directory on its own file system."""
    try:
        device = directory.stat().st_dev
    except OSError:
        return 0, 0
    size, seen = 0, {0}
    waiting = [str(directory)]
    while waiting:
        for entry in _entries(waiting.pop()):
            try:
                facts = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # it has just been removed
            if facts.st_dev != device or facts.st_ino in seen:
                continue
            seen.add(facts.st_ino)
            size += facts.st_blocks * _BLOCK
            if stat.S_ISDIR(facts.st_mode):
                waiting.append(entry.path)
    return size, len(seen) - 1


def _entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError:
        return []


def _with_memory(residents: list[Resident]) -> list[Tenant]:
    every = [one for resident in residents for one in resident.containers]
    usages = sampling.take(every, 0.0).usages
    mounted = cgroups.mounts(Path("/proc/self/mountinfo").read_text())
    found = []
    for resident in residents:
        containers = {
            one.labels.get(CONTAINER, ""): ContainerUse(memory=usages[one.id].memory.working_set)
            for one in resident.containers
            if one.id in usages
        }
        processes = sum(_processes(one.pid, mounted) for one in resident.containers if one.pid)
        use = Use(containers=containers, processes=processes)
        found.append(msgspec.structs.replace(asking(resident), use=use))
    return found


def _with_storage(resident: Resident, written: Mapping[str, DiskUse], pods_dir: Path) -> Tenant:
    containers: dict[str, ContainerUse] = {}
    for one in resident.containers:
        name, disk = one.labels.get(CONTAINER, ""), written[one.id]
        before = containers.get(name, ContainerUse())
        if name != SANDBOX_NAME:
            containers[name] = ContainerUse(
                files=before.files + disk.files, output=before.output + disk.output
            )
    volumes, inodes = {}, 0
    for name, place in volumes_of(pods_dir, resident.pod).items():
        volumes[name], entries = size_of(place)
        inodes += entries
    use = Use(containers=containers, volumes=volumes, inodes=inodes)
    return msgspec.structs.replace(asking(resident), use=use)


def _processes(pid: int, mounted: list[cgroups.Mount]) -> int:
    try:
        groups = cgroups.groups(Path(f"/proc/{pid}/cgroup").read_text(), mounted)
        if groups is None:
            return 0
        return len(Path(groups.memory, "cgroup.procs").read_text().splitlines())
    except (OSError, ValueError):
        return 0
