"""When a node runs short, and what it offers: thresholds, conditions, capacity, settings."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mk8s_agent.node import conditions
from mk8s_agent.node.capacity import allocatable, capacity
from mk8s_agent.node.images import listed
from mk8s_agent.node.settings import KubeletSettings, problem
from mk8s_agent.node.signals import measure
from mk8s_agent.node.thresholds import Past, Reading, Threshold, amount, judge, thresholds
from mk8s_agent.runtime.vocabulary import Image

from tests.unit.test_agent_node import MACHINE

MIB = 1 << 20
TRANSITION = 300.0


def settings(**fields: Any) -> KubeletSettings:
    """As they stand in a file."""
    return msgspec.convert(fields, KubeletSettings)


@pytest.mark.parametrize(
    ("limit", "bytes"), [("100Mi", 100 * MIB), ("10%", 200), ("0.5%", 10), ("0", 0), ("100%", 2000)]
)
def test_a_limit_is_a_quantity_or_a_part_of_the_capacity(limit: str, bytes: int) -> None:
    assert amount(limit, 2000) == bytes


class Watched:
    """A node whose memory somebody else decides, judged again and again."""

    def __init__(self, *stated: Threshold) -> None:
        self.stated = stated
        self.past = Past()

    def look(self, now: float, memory: int) -> tuple[set[str], list[bool]]:
        readings = {"memory.available": Reading(memory * MIB, 4096 * MIB)}
        judged = judge(self.stated, readings, self.past, TRANSITION, now)
        self.past = judged.past
        return set(judged.pressures), [one.threshold.soft for one in judged.crossed]


HARD = Threshold("memory.available", "100Mi")
SOFT = Threshold("memory.available", "300Mi", grace=90.0, soft=True)


def test_pressure_holds_for_the_transition_period_after_it_was_last_seen() -> None:
    node = Watched(HARD)
    assert node.look(0, 500) == (set(), [])
    assert node.look(10, 99) == ({"MemoryPressure"}, [False])
    assert node.look(20, 500) == ({"MemoryPressure"}, [])
    assert node.look(309, 500) == ({"MemoryPressure"}, [])
    assert node.look(310, 500) == (set(), [])


def test_a_soft_threshold_asks_for_action_only_after_its_grace() -> None:
    node = Watched(HARD, SOFT)
    assert node.look(0, 200) == ({"MemoryPressure"}, [])
    assert node.look(80, 200)[1] == []
    assert node.look(90, 200)[1] == [True]
    assert node.look(100, 50)[1] == [False, True]
    assert node.look(110, 400)[1] == []
    assert node.look(120, 200)[1] == []


def test_what_fell_has_to_rise_by_the_minimum_reclaim() -> None:
    node = Watched(msgspec.structs.replace(HARD, reclaim="50Mi"))
    assert node.look(0, 120)[1] == []
    assert node.look(10, 90)[1] == [False]
    assert node.look(20, 120)[1] == [False]
    assert node.look(30, 160)[1] == []
    assert node.look(40, 120)[1] == []


def test_memory_comes_first_and_what_cannot_be_read_says_nothing() -> None:
    stated = (Threshold("nodefs.available", "10%"), HARD, Threshold("imagefs.available", "1Gi"))
    readings = {"nodefs.available": Reading(5, 100), "memory.available": Reading(1, 100)}
    judged = judge(stated, readings, Past(), TRANSITION, 0.0)
    signals = [one.threshold.signal for one in judged.crossed]
    assert signals == ["memory.available", "nodefs.available"]
    assert judged.pressures == {"MemoryPressure", "DiskPressure"}
    assert (judged.crossed[1].limit, judged.crossed[1].available) == (10, 5)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 400)), max_size=30))
def test_a_condition_begins_at_once_and_never_ends_early(looks: list[tuple[int, int]]) -> None:
    node, now, last = Watched(HARD, SOFT), 0.0, None
    for memory, pause in looks:
        now += pause
        pressures, crossed = node.look(now, memory)
        if memory < 300:
            last = now
        assert bool(pressures) == (last is not None and (last == now or now - last < TRANSITION))
        assert not crossed or memory < 300
        assert (False in crossed) == (memory < 100)


def test_settings_become_thresholds() -> None:
    stated = settings(
        evictionHard={"memory.available": "1Gi", "nodefs.available": "0%"},
        evictionSoft={"imagefs.available": "15%"},
        evictionSoftGracePeriod={"imagefs.available": "1m30s"},
        evictionMinimumReclaim={"imagefs.available": "2Gi"},
    )
    assert thresholds(stated) == (
        Threshold("memory.available", "1Gi"),
        Threshold("imagefs.available", "15%", 90.0, "2Gi", soft=True),
    )
    signals = {one.signal for one in thresholds(KubeletSettings())}
    assert signals == {
        "memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, ""),
        ({"evictionHard": {"memory.free": "1Gi"}}, "memory.free is no signal"),
        ({"evictionHard": {"memory.available": "much"}}, "must be a quantity or a percentage"),
        ({"evictionHard": {"memory.available": "101%"}}, "must be a quantity or a percentage"),
        ({"evictionSoft": {"memory.available": "1Gi"}}, "needs a grace period"),
        ({"systemReserved": {"gpu": "1"}}, "systemReserved: gpu: 1 cannot be reserved"),
        ({"evictionPressureTransitionPeriod": "soon"}, "'soon' is no duration"),
        ({"imageMinimumGCAge": "-2m"}, "imageMinimumGCAge: -2m is negative"),
        ({"imageGCHighThresholdPercent": 70}, "imageGCLowThresholdPercent 80 must be below"),
        ({"imageGCHighThresholdPercent": 100, "imageGCLowThresholdPercent": 100}, ""),
        ({"maxPods": 0}, "maxPods: 0"),
        ({"shutdownGracePeriodCriticalPods": "40s"}, "a part of shutdownGracePeriod"),
    ],
)
def test_settings_that_cannot_be_used_are_explained(fields: dict[str, Any], why: str) -> None:
    found = problem(settings(**fields))
    assert why in found and bool(found) == bool(why)


def test_a_field_that_does_not_count_here_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="cpuManagerPolicy"):
        settings(cpuManagerPolicy="static")


def test_pods_may_have_what_is_neither_reserved_nor_kept_free() -> None:
    stated = settings(
        systemReserved={"cpu": "200m", "memory": "500Mi"},
        kubeReserved={"cpu": "100m", "ephemeral-storage": "1Gi"},
        evictionHard={"memory.available": "100Mi", "nodefs.available": "10%"},
        maxPods=50,
    )
    machine = msgspec.structs.replace(MACHINE, huge_pages={"hugepages-2Mi": 64 * MIB})
    assert capacity(machine, stated) == {
        "cpu": "2", "memory": "4194304Ki", "ephemeral-storage": "10485760Ki", "pods": "50",
        "hugepages-2Mi": "64Mi",
    }  # fmt: skip
    assert allocatable(machine, stated) == {
        "cpu": "1700m", "memory": f"{(4096 - 500 - 100 - 64) * 1024}Ki", "pods": "50",
        "ephemeral-storage": str(8 << 30), "hugepages-2Mi": "64Mi",
    }  # fmt: skip


def test_this_machine_can_be_measured(tmp_path: Any) -> None:
    readings = measure(tmp_path, None)
    assert {"memory.available", "nodefs.available", "pid.available"} <= readings.keys()
    assert all(0 < one.available <= one.capacity for one in readings.values())
    assert "imagefs.available" not in readings
    assert "imagefs.available" not in measure(tmp_path, tmp_path / "absent")


def test_conditions_speak_the_kubelets_words() -> None:
    said = conditions.pressure_verdicts({"DiskPressure"})
    assert said["DiskPressure"] == ("True", "KubeletHasDiskPressure", "kubelet has disk pressure")
    assert said["MemoryPressure"][1] == "KubeletHasSufficientMemory"
    before, after = frozenset({"DiskPressure"}), frozenset({"MemoryPressure"})
    assert conditions.changes(before, after) == [
        "NodeHasInsufficientMemory",
        "NodeHasNoDiskPressure",
    ]


def image(number: int, size: int, *tags: str) -> Image:
    return Image(id=f"sha256:{number}", tags=tags, digests=(), size=size)


def test_the_largest_images_are_told_by_all_their_names() -> None:
    images = [image(1, 5, "a:1", "a:2"), image(2, 9, "b:1"), image(3, 99), image(4, 1, "c:1")]
    assert listed(images, 2) == [
        {"names": ["b:1"], "sizeBytes": 9},
        {"names": ["a:1", "a:2"], "sizeBytes": 5},
    ]
    assert len(listed(images, -1)) == 3
