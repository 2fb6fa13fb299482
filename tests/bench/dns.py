"""How many names a second a node's DNS answers and how soon, beside dnsmasq with the same names.

The agent's server runs in this process; dnsperf asks from another one, as pods would.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mk8s_agent.assignments import Assignments, ClusterInfo
from mk8s_agent.dns import ClusterDns
from mk8s_agent.dns.resolvconf import HostResolver
from mk8s_agent.dns.sockets import OwnSockets

from tests.bench.proxied import CLUSTER, crowd
from tests.bench.report import Row, middle, printed, spread, told
from tests.support.netlab import net_lab
from tests.support.nodeconfig import NodeConfig

COUNT = 1000
TURNS = 5
SECONDS = 2
RATE = 30_000
OURS, PEER = "127.0.0.10", "127.0.0.11"
DEADLINE = 10.0


def dns() -> list[Row]:
    """Turns of both as fast as they can; then questions at a fixed rate, each one timed."""
    with net_lab(), tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder)))


async def _measured(folder: Path) -> list[Row]:
    questions = folder / "questions"
    questions.write_text("".join(f"{name} A\n" for name in _names()))
    ours: list[float] = []
    theirs: list[float] = []
    async with _our_server(folder), _dnsmasq(folder):
        for _ in range(TURNS):
            for address, rates in ((OURS, ours), (PEER, theirs)):
                rates.append(await _rate(address, questions))
        lates = [(await _late(OURS, questions), await _late(PEER, questions)) for _ in range(3)]
    late, late_peer = (middle(each) for each in zip(*lates, strict=True))
    told(f"DNS {spread(ours, '/s')}; dnsmasq {spread(theirs, '/s')}")
    told(f"at {RATE} /s, p99 {printed(late, 'ms')}; dnsmasq {printed(late_peer, 'ms')}")
    return [
        Row("DNS, answers", middle(ours), "/s", RATE, middle(theirs), "dnsmasq", at_least=True),
        Row("  the best of each", max(ours), "/s", RATE, max(theirs), "dnsmasq", at_least=True),
        Row(f"  p99 of time to answer at {RATE} /s", late, "ms", 0.002, late_peer, "dnsmasq"),
    ]


def _names() -> list[str]:
    return [f"crowd-{number}.default.svc.cluster.local" for number in range(COUNT)]


@asynccontextmanager
async def _our_server(folder: Path) -> AsyncIterator[None]:
    (folder / "resolv.conf").write_text(f"nameserver {PEER}\n")
    assignments = Assignments()
    host = HostResolver(folder / "resolv.conf", folder / "none")
    config = NodeConfig(folder, cluster=CLUSTER)
    server = ClusterDns(config, assignments, told, OwnSockets(), host=host)
    assignments.set_cluster(
        ClusterInfo(
            cluster=CLUSTER,
            pod_cidr="10.244.0.0/24",
            cluster_cidr=config.cluster_cidr,
            service_cidr=config.service_cidr,
            cluster_domain="cluster.local",
            cluster_dns=OURS,
            heartbeat_seconds=10,
        )
    )
    assignments.replace(crowd(COUNT), 1)
    server.serve(OURS)
    running = asyncio.create_task(server.run())
    try:
        await _answering(OURS)
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


@asynccontextmanager
async def _dnsmasq(folder: Path) -> AsyncIterator[None]:
    hosts = folder / "hosts"
    hosts.write_text("".join(f"10.97.0.1 {name}\n" for name in _names()))
    process = await asyncio.create_subprocess_exec(
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
        "--user=root", "--pid-file=", "--bind-interfaces", f"--listen-address={PEER}",
        f"--addn-hosts={hosts}", stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await _answering(PEER)
        yield
    finally:
        process.terminate()
        await process.wait()


async def _rate(address: str, questions: Path) -> float:
    """Answers a second."""
    printed = await _dnsperf("-s", address, "-d", str(questions), "-l", str(SECONDS), "-c", "4")
    found = re.search(r"Queries per second:\s+([\d.]+)", printed)
    lost = re.search(r"Queries lost:\s+\d+ \(([\d.]+)%\)", printed)
    assert found and lost and float(lost[1]) < 1, printed
    return float(found[1])


async def _late(address: str, questions: Path) -> float:
    """Seconds within which 99 of 100 answers come, at a fixed rate of questions."""
    printed = await _dnsperf(
        "-s", address, "-d", str(questions), "-l", str(SECONDS), "-Q", str(RATE), "-v"
    )
    times = sorted(float(each) for each in re.findall(r"^> NOERROR .* ([\d.]+)$", printed, re.M))
    assert len(times) > RATE, f"{len(times)} answers"
    return times[len(times) * 99 // 100]


async def _dnsperf(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "dnsperf", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def _answering(address: str) -> None:
    """Wait until one of the names is answered there."""
    question = _names()[0]
    async with asyncio.timeout(DEADLINE):
        while True:
            process = await asyncio.create_subprocess_exec(
                "dig", f"@{address}", "+short", "+tries=1", "+time=1", question,
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            said, _ = await process.communicate()
            if said.startswith(b"10.97."):
                return
            await asyncio.sleep(0.05)
