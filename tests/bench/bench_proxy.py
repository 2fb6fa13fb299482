"""How long it takes to plug a pod, and to bring Services into the kernel: run as root.

    python -m tests.bench.bench_proxy [services] [endpoints of each]

Works in network namespaces of its own. Prints the minimum and the median of several runs.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from mk8s_agent.network.pods import PodNetwork
from mk8s_agent.proxy.desired import Backend, PortKey, ServicePort
from mk8s_agent.proxy.fixed import TableConfig
from mk8s_agent.proxy.nftables import Nftables
from mk8s_agent.proxy.table import ServiceTable

from tests.support.netlab import NetLab, net_lab
from tests.support.nodeconfig import NodeConfig
from tests.support.proxytables import having

PODS = 20
RUNS = 15


def service(number: int, endpoints: int) -> ServicePort:
    first = number * endpoints
    found = tuple(
        Backend(f"10.244.{(first + i) // 250 % 250}.{(first + i) % 250 + 2}", 80, here=True)
        for i in range(endpoints)
    )
    return ServicePort(
        key=PortKey("default", f"service-{number}", "http"),
        protocol="tcp",
        port=80,
        cluster_ips=(f"10.96.{number // 250}.{number % 250 + 1}",),
        external_ips=(),
        node_port=30000 + number if number % 4 == 0 else 0,
        affinity_seconds=10800 if number % 10 == 0 else 0,
        internal_local=False,
        external_local=False,
        backends=found,
        local=found,
    )


def told(what: str, seconds: list[float]) -> None:
    ms = [each * 1000 for each in seconds]
    print(f"{what:48} min {min(ms):8.2f} ms   median {statistics.median(ms):8.2f} ms")


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


async def pods(lab: NetLab) -> None:
    with tempfile.TemporaryDirectory() as state:
        network = PodNetwork(NodeConfig(Path(state), cluster="bench"))
        told("set the node up", [await timed(lambda: network.setup("10.244.0.0/24"))])
        plugs, unplugs = [], []
        for number in range(2, PODS + 2):
            pod, address = lab.pod(str(number)), f"10.244.0.{number}"
            plugs.append(await timed(lambda p=pod, a=address: network.plug(p.pid, a, "default/x")))
        for number in range(2, PODS + 2):
            unplugs.append(await timed(lambda a=f"10.244.0.{number}": network.unplug(a)))
        told("plug a pod", plugs)
        told("unplug a pod", unplugs)
        await PodNetwork.remove_everything(NodeConfig(Path(state), cluster="bench"))
        await network.close()


async def services(count: int, endpoints: int) -> None:
    nft = Nftables()
    table = ServiceTable(TableConfig("bench", "n1", "10.244.0.0/16", "10.96.0.0/12"))
    await nft.run(table.full())
    wanted = [service(number, endpoints) for number in range(count)]
    started = time.perf_counter()
    table.update(having(*wanted))
    full = table.full()
    told(f"build the text of {count} Services", [time.perf_counter() - started])
    told(
        f"replace the table by {count} Services",
        [await timed(lambda: nft.run(full)) for _ in "123"],
    )
    for name, chosen in (("plain", 1), ("with a node port", 4), ("with affinity", 10)):
        runs = []
        for turn in range(RUNS):
            fewer = wanted[chosen].backends[turn % 2 :]
            changed = replace(wanted[chosen], backends=fewer, local=fewer)
            runs.append(await timed(lambda port=changed: _apply(nft, table, port)))
        told(f"one endpoint changes, Service {name}", runs[1:])
    await nft.close()


async def _apply(nft: Nftables, table: ServiceTable, port: ServicePort) -> None:
    for transaction in table.update(having(port)).transactions():
        await nft.run(transaction)


def resident_kb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


async def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    endpoints = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with net_lab() as lab:
        await pods(lab)
        before = resident_kb()
        await services(count, endpoints)
        print(f"resident memory grown by {resident_kb() - before} kB")


if __name__ == "__main__":
    asyncio.run(main())
