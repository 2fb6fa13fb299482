"""Recording Events, combining repeats, forgetting old ones."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest

from minikube8s.api.resources import EVENTS, PODS
from minikube8s.registry import Registry, events
from minikube8s.registry.correlation import BURST, COMBINED, SIMILAR, Correlator, Happening
from minikube8s.registry.events import EventRecorder
from minikube8s.store.memory import MemoryStore
from tests.support import virtualtime
from tests.support.registries import a_namespace, a_registry, pod
from tests.support.virtualtime import VirtualClock

HOUR = 3600.0


def run(test: Coroutine[Any, Any, None]) -> None:
    virtualtime.run(test)


def recorded(registry: Registry, namespace: str | None = None) -> list[dict[str, Any]]:
    return [entry.object for entry in registry.list(EVENTS, namespace)]


async def a_pod(registry: Registry, name: str = "x") -> dict[str, Any]:
    return (await registry.create(PODS, "default", pod(name))).object


def test_an_event_tells_what_happened_to_what() -> None:
    async def scenario() -> None:
        async with a_registry(VirtualClock()) as registry:
            recorder = EventRecorder(registry, "default-scheduler", "node1")
            obj = await a_pod(registry)
            recorder.event(obj, "Warning", "FailedScheduling", "no node")
            assert await recorder.flush()
            (event,) = recorded(registry)
            metadata = obj["metadata"]
            assert event["involvedObject"] == {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": "x",
                "namespace": "default",
                "uid": metadata["uid"],
                "resourceVersion": metadata["resourceVersion"],
            }
            told = (event["type"], event["reason"], event["message"], event["count"])
            assert told == ("Warning", "FailedScheduling", "no node", 1)
            assert event["source"] == {"component": "default-scheduler", "host": "node1"}
            assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-01-01T00:00:00Z"
            assert event["metadata"]["name"].startswith("x.")
            await recorder.close()

    run(scenario())


def test_the_same_report_again_counts_up_one_event() -> None:
    async def scenario() -> None:
        async with a_registry(VirtualClock()) as registry:
            recorder = EventRecorder(registry, "c")
            obj = await a_pod(registry)
            for _ in range(3):
                recorder.event(obj, "Normal", "Pulled", "image present")
                await asyncio.sleep(60)
            (event,) = recorded(registry)
            assert event["count"] == 3
            assert event["firstTimestamp"] == "2026-01-01T00:00:00Z"
            assert event["lastTimestamp"] == "2026-01-01T00:02:00Z"
            await recorder.close()

    run(scenario())


def test_a_report_that_comes_again_with_its_time_is_the_same_report() -> None:
    async def scenario() -> None:
        async with a_registry(VirtualClock()) as registry:
            obj = await a_pod(registry)
            earlier = registry.clock.now() - timedelta(minutes=30)
            times = [earlier + timedelta(seconds=n) for n in (0, 2, 0, 2, 1)]
            for master in ("one", "the next one"):
                recorder = EventRecorder(registry, "kubelet", "node1")
                for at in times:
                    recorder.event(obj, "Normal", "Pulled", "image present", at)
                assert await recorder.flush()
                (event,) = recorded(registry)
                assert event["firstTimestamp"] == "2025-12-31T23:30:00Z"
                assert event["lastTimestamp"] == "2025-12-31T23:30:01Z"
                if master == "one":
                    assert event["count"] == 3
                await recorder.close()
                times = times[:1]

    run(scenario())


def test_a_counted_event_that_was_deleted_is_written_anew() -> None:
    async def scenario() -> None:
        async with a_registry(VirtualClock()) as registry:
            recorder = EventRecorder(registry, "c")
            obj = await a_pod(registry)
            recorder.event(obj, "Normal", "Pulled", "image present")
            await recorder.flush()
            await registry.delete_collection(EVENTS, "default")
            recorder.event(obj, "Normal", "Pulled", "image present")
            await recorder.flush()
            assert [event["count"] for event in recorded(registry)] == [1]
            await recorder.close()

    run(scenario())


def test_events_about_objects_without_namespace_go_to_default() -> None:
    async def scenario() -> None:
        async with a_registry(VirtualClock()) as registry:
            recorder = EventRecorder(registry, "node-controller")
            reference = {"kind": "Node", "name": "n1", "uid": "n1", "apiVersion": "v1"}
            recorder.event(reference, "Normal", "NodeReady", "ready")
            await recorder.flush()
            (event,) = recorded(registry, "default")
            assert event["involvedObject"] == reference
            await recorder.close()

    run(scenario())


def test_an_object_with_the_longest_name_has_events_too() -> None:
    async def scenario() -> None:
        async with a_registry(VirtualClock()) as registry:
            recorder = EventRecorder(registry, "node-controller")
            reference = {"kind": "Node", "name": "n" * 253, "uid": "n1", "apiVersion": "v1"}
            recorder.event(reference, "Normal", "NodeReady", "ready")
            await recorder.flush()
            (event,) = recorded(registry, "default")
            assert event["involvedObject"] == reference
            await recorder.close()

    run(scenario())


def test_containers_of_a_pod_are_told_apart() -> None:
    async def scenario() -> None:
        async with a_registry(VirtualClock()) as registry:
            recorder = EventRecorder(registry, "kubelet", "n1")
            for container in ("a", "b"):
                reference = {
                    "kind": "Pod",
                    "name": "x",
                    "namespace": "default",
                    "fieldPath": f"spec.containers{{{container}}}",
                }
                recorder.event(reference, "Normal", "Pulled", "image present")
            await recorder.flush()
            assert len(recorded(registry)) == 2
            await recorder.close()

    run(scenario())


def test_reports_about_a_vanished_namespace_are_dropped_and_others_are_not() -> None:
    async def scenario() -> None:
        async with a_registry(VirtualClock()) as registry:
            recorder = EventRecorder(registry, "c")
            gone = {"kind": "Pod", "name": "x", "namespace": "gone"}
            recorder.event(gone, "Normal", "Killing", "stopped")
            recorder.event(await a_pod(registry), "Normal", "Started", "started")
            assert await recorder.flush()
            assert [event["reason"] for event in recorded(registry)] == ["Started"]
            await recorder.close()

    run(scenario())


def test_the_oldest_reports_are_dropped_when_the_queue_is_full(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(events, "QUEUE", 3)

    async def scenario() -> None:
        async with a_registry(VirtualClock()) as registry:
            recorder = EventRecorder(registry, "c")
            obj = await a_pod(registry)
            for reason in ("A", "B", "C", "D", "E"):
                recorder.event(obj, "Normal", reason, "m")
            await recorder.close()
            assert sorted(event["reason"] for event in recorded(registry)) == ["C", "D", "E"]
        assert "too many events wait to be written, dropped A of Pod x" in caplog.text
        assert "dropped B" not in caplog.text
        assert "2 events were dropped" in caplog.text

    run(scenario())


def test_events_go_an_hour_after_their_last_repeat() -> None:
    async def scenario() -> None:
        async with a_registry(VirtualClock()) as registry:
            recorder = EventRecorder(registry, "c")
            obj = await a_pod(registry)
            recorder.event(obj, "Normal", "Once", "m")
            recorder.event(obj, "Normal", "Twice", "m")
            await asyncio.sleep(HOUR / 2)
            recorder.event(obj, "Normal", "Twice", "m")
            await asyncio.sleep(HOUR / 2 - 60)
            assert len(recorded(registry)) == 2
            await asyncio.sleep(120)
            assert [event["reason"] for event in recorded(registry)] == ["Twice"]
            await asyncio.sleep(HOUR / 2)
            assert recorded(registry) == []
            await recorder.close()

    run(scenario())


def test_events_that_aged_while_the_master_was_away_go_in_time() -> None:
    async def scenario() -> None:
        store = MemoryStore()
        clock = VirtualClock()
        async with a_registry(clock, store=store) as registry:
            recorder = EventRecorder(registry, "c")
            obj = await a_pod(registry)
            for reason in ("Z-first", "A-second"):
                recorder.event(
                    {**obj, "metadata": {**obj["metadata"], "name": reason.lower()}},
                    "Normal",
                    reason,
                    "m",
                )
                await asyncio.sleep(HOUR / 4)
            await recorder.close()
        await asyncio.sleep(HOUR / 4)
        async with a_registry(clock, store=store) as registry:
            assert len(recorded(registry)) == 2
            await asyncio.sleep(HOUR / 4 + 60)
            assert [event["reason"] for event in recorded(registry)] == ["A-second"]
            await asyncio.sleep(HOUR / 4)
            assert recorded(registry) == []

    run(scenario())


def test_nothing_sleeps_once_the_last_event_is_gone() -> None:
    async def scenario() -> None:
        async with a_registry(VirtualClock()) as registry:
            recorder = EventRecorder(registry, "c")
            recorder.event(await a_pod(registry), "Normal", "Once", "m")
            await recorder.close()
            await asyncio.sleep(2 * HOUR)
            # The virtual loop fails a wait that nothing could ever end: no timer is armed.
            with pytest.raises(virtualtime.Deadlock):
                await asyncio.get_running_loop().create_future()

    with pytest.raises(virtualtime.Deadlock):
        run(scenario())


def happening(message: str, about: str = "pod", reason: str = "R") -> Happening:
    return Happening(about, "", "Normal", reason, message)


def test_an_object_that_never_stops_talking_is_cut_off_then_heard_now_and_then() -> None:
    correlator = Correlator()
    heard = [correlator.decide(happening("m"), 0.0) for _ in range(BURST + 5)]
    assert [decision is not None for decision in heard] == [True] * BURST + [False] * 5
    assert correlator.decide(happening("m", about="other"), 0.0) is not None
    assert correlator.decide(happening("m"), 299.0) is None
    assert correlator.decide(happening("m"), 301.0) is not None
    assert correlator.decide(happening("m"), 302.0) is None


def test_many_different_messages_about_one_matter_are_combined() -> None:
    correlator = Correlator()
    decisions = [correlator.decide(happening(f"m{n}"), float(n)) for n in range(SIMILAR + 3)]
    messages = [decision.message for decision in decisions if decision]
    apart = SIMILAR - 1
    assert messages[:apart] == [f"m{n}" for n in range(apart)]
    assert all(message.startswith(COMBINED) for message in messages[apart:])
    keys = {decision.key for decision in decisions[apart:] if decision}
    assert len(keys) == 1
    known = correlator.decide(happening("m0"), 20.0)
    assert known is not None and known.message == "m0"
    later = correlator.decide(happening("m99"), 2000.0)
    assert later is not None and later.message == "m99"


def test_the_namespace_of_an_event_is_that_of_its_object() -> None:
    async def scenario() -> None:
        async with a_registry(VirtualClock()) as registry:
            await a_namespace(registry, "team")
            obj = (await registry.create(PODS, "team", pod())).object
            recorder = EventRecorder(registry, "c")
            recorder.event(obj, "Normal", "Started", "m")
            await recorder.flush()
            assert len(recorded(registry, "team")) == 1
            await recorder.close()

    run(scenario())
