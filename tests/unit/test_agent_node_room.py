"""What is done when a node runs short: in which order, and no more than is needed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mk8s_agent.node import usage
from mk8s_agent.node.evictions import Evictions
from mk8s_agent.node.room import Room
from mk8s_agent.node.tenants import ContainerUse, Tenant
from mk8s_agent.node.thresholds import Crossed, Threshold
from mk8s_agent.node.usage import size_of, volumes_of
from mk8s_agent.pods.identity import CONTAINER
from mk8s_agent.pods.residents import Resident
from mk8s_agent.runtime.errors import EngineUnavailable
from mk8s_agent.runtime.fake import FakeRuntime
from mk8s_agent.runtime.vocabulary import ContainerSpec

from minikube8s.kit.clock import SystemClock
from tests.support.agentnode import NotedReports, container, pod_json, view
from tests.support.virtualtime import VirtualClock, run
from tests.unit.test_agent_node_ranking import of

MIB = 1 << 20


def crossed(signal: str, *, soft: bool = False) -> Crossed:
    return Crossed(Threshold(signal, "100Mi", soft=soft), 100 * MIB, MIB)


class Short:
    """A node whose pods use what `uses` says (MiB of memory and of disk, by name)."""

    def __init__(self, **uses: int) -> None:
        self.uses = uses
        self.clock = VirtualClock()
        self.runtime = FakeRuntime(self.clock.now)
        self.reports = NotedReports()
        self.doomed: list[tuple[str, timedelta, bool]] = []
        self.dead: list[str] = []
        self.ends_after = 0.0
        self.cleared = 0
        self.told: list[str] = []
        evictions = Evictions(
            self, self.runtime, self.clock, self.reports, Path("/nowhere"), longest_grace=20
        )
        self.room = Room(self, evictions, self.runtime, self.clock, self._tell, self._clear)

    def residents(self) -> list[Resident]:
        gone = {name for name, _, _ in self.doomed}
        limited = [{"name": "cache", "emptyDir": {"sizeLimit": "50Mi"}}]
        pods = {
            name: pod_json(name=name, uid=name, volumes=limited if "limited" in name else [])
            for name in self.uses
            if name not in gone
        }
        return [Resident(name, b"", view(pod), ()) for name, pod in pods.items()]

    def doom(
        self, uid: str, reason: str, message: str, grace: timedelta, *, disrupts: bool = False
    ) -> None:
        assert reason == "Evicted" and message
        self.doomed.append((uid, grace, disrupts))

    def is_ending(self) -> bool:
        return self.clock.monotonic() < self.ends_after

    def spare_containers(self) -> list[str]:
        return self.dead

    def _tell(self, type: str, reason: str, message: str) -> None:
        self.told.append(f"{reason}: {message}")

    async def _clear(self) -> None:
        self.cleared += 1

    def measured(self, residents: Iterable[Resident]) -> list[Tenant]:
        found = []
        for one in residents:
            used = self.uses[one.pod.metadata.name] * MIB
            pod = pod_json(name=one.pod.metadata.name, uid=one.pod.metadata.uid)
            pod["spec"]["volumes"] = [
                {"name": each.name, "emptyDir": {"sizeLimit": "50Mi"}}
                for each in one.pod.spec.volumes
            ]
            containers = {"app": ContainerUse(used, used, 0)}
            found.append(of(pod, containers=containers, volumes={"cache": used}))
        return found


Play = Callable[[Short], Awaitable[None]]


def play(monkeypatch: pytest.MonkeyPatch, node: Callable[[], Short], scenario: Play) -> None:
    async def scene() -> None:
        short = node()

        async def measured(residents: Iterable[Resident], *_: Any) -> list[Tenant]:
            return short.measured(residents)

        monkeypatch.setattr(usage, "with_memory", measured)
        monkeypatch.setattr(usage, "with_storage", measured)
        await scenario(short)

    run(scene())


def test_one_pod_goes_and_its_end_is_awaited_before_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario(node: Short) -> None:
        node.ends_after = 5.0
        low = [crossed("memory.available")]
        assert await node.room.make(low, lambda: low)
        assert node.doomed == [("large", timedelta(seconds=1), True)]
        assert 5 <= node.clock.monotonic() < 7
        assert node.told == ["EvictionThresholdMet: Attempting to reclaim memory"]
        assert node.cleared == 0, "images are no memory"
        assert node.reports.message("Evicted").startswith("The node was low on resource: memory. ")
        assert await node.room.make(low, lambda: low) and node.doomed[-1][0] == "small"
        assert not await node.room.make(low, lambda: low), "nobody is left"

    play(monkeypatch, lambda: Short(small=1, large=9), scenario)


def test_a_pod_that_does_not_end_holds_up_the_next_for_half_a_minute_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario(node: Short) -> None:
        node.ends_after = 1e9
        low = [crossed("memory.available")]
        assert await node.room.make(low, lambda: low)
        assert node.clock.monotonic() == 30

    play(monkeypatch, lambda: Short(a=1), scenario)


def test_of_a_disk_dead_containers_and_unused_images_go_before_pods(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario(node: Short) -> None:
        node.runtime.add_image("app:1")
        for name in ("spare", "other"):
            await node.runtime.create(ContainerSpec(name=name, image="app:1", labels={}))
        node.dead = [node.runtime.present()[0].id]
        low = [crossed("imagefs.available")]
        assert not await node.room.make(low, lambda: []), "that was enough"
        assert node.doomed == [] and node.cleared == 1
        assert [one.name for one in node.runtime.present()] == ["other"]
        assert await node.room.make(low, lambda: low)
        assert node.doomed[0][0] == "large"

    play(monkeypatch, lambda: Short(small=1, large=9), scenario)


def test_an_engine_that_does_not_answer_spares_no_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(node: Short) -> None:
        async def away() -> None:
            raise EngineUnavailable("it hangs")

        monkeypatch.setattr(node.room, "_unused_images", away)
        low = [crossed("nodefs.available")]
        assert await node.room.make(low, lambda: low) and node.doomed

    play(monkeypatch, lambda: Short(a=1), scenario)


def test_a_soft_threshold_leaves_the_pod_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(node: Short) -> None:
        low = [crossed("memory.available", soft=True)]
        assert await node.room.make(low, lambda: low)
        assert node.doomed == [("a", timedelta(seconds=20), True)]

    play(monkeypatch, lambda: Short(a=1), scenario)


def test_limits_of_the_disk_are_enforced_without_any_pressure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario(node: Short) -> None:
        assert await node.room.make([], list)
        assert node.doomed == [("limited-much", timedelta(seconds=1), False)]
        assert node.told == []
        assert not await node.room.make([], list)

    uses = {"limited-little": 5, "limited-much": 51, "free": 500}
    play(monkeypatch, lambda: Short(**uses), scenario)


def test_a_directory_is_measured_with_each_file_once(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    (tmp_path / "deep" / "er" / "other").write_bytes(b"x" * 50_000)
    (tmp_path / "same").hardlink_to(tmp_path / "file")
    (tmp_path / "loop").symlink_to(tmp_path)
    size, inodes = size_of(tmp_path)
    assert 150_000 <= size < 200_000 and inodes == 5
    assert size_of(tmp_path / "absent") == (0, 0)


def test_empty_dirs_are_where_volumes_are_made() -> None:
    volumes = [{"name": "cache", "emptyDir": {}}, {"name": "other", "configMap": {"name": "x"}}]
    found = volumes_of(Path("/pods"), view(pod_json(volumes=volumes)))
    assert found == {"cache": Path("/pods/uid-1/volumes/cache")}


async def test_what_containers_write_is_looked_at_only_where_it_is_limited(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    runtime.add_image("app:1")
    limits = {"resources": {"limits": {"ephemeral-storage": "10Mi"}}}
    cache = [{"name": "cache", "emptyDir": {"sizeLimit": "10Ki"}}]
    pods = {
        "counted": pod_json(container(**limits), uid="counted"),
        "cached": pod_json(uid="cached", volumes=cache),
        "free": pod_json(uid="free"),
    }
    residents = []
    for uid, pod in pods.items():
        labels = {CONTAINER: "app"}
        made = await runtime.create(ContainerSpec(name=uid, image="app:1", labels=labels))
        runtime.written[made] = 11 * MIB
        seen = await runtime.inspect(made)
        residents.append(Resident(uid, json.dumps(pod).encode(), view(pod), (seen,)))
    (tmp_path / "cached" / "volumes" / "cache").mkdir(parents=True)
    (tmp_path / "cached" / "volumes" / "cache" / "file").write_bytes(b"x" * 20_000)
    node = Short()
    node.residents = lambda: residents  # type: ignore[method-assign]
    evictions = Evictions(node, runtime, SystemClock(), node.reports, tmp_path, 0)
    assert await evictions.enforce_limits()
    assert {uid for uid, _, _ in node.doomed} == {"counted", "cached"}
    asked = [call for call in runtime.calls if call.startswith("disk_use")]
    assert asked == [f"disk_use {residents[0].containers[0].id}"]


async def test_static_pods_are_kept_whatever_they_write(tmp_path: Path) -> None:
    cache = [{"name": "cache", "emptyDir": {"sizeLimit": "10Ki"}}]
    mirror = {"annotations": {"kubernetes.io/config.mirror": "hash"}}
    pod = pod_json(uid="shown", volumes=cache, metadata=mirror)
    (tmp_path / "shown" / "volumes" / "cache").mkdir(parents=True)
    (tmp_path / "shown" / "volumes" / "cache" / "file").write_bytes(b"x" * 20_000)
    node = Short()
    residents = [Resident("hash", json.dumps(pod).encode(), view(pod), ())]
    node.residents = lambda: residents  # type: ignore[method-assign]
    evictions = Evictions(node, FakeRuntime(), SystemClock(), node.reports, tmp_path, 0)
    assert not await evictions.enforce_limits()
    assert node.doomed == []
