"""Which images a node removes: only those that pods brought, that nothing uses, when it has to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mk8s_agent.node.garbage import ImageCollector, candidates, chosen, excess
from mk8s_agent.node.pulled import Pulled, PulledImages
from mk8s_agent.node.settings import KubeletSettings
from mk8s_agent.node.thresholds import Reading
from mk8s_agent.pods.actions import EnsureImage
from mk8s_agent.pods.images import Images
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.fake import FakeRuntime
from mk8s_agent.runtime.references import full_name
from mk8s_agent.runtime.vocabulary import ContainerSpec, Image

from minikube8s.api import views
from tests.support.virtualtime import EPOCH as NOW
from tests.support.virtualtime import VirtualClock, run

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("available", "bytes"), [(1000, 0), (151, 0), (150, 50), (100, 100), (0, 200)]
)
def test_from_the_high_mark_on_it_goes_down_to_the_low_one(available: int, bytes: int) -> None:
    assert excess(Reading(available, 1000), 85, 80) == bytes
    assert excess(Reading(available, 1000), 100, 80) == 0


def image(number: int, size: int, *tags: str) -> Image:
    return Image(id=f"id{number}", tags=tags, digests=(), size=size)


def pulled(number: int, *, minutes: int = 10) -> Pulled:
    return Pulled(reference=f"app:{number}", id=f"id{number}", at=NOW - minutes * MINUTE)


def test_only_what_pods_brought_and_nothing_uses_may_go_the_least_recently_used_first() -> None:
    local = [
        image(1, 10, "app:1"),
        image(2, 20, "app:2", "mine:2"),
        image(3, 30, "built:3"),
        image(4, 40, "app:4"),
        image(5, 50, "app:5"),
        image(66, 60, "app:6"),
    ]
    record = [
        pulled(1),
        pulled(2, minutes=5),
        pulled(4),
        pulled(5, minutes=1),
        pulled(6),
        pulled(7),
    ]
    found = candidates(record, local, {"id4"}, {"id1": NOW - MINUTE}, NOW - 2 * MINUTE)
    assert [one.reference for one in found] == ["app:2", "app:1"]
    assert [one.reference for one in chosen(found, 20)] == ["app:2"]
    assert len(chosen(found, 21)) == 2 and len(chosen(found, None)) == 2
    assert chosen(found, 0) == []


images = st.lists(st.integers(0, 9), unique=True, max_size=8)


@given(images, images, images, st.integers(0, 100), st.integers(0, 9))
def test_what_is_in_use_or_not_pods_or_too_young_never_goes(
    local: list[int], record: list[int], busy: list[int], amount: int, age: int
) -> None:
    there = [image(number, 10, f"app:{number}") for number in local]
    noted = [pulled(number, minutes=number) for number in record]
    used = {f"id{number}" for number in busy}
    found = candidates(noted, there, used, {}, NOW - age * MINUTE)
    gone = {int(one.reference.removeprefix("app:")) for one in chosen(found, amount)}
    assert gone <= set(local) & set(record) - set(busy)
    assert all(number >= age for number in gone)
    allowed = 10 * len(found)
    assert 10 * len(gone) >= min(amount, allowed) and 10 * len(gone) < amount + 10


@pytest.mark.parametrize(
    ("written", "listed"),
    [
        ("nginx", "nginx:latest"),
        ("docker.io/library/nginx:1", "nginx:1"),
        ("docker.io/me/app", "me/app:latest"),
        ("host:5000/app:2", "host:5000/app:2"),
        (f"app:1@sha256:{'a' * 64}", f"app@sha256:{'a' * 64}"),
    ],
)
def test_an_image_is_known_by_the_engines_name(written: str, listed: str) -> None:
    assert full_name(written) == listed


def test_the_record_outlives_the_agent_and_a_damaged_one_spares_all(tmp_path: Path) -> None:
    async def scenario() -> None:
        file = tmp_path / "pulled.json"
        record = PulledImages(file, VirtualClock())
        record.note("app:1", "id1")
        record.note("app:2", "id2")
        record.forget("app:1")
        known = PulledImages(file, VirtualClock()).all()
        assert [(one.reference, one.id, one.at) for one in known] == [("app:2", "id2", NOW)]
        file.write_bytes(b"[{")
        assert PulledImages(file, VirtualClock()).all() == []

    run(scenario())


class Collected:
    """A collector at work on a fake engine, with what it told."""

    def __init__(self, directory: Path) -> None:
        self.clock = VirtualClock()
        self.runtime = FakeRuntime(self.clock.now)
        self.record = PulledImages(directory / "pulled.json", self.clock)
        self.told: list[tuple[str, str]] = []
        self.collector = ImageCollector(
            self.runtime, self.record, KubeletSettings(), self.clock, self._tell
        )

    def _tell(self, type: str, reason: str, message: str) -> None:
        self.told.append((reason, message))

    async def pull(self, reference: str) -> None:
        """A pod wants the image."""
        images = Images(self.runtime, self.clock, self.record.note)
        container = msgspec.convert({"name": "c", "image": reference}, views.Container)
        state = await images.ensure(EnsureImage(container, 0), None, (), lambda *_: None)
        assert not state.reason

    @property
    def left(self) -> set[str]:
        return set(self.runtime.images)


def test_a_full_disk_costs_unused_images_that_pods_brought_and_no_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        node = Collected(tmp_path)
        for name in ("busy:1", "idle:1", "later-mine:1"):
            node.runtime.registry[name] = node.runtime.add_image(name, 100)
            del node.runtime.images[name]
        node.runtime.add_image("built:1", 100)
        node.runtime.registry["built:1"] = node.runtime.images["built:1"]
        for name in ("busy:1", "idle:1", "later-mine:1", "built:1"):
            await node.pull(name)
        node.runtime.add_image("later-mine:1", 100)
        node.runtime.images["later-mine:1"] = msgspec.structs.replace(
            node.runtime.images["later-mine:1"], id="sha256:other"
        )
        await node.runtime.create(ContainerSpec(name="x", image="busy:1", labels={}))
        everything = set(node.left)
        await node.collector.collect(Reading(1, 1000))
        assert node.left == everything, "they have just come"
        assert node.told[0][0] == "FreeDiskSpaceFailed"
        await node.clock.sleep(200)
        await node.collector.collect(Reading(1, 1000))
        assert node.left == everything, "it looks every five minutes"
        await node.clock.sleep(101)
        await node.collector.collect(Reading(1, 1000))
        assert everything - node.left == {"idle:1"}
        assert [one.reference for one in node.record.all()] == ["busy:1"]
        assert node.told[-1] == (
            "ImageGCFailed",
            "Failed to garbage collect required amount of images. Attempted to free 199 bytes, "
            "but only found 100 bytes eligible to free.",
        )

    run(scenario())


def test_room_on_the_disk_leaves_all_images_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        node = Collected(tmp_path)
        node.runtime.registry["idle:1"] = node.runtime.add_image("idle:1")
        del node.runtime.images["idle:1"]
        await node.pull("idle:1")
        await node.clock.sleep(1000)
        await node.collector.collect(Reading(500, 1000))
        await node.collector.collect(None)
        assert "idle:1" in node.left and node.told == []
        await node.collector.remove_unused()
        assert "idle:1" not in node.left

    run(scenario())


def test_an_image_that_the_engine_keeps_does_not_stop_the_others(tmp_path: Path) -> None:
    async def scenario() -> None:
        node = Collected(tmp_path)
        for name in ("a:1", "b:1"):
            node.runtime.registry[name] = node.runtime.add_image(name)
            del node.runtime.images[name]
            await node.pull(name)
        await node.clock.sleep(1000)

        def refuse(call: str) -> None:
            if call == "remove_image a:1":
                raise RuntimeFault("conflict: unable to remove repository reference")

        node.runtime.before_call = refuse
        await node.collector.remove_unused()
        assert node.left == {"a:1"}

    run(scenario())
