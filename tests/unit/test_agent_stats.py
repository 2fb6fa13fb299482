"""What the agent makes of the kernel's counters: control groups of both versions, windows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from mk8s_agent.pods.identity import CONTAINER, POD_NAME, POD_NAMESPACE, POD_UID
from mk8s_agent.runtime.vocabulary import Container, Phase
from mk8s_agent.stats import cgroups, collector, node, sampling
from mk8s_agent.stats.cgroups import Groups, Memory
from mk8s_agent.stats.collector import Stats
from mk8s_agent.stats.sampling import NODE, Sample, Usage

V1 = """\
25 30 0:22 / /sys rw - sysfs sysfs rw
33 32 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
36 32 0:31 /outer /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
"""
V2 = "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
HYBRID = V1 + "42 32 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"


@pytest.mark.parametrize(
    ("mountinfo", "membership", "found"),
    [
        (
            V1,
            "5:cpu,cpuacct:/docker/a\n3:memory:/outer/docker/a\n1:name=systemd:/docker/a\n",
            Groups("/sys/fs/cgroup/cpu,cpuacct/docker/a", "/sys/fs/cgroup/memory/docker/a", False),
        ),
        (
            HYBRID,
            "5:cpu,cpuacct:/docker/a\n3:memory:/outer\n0::/x\n",
            Groups("/sys/fs/cgroup/cpu,cpuacct/docker/a", "/sys/fs/cgroup/memory", False),
        ),
        (
            V2,
            "0::/system.slice/docker-a.scope\n",
            Groups(
                "/sys/fs/cgroup/system.slice/docker-a.scope",
                "/sys/fs/cgroup/system.slice/docker-a.scope",
                True,
            ),
        ),
        (V1, "3:memory:/elsewhere\n5:cpu,cpuacct:/a\n", None),
        ("", "0::/a\n", None),
        (V2, "", None),
    ],
)
def test_a_process_is_found_in_its_groups(
    mountinfo: str, membership: str, found: Groups | None
) -> None:
    assert cgroups.groups(membership, cgroups.mounts(mountinfo)) == found


def test_the_working_set_leaves_out_what_can_be_taken_back() -> None:
    v1 = "cache 5\ninactive_file 1\ntotal_inactive_file 40\ntotal_rss 50\n"
    assert cgroups.memory("100\n", v1, unified=False) == Memory(100, 60, 50)
    v2 = "anon 50\nfile 45\ninactive_file 40\n"
    assert cgroups.memory("100\n", v2, unified=True) == Memory(100, 60, 50)
    assert cgroups.memory("30", v2, unified=True).working_set == 0


def test_processor_time_is_in_nanoseconds() -> None:
    assert cgroups.cpu_nanoseconds("123456\n", unified=False) == 123456
    stat = "usage_usec 123\nuser_usec 100\nsystem_usec 23\n"
    assert cgroups.cpu_nanoseconds(stat, unified=True) == 123000
    machine = "cpu  100 10 50 9000 800 5 5 0 7 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
    assert node.cpu_nanoseconds(machine, 100) == 1_700_000_000


def test_the_machines_memory_is_reckoned_like_a_containers() -> None:
    text = "MemTotal: 1000 kB\nMemFree: 400 kB\nInactive(file): 100 kB\nAnonPages: 50 kB\n"
    assert node.memory(text) == Memory(600 * 1024, 500 * 1024, 50 * 1024)
    assert node.total_memory(text) == 1000 * 1024


def sample(at: float, **cpu: int) -> Sample:
    usages = {key: Usage(value, Memory(100, 60, 50)) for key, value in cpu.items()}
    return Sample(at, {NODE: Usage(0, Memory(500, 400, 0)), **usages}, 1000)


def test_a_rate_is_over_the_window_or_the_containers_life() -> None:
    before, after = sample(10, a=10**9), sample(20, a=3 * 10**9, b=10**9)
    assert sampling.nanocores(before, after, "a", None) == 2 * 10**8
    assert sampling.nanocores(before, after, "b", 4.0) == 25 * 10**7
    assert sampling.nanocores(after, after, "a", None) == 0
    assert sampling.nanocores(sample(10, a=9 * 10**9), after, "a", None) == 0


def container(id: str, name: str, pod: str = "p") -> Container:
    labels = {POD_NAMESPACE: "default", POD_NAME: pod, POD_UID: f"uid-{pod}", CONTAINER: name}
    return Container(
        id=id,
        name=id,
        labels=labels,
        phase=Phase.RUNNING,
        image="i",
        image_id="i",
        created_at=datetime(2024, 1, 1, tzinfo=UTC),
        pid=1,
    )


class Hands:
    """A clock that stands still but for those who sleep: samples are read in a thread."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime(2024, 1, 2, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Engine:
    """Containers `a` (of a pod), its pause container, and one that has just ended."""

    async def containers(self, _: Any) -> list[Container]:
        return [container("a", "main"), container("s", "POD"), container("gone", "main", "q")]


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When samples were taken; the container uses half a processor, the node two."""
    times: list[float] = []

    def take(containers: Iterable[Container], at: float) -> Sample:
        times.append(at)
        cpu = int(at * 10**9)
        usage = Usage(cpu // 2, Memory(100, 60, 50))
        usages = {NODE: Usage(cpu * 2, Memory(500, 400, 0)), "a": usage, "s": usage}
        return Sample(at, usages, 1000)

    monkeypatch.setattr(sampling, "take", take)
    return times


DISKS = {"fs": {"availableBytes": 7}, "imageFs": {"availableBytes": 9, "capacityBytes": 20}}


def stats_of(clock: Hands) -> Stats:
    return Stats("n1", Engine(), {}, clock, lambda: DISKS)  # type: ignore[arg-type]


async def ask(stats: Stats) -> dict[str, Any]:
    data = b"".join([piece async for piece in await stats.open({})])
    return msgspec.json.decode(data, type=dict[str, Any])


async def test_the_first_question_takes_a_second_and_later_ones_use_the_one_before(
    taken: list[float],
) -> None:
    clock = Hands()
    stats = stats_of(clock)
    start = clock.monotonic()
    first = asyncio.create_task(ask(stats))
    second = asyncio.create_task(ask(stats))
    told = await first
    assert told["windowSeconds"] == collector.FIRST_WINDOW and await second == told
    assert taken == [start, start + 1]
    await clock.sleep(collector.FRESH_SECONDS - 1)
    assert await ask(stats) == told and len(taken) == 2
    await clock.sleep(6)
    assert (await ask(stats))["windowSeconds"] == 15 and len(taken) == 3
    await clock.sleep(collector.LONGEST_WINDOW + 1)
    assert (await ask(stats))["windowSeconds"] == 1 and len(taken) == 5


async def test_the_summary_has_the_kubelets_form(taken: list[float]) -> None:
    told = (await ask(stats_of(Hands())))["summary"]
    assert told["node"]["nodeName"] == "n1"
    assert told["node"]["cpu"]["usageNanoCores"] == 2 * 10**9
    assert told["node"]["memory"]["availableBytes"] == 600
    assert told["node"]["fs"]["availableBytes"] == 7
    assert told["node"]["runtime"]["imageFs"]["capacityBytes"] == 20
    (pod,) = told["pods"]
    assert pod["podRef"] == {"name": "p", "namespace": "default", "uid": "uid-p"}
    (only,) = pod["containers"]
    assert (only["name"], only["cpu"]["usageNanoCores"]) == ("main", 5 * 10**8)
    assert only["memory"]["workingSetBytes"] == pod["memory"]["workingSetBytes"] == 60
