"""What a cluster may leave in the machine: seen before and after, it has to be the same."""

from __future__ import annotations

import math
import os
import re
import subprocess
import time
from pathlib import Path

from tests.support.engine import PrivateEngine

# changes by itself: measured by the kernel, or counted by it
_MOVING = re.compile(
    r"net\.ipv4\.(tcp_fastopen_key|route\.flush|neigh\.)|net\.netfilter\.nf_conntrack_count"
)
_YOUNG = "young processes"
_YOUNG_SECONDS = 3.0
_START_TIME = 18
"""The place after the state of a process in its `stat`: ticks since the boot."""


def snapshot(engine: PrivateEngine) -> dict[str, set[str]]:
    """Links, addresses, routes, rules, settings, namespaces, mounts, processes, containers."""
    return {
        "links": _lines("ip", "-o", "link"),
        "addresses": _lines("ip", "-o", "address"),
        "routes": _lines("ip", "-4", "route", "show", "table", "all"),
        "IPv6 routes": _lines("ip", "-6", "route", "show", "table", "all"),
        "forwarding": _forwarding(),
        "routing rules": _lines("ip", "rule"),
        "neighbours": _lines("ip", "neighbour", "show", "nud", "permanent"),
        "nftables": _lines("nft", "--stateless", "list", "ruleset"),
        "iptables": _lines("iptables", "-S") | _lines("iptables", "-t", "nat", "-S"),
        "named namespaces": _lines("ip", "netns"),
        "settings": _settings(),
        "mounts": _mounts(),
        "processes": _processes(),
        _YOUNG: _processes(_YOUNG_SECONDS),
        "containers": {str(one["Id"]) for one in engine.containers()},
    }


def difference(before: dict[str, set[str]], after: dict[str, set[str]]) -> dict[str, list[str]]:
    """What came (+) and what went (-), by what it is; empty when nothing did.

    A process that had just begun may have ended by itself: other clusters' daemons run programs.
    """
    found = {
        what: [f"+ {one}" for one in sorted(after[what] - seen)]
        + [f"- {one}" for one in sorted(seen - after[what] - before[_YOUNG])]
        for what, seen in before.items()
        if what != _YOUNG
    }
    return {what: changes for what, changes in found.items() if changes}


def unchanged(before: dict[str, set[str]], engine: PrivateEngine) -> bool:
    """Whether the machine is as it was, to be waited for: processes may take a moment to end."""
    changes = difference(before, snapshot(engine))
    assert not changes, changes
    return True


def _lines(*command: str) -> set[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return {line.strip() for line in done.stdout.splitlines() if line.strip()}


def _forwarding() -> set[str]:
    """Where bridges send what; what they have learned by themselves they forget by themselves."""
    return {line for line in _lines("bridge", "fdb") if "permanent" in line or "static" in line}


def _settings() -> set[str]:
    lines = subprocess.run(
        ["sysctl", "-a", "-r", r"^net\.(ipv4|ipv6|netfilter|bridge)\."],
        capture_output=True, text=True, check=False, timeout=30,
    ).stdout.splitlines()  # fmt: skip
    return {line for line in lines if not _MOVING.match(line)}


def _mounts() -> set[str]:
    """Of the engine, the namespace that it keeps from its first container on is its own."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    found = {" ".join(line.split()[1:3]) for line in lines}
    return {one for one in found if not one.endswith("/netns/default nsfs")}


def _processes(younger_than: float = math.inf) -> set[str]:
    """Processes with a command line; kernel threads and this look itself have none or are us."""
    found = set()
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            state, *numbers = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        age = now - int(numbers[_START_TIME]) / os.sysconf("SC_CLK_TCK")
        if command and state != "Z" and age < younger_than:
            found.add(f"{place.name} {command[:200]}")
    return found
