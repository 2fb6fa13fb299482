"""What the kernel knows about this process, under the names that every exporter uses."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

from minikube8s.server.metrics.families import Family, counter, gauge

_USER, _SYSTEM, _START, _VIRTUAL, _RESIDENT = 11, 12, 19, 20, 21
"""Where /proc/PID/stat has them, counted after the name of the program (proc_pid_stat(5))."""


def families() -> Iterator[Family]:
    """Yield times, memory and files of this process."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    seconds = (int(fields[_USER]) + int(fields[_SYSTEM])) / ticks
    yield _counter("process_cpu_seconds_total", "Processor time used, in seconds.", seconds)
    resident = int(fields[_RESIDENT]) * os.sysconf("SC_PAGE_SIZE")
    yield _gauge("process_resident_memory_bytes", "Memory in use, in bytes.", resident)
    virtual = int(fields[_VIRTUAL])
    yield _gauge("process_virtual_memory_bytes", "Address space in use, in bytes.", virtual)
    started = _booted() + int(fields[_START]) / ticks
    yield _gauge("process_start_time_seconds", "When it started, in seconds since 1970.", started)
    opened = sum(1 for _ in Path("/proc/self/fd").iterdir())
    yield _gauge("process_open_fds", "Open files and connections.", opened)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    yield _gauge("process_max_fds", "How many files and connections may be open.", most)


def _booted() -> float:
    for line in Path("/proc/stat").read_text().splitlines():
        name, _, value = line.partition(" ")
        if name == "btime":
            return float(value)
    return 0.0


def _gauge(name: str, help: str, value: float) -> Family:
    return gauge(name, help, [({}, value)])


def _counter(name: str, help: str, value: float) -> Family:
    return counter(name, help, [({}, value)])
