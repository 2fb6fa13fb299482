"""What the whole machine uses, from /proc/stat and /proc/meminfo. Pure."""

from __future__ import annotations

from mk8s_agent.stats.cgroups import Memory, numbers

_IDLE = (3, 4)
"""The columns of idle time and of waiting for a disk."""
_COUNTED = 8
"""Columns behind these, of guests, are counted in earlier ones already."""


def cpu_nanoseconds(stat: str, ticks_per_second: int) -> int:
    """Return the time that all processors worked so far, as /proc/stat tells it."""
    columns = stat.partition("\n")[0].split()[1 : _COUNTED + 1]
    ticks = sum(int(one) for number, one in enumerate(columns) if number not in _IDLE)
    return ticks * (10**9 // ticks_per_second)


def memory(meminfo: str) -> Memory:
    """Return the use of memory, reckoned as that of a container, as /proc/meminfo tells it."""
    values = {name: kib * 1024 for name, kib in numbers(meminfo).items()}
    usage = values["MemTotal"] - values["MemFree"]
    working_set = max(usage - values.get("Inactive(file)", 0), 0)
    return Memory(usage, working_set, values.get("AnonPages", 0))


def total_memory(meminfo: str) -> int:
    """Return how much memory the machine has."""
    return numbers(meminfo)["MemTotal"] * 1024
