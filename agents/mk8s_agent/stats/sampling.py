"""Counters at one time, and what two of these times say about the use in between."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from mk8s_agent.runtime.vocabulary import Container
from mk8s_agent.stats import cgroups, node
from mk8s_agent.stats.cgroups import Groups, Memory, Mount

NODE = ""
"""The key of the machine itself among those of containers."""


class Usage(NamedTuple):
    """`cpu`: nanoseconds since the beginning."""

    cpu: int
    memory: Memory


class Sample(NamedTuple):
    """Who has used how much at `at`, seconds of a steady clock; by container id."""

    at: float
    usages: Mapping[str, Usage]
    node_memory: int


def take(containers: Iterable[Container], at: float) -> Sample:
    """Read the counters of these containers and of the machine. Blocks for some file reads."""
    meminfo = Path("/proc/meminfo").read_text()
    ticks = os.sysconf("SC_CLK_TCK")
    usages = {
        NODE: Usage(
            node.cpu_nanoseconds(Path("/proc/stat").read_text(), ticks), node.memory(meminfo)
        )
    }
    mounted = cgroups.mounts(Path("/proc/self/mountinfo").read_text())
    for container in containers:
        usage = _of_process(container.pid, mounted) if container.pid else None
        if usage is not None:
            usages[container.id] = usage
    return Sample(at, usages, node.total_memory(meminfo))


def nanocores(before: Sample, after: Sample, key: str, age: float | None) -> int:
    """Return the billionths of a processor that were used on the average between two samples.

    What was not there before has done all it did since it began, `age` seconds ago.
    """
    usage, earlier = after.usages[key].cpu, before.usages.get(key)
    seconds = after.at - before.at
    if earlier is None:
        return max(int(usage / max(age or seconds, 0.1)), 0)
    return max(int((usage - earlier.cpu) / max(seconds, 0.1)), 0)


def _of_process(pid: int, mounted: list[Mount]) -> Usage | None:
    """Read the counters of a process' groups; None when it has just ended."""
    try:
        found = cgroups.groups(Path(f"/proc/{pid}/cgroup").read_text(), mounted)
        return _read(found) if found else None
    except (OSError, ValueError):
        return None


def _read(groups: Groups) -> Usage:
    cpu, memory = Path(groups.cpu), Path(groups.memory)
    used = "memory.current" if groups.unified else "memory.usage_in_bytes"
    return Usage(
        cgroups.cpu_nanoseconds(
            (cpu / ("cpu.stat" if groups.unified else "cpuacct.usage")).read_text(),
            unified=groups.unified,
        ),
        cgroups.memory(
            (memory / used).read_text(),
            (memory / "memory.stat").read_text(),
            unified=groups.unified,
        ),
    )
