"""How soon Services are in the kernel, with a thousand of them: the agent's proxy without a master.

Proved from outside the proxy: by the kernel's own notifications, and by packets that another
process sends all the time.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from mk8s_agent.assignments import Assigned
from mk8s_agent.proxy.monitor import CommitReader
from mk8s_agent.proxy.nftables import table_name

from tests.bench import processes
from tests.bench.proxied import (
    CLUSTER,
    ENDPOINTS,
    OTHER_POD,
    SERVER_POD,
    ProxiedNode,
    crowd,
    crowd_slice,
    endpoint_slice,
    proxied_node,
    service,
    start,
)
from tests.bench.report import Row, middle, spread, told
from tests.support.netlab import NetLab, empty_space, inside, net_lab, run

COUNT = 1000
TURNS = 60
FIRSTS = 5
PROBED_ADDRESS = "10.96.9.9"
QUIET_SECONDS = 0.1
DEADLINE = 30.0

_TABLE = f"inet {table_name(CLUSTER)}"
_TARGETS = ", ".join(f"{each} : 10.244.9.{each + 2} . 80" for each in range(ENDPOINTS))
_CHAIN = f"""
table ip peer {{ chain service {{ }}; }}
flush chain ip peer service
table ip peer {{
    chain service {{
        meta l4proto tcp dnat ip to numgen random mod {ENDPOINTS} map {{ {_TARGETS} }}
    }}
}}
"""

# prints when a UDP answer comes from somebody else than before; another port each time is a new
# flow for the kernel, which looks at the rules
_ASKER = """
import socket, sys, time
last, port = "", 20000
while True:
    port = port + 1 if port < 65000 else 20000
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.2)
        try:
            asking.bind(("", port))
            asking.connect((sys.argv[1], 80))
            asking.send(b"?")
            answer = asking.recv(64).split()[0].decode()
        except OSError:
            continue
    if answer != last:
        print(time.perf_counter(), answer, flush=True)
        last = answer
    time.sleep(0.0005)
"""


def services() -> list[Row]:
    """First syncs of all Services; then one endpoint of one Service changes, many times."""
    firsts, grown, loaded = [], [], []
    for _ in range(FIRSTS):
        with net_lab() as lab, tempfile.TemporaryDirectory() as state:
            first, memory = asyncio.run(_first(lab, Path(state)))
            listing = run(f"nft list table {_TABLE}")
        firsts.append(first)
        grown.append(memory)
        loaded.append(_loaded(listing))
    told(f"first sync {spread(firsts)}; nft -f {spread(loaded)}")
    with net_lab() as lab, tempfile.TemporaryDirectory() as state:
        ones, peers, moved = asyncio.run(_changes(lab, Path(state)))
    told(f"one endpoint of {ENDPOINTS} changes {spread(ones)}; nft -f {spread(peers)}")
    told(f"the only endpoint changes, first packet there {spread(moved)}")
    return [
        Row(f"{COUNT} Services, first sync", middle(firsts), "ms", 1.0, middle(loaded), "nft -f"),
        Row("  the least of each", min(firsts), "ms", 1.0, min(loaded), "nft -f"),
        Row("  memory of it", max(grown), "MiB"),
        Row("one endpoint changed to first packet there", middle(moved), "ms", 0.02),
        Row("  the worst", max(moved), "ms", 0.02),
        Row("  one of ten, old rules swept away, too", middle(ones), "ms", None, middle(peers),
            "nft -f, one chain"),
    ]  # fmt: skip


async def _first(lab: NetLab, state: Path) -> tuple[float, int]:
    """Seconds until all is in the kernel, and how much the process has grown, in bytes."""
    async with proxied_node(lab, state) as node:
        with Commits() as commits:
            held = processes.memory(os.getpid()).resident
            began = time.perf_counter()
            node.assignments.replace(crowd(COUNT), 1)
            passed = await commits.quiet(began)
            return passed, processes.memory(os.getpid()).resident - held


def _loaded(listing: str) -> float:
    """Seconds that the command `nft` takes for the same table."""
    with empty_space() as space, inside(space):
        return _nft(listing)


async def _changes(lab: NetLab, state: Path) -> tuple[list[float], list[float], list[float]]:
    """Our changes and nft's in turns, then those that packets prove."""
    async with proxied_node(lab, state) as node:
        with Commits() as commits:
            node.assignments.replace(crowd(COUNT), 1)
            await commits.quiet(0.0)
            ones, peers = [], []
            for turn in range(TURNS):
                ones.append(await _one_of_ten(node, commits, turn))
                peers.append(_nft(_CHAIN))
        return ones, peers, await _moved(node)


def _nft(text: str) -> float:
    began = time.perf_counter()
    subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)
    return time.perf_counter() - began


async def _one_of_ten(node: ProxiedNode, commits: Commits, turn: int) -> float:
    number = turn * 7 % COUNT
    began = time.perf_counter()
    node.give(crowd_slice(number, left_out=turn % ENDPOINTS))
    return await commits.quiet(began)


async def _moved(node: ProxiedNode) -> list[float]:
    """A Service moves from one pod to the other and back."""
    udp = {"port": {"protocol": "UDP"}}
    node.give(service("probed", PROBED_ADDRESS, **udp), _probed(SERVER_POD))
    run("sysctl -qw net.netfilter.nf_conntrack_udp_timeout=5")
    asker = start(node.client, sys.executable, "-c", _ASKER, PROBED_ADDRESS)
    try:
        await _answer(asker, "server")
        found = []
        for turn in range(TURNS):
            await asyncio.sleep(QUIET_SECONDS)
            name, address = (("other", OTHER_POD), ("server", SERVER_POD))[turn % 2]
            began = time.perf_counter()
            node.give(_probed(address))
            found.append(await _answer(asker, name) - began)
        return found
    finally:
        asker.kill()
        asker.communicate()


def _probed(address: str) -> Assigned[Any]:
    return endpoint_slice("probed", [address], protocol="UDP")


async def _answer(asker: subprocess.Popen[str], name: str) -> float:
    """When the first answer came from ``name``."""
    assert asker.stdout is not None
    async with asyncio.timeout(DEADLINE):
        line = await asyncio.to_thread(asker.stdout.readline)
    at, who = line.split()
    assert who == name, f"{who} answered, not {name}"
    return float(at)


class Commits:
    """When the cluster's table was changed, told by the kernel to a thread that does no more."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._reader = CommitReader()
        self._channel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        self._channel.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
        self._channel.bind((0, 1 << 6))
        self._channel.settimeout(QUIET_SECONDS)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Commits:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._channel.close()

    async def quiet(self, since: float) -> float:
        """Seconds from ``since`` to the last change, once none follows any more."""
        deadline = time.perf_counter() + DEADLINE
        while True:
            await asyncio.sleep(QUIET_SECONDS / 10)
            last = self._times[-1] if self._times else 0.0
            if last > since and time.perf_counter() - last > QUIET_SECONDS:
                return last - since
            assert time.perf_counter() < deadline, "the table does not change"

    def _read(self) -> None:
        own = table_name(CLUSTER)
        while not self._ended.is_set():
            try:
                data = self._channel.recv(1 << 20)
            except TimeoutError:
                continue
            at = time.perf_counter()
            if any(own in commit.tables for commit in self._reader.feed(data)):
                self._times.append(at)
