"""What the two daemons use, read from /proc."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.cluster import Cluster

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident bytes; ``shared`` is the process's fair part of them (PSS)."""

    resident: int
    shared: int


def daemons(cluster: Cluster) -> dict[str, int]:
    """The process ids of master and agent."""
    lines = [line.split() for line in cluster.mk8s("status").ok().splitlines()]
    return {words[0]: int(words[2]) for words in lines if words[1:2] == ["running"]}


def memory(pid: int) -> Memory:
    """What process ``pid`` holds now."""
    sizes = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, size, _ = line.split()
        sizes[name] = int(size) * 1024
    return Memory(sizes["Rss:"], sizes["Pss:"])


def processor(pid: int) -> float:
    """Seconds of processor time that process ``pid`` has used, as the scheduler counts them."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(path.read_text().split()[0]) for path in tasks) / 1e9


def switches(pid: int) -> int:
    """How often the threads of ``pid`` went to sleep: each time something woke them before."""
    count = 0
    for path in Path(f"/proc/{pid}/task").glob("*/status"):
        for line in path.read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                count += int(line.split()[1])
    return count


def over(pids: dict[str, int], seconds: float) -> dict[str, tuple[float, float]]:
    """Of each process over a time: its share of one core, and its wake-ups a second."""
    before = {name: (processor(pid), switches(pid)) for name, pid in pids.items()}
    start = time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - start
    return {
        name: (
            (processor(pid) - before[name][0]) / passed,
            (switches(pid) - before[name][1]) / passed,
        )
        for name, pid in pids.items()
    }
