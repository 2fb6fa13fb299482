"""Preemption by the scheduler on the real registry, on virtual time."""

import asyncio
from typing import Any

from minikube8s.api import errors
from minikube8s.api.meta import condition
from minikube8s.api.resources import NODES, PODDISRUPTIONBUDGETS, PODS, PRIORITYCLASSES
from minikube8s.registry import Registry
from minikube8s.registry.events import EventRecorder
from minikube8s.scheduler import Scheduler
from minikube8s.scheduler.profiles import Choice, Profile
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.schedulers import play, scheduled

GRACE = 30


async def add_pod(
    cluster: LiveCluster, name: str, cpu: str, priority: int = 0, **fields: Any
) -> dict[str, Any]:
    container = {"name": "c", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}
    spec = {"containers": [container], "terminationGracePeriodSeconds": GRACE, **fields}
    metadata = {"labels": spec.pop("labels", {})}
    if priority:
        class_name = f"p{priority}"
        await ensure_class(cluster, class_name, priority)
        spec["priorityClassName"] = class_name
    entry = await cluster.create(PODS, name, metadata=metadata, spec=spec)
    return entry.object


async def ensure_class(cluster: LiveCluster, name: str, value: int) -> None:
    if name not in {one["metadata"]["name"] for one in cluster.objects(PRIORITYCLASSES, None)}:
        await cluster.create(PRIORITYCLASSES, name, value=value)


def seen(cluster: LiveCluster, name: str) -> dict[str, Any]:
    return cluster.registry.get(PODS, "default", name).object


def home(cluster: LiveCluster, name: str) -> str:
    return str(seen(cluster, name)["spec"].get("nodeName", ""))


def nominated(cluster: LiveCluster, name: str) -> str:
    return str(seen(cluster, name)["status"].get("nominatedNodeName", ""))


def ending(cluster: LiveCluster) -> list[str]:
    return [
        one["metadata"]["name"]
        for one in cluster.objects(PODS)
        if "deletionTimestamp" in one["metadata"]
    ]


def test_a_pod_of_high_priority_gets_the_place_of_a_lower_one() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.add_node("n1", cpu="1")
        await add_pod(cluster, "low", "800m")
        await cluster.until(lambda: home(cluster, "low"))
        high = await add_pod(cluster, "high", "800m", 100)
        await cluster.until(lambda: ending(cluster) == ["low"], 5)
        assert nominated(cluster, "high") == "n1"
        told = condition(seen(cluster, "low"), "DisruptionTarget") or {}
        assert (told["status"], told["reason"]) == ("True", "PreemptionByScheduler")
        assert told["message"] == (
            "default-scheduler: preempting to accommodate a higher priority pod"
        )
        await asyncio.sleep(5)
        assert cluster.events("Preempted") == [
            f"Preempted by pod {high['metadata']['uid']} on node n1"
        ]
        assert cluster.events("FailedScheduling") == [
            "0/1 nodes are available: 1 Insufficient cpu."
        ]
        assert home(cluster, "high") == ""
        await cluster.finish("low")
        await cluster.until(lambda: home(cluster, "high") == "n1", 5)
        assert nominated(cluster, "high") == ""
        assert (condition(seen(cluster, "high"), "PodScheduled") or {})["message"] == (
            "nominated n1"
        )

    play(scenario)


def test_while_it_waits_no_one_of_lower_priority_takes_its_place_and_no_second_one_ends() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.add_node("n1", cpu="2")
        for name in ("a", "b"):
            await add_pod(cluster, name, "1")
        await cluster.until(lambda: home(cluster, "a") and home(cluster, "b"))
        await add_pod(cluster, "high", "1", 100)
        await cluster.until(lambda: ending(cluster), 5)
        (victim,) = ending(cluster)
        await add_pod(cluster, "late", "1")
        await cluster.create(PRIORITYCLASSES, "p50", value=50, preemptionPolicy="Never")
        await add_pod(cluster, "middle", "100m", 50)
        await asyncio.sleep(20)
        assert ending(cluster) == [victim]
        await cluster.finish(victim)
        await cluster.until(lambda: home(cluster, "high") == "n1", 30)
        await asyncio.sleep(60)
        assert home(cluster, "late") == home(cluster, "middle") == ""

    play(scenario)


def test_room_that_is_made_for_a_pod_piece_by_piece_is_not_given_to_smaller_ones() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.add_node("n1", cpu="2")
        for name in ("a", "b"):
            await add_pod(cluster, name, "1")
        await cluster.until(lambda: home(cluster, "a") and home(cluster, "b"))
        await add_pod(cluster, "high", "2", 100)
        await cluster.until(lambda: ending(cluster) == ["a", "b"], 5)
        await add_pod(cluster, "small", "500m")
        await cluster.finish("a")
        await asyncio.sleep(20)
        assert home(cluster, "small") == ""
        await cluster.finish("b")
        await cluster.until(lambda: home(cluster, "high") == "n1", 30)

    play(scenario)


def test_a_nomination_is_taken_back_when_a_more_important_pod_takes_the_place() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.add_node("n1", cpu="1")
        await add_pod(cluster, "low", "1")
        await cluster.until(lambda: home(cluster, "low"))
        await add_pod(cluster, "high", "1", 100)
        await cluster.until(lambda: nominated(cluster, "high") == "n1", 5)
        await add_pod(cluster, "higher", "1", 200)
        await cluster.until(lambda: nominated(cluster, "high") == "", 5)
        await cluster.finish("low")
        await cluster.until(lambda: home(cluster, "higher") == "n1", 30)
        assert home(cluster, "high") == ""

    play(scenario)


def test_a_nomination_that_does_not_help_any_more_is_taken_back() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.add_node("n1", cpu="1")
        await add_pod(cluster, "low", "1")
        await cluster.until(lambda: home(cluster, "low"))
        await add_pod(cluster, "high", "1", 100)
        await cluster.until(lambda: nominated(cluster, "high") == "n1", 5)
        await cluster.delete(NODES, "n1")
        await cluster.until(lambda: nominated(cluster, "high") == "", 30)

    play(scenario)


def test_a_scheduler_started_later_finds_the_promise_and_ends_the_victims_that_are_left() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await cluster.add_node("n1", cpu="2")
            for name in ("a", "b"):
                await add_pod(cluster, name, "1", nodeName="n1")
            await add_pod(cluster, "high", "2", 100)
            await cluster.change(
                PODS, "high", lambda it: it["status"].update(nominatedNodeName="n1"), "status"
            )

            def preempted(pod: dict[str, Any]) -> None:
                pod["status"]["conditions"] = [
                    {
                        "type": "DisruptionTarget",
                        "status": "True",
                        "reason": "PreemptionByScheduler",
                    }
                ]

            await cluster.change(PODS, "a", preempted, "status")
            await cluster.delete(PODS, "a")
            async with scheduled(cluster):
                await asyncio.sleep(10)
                assert ending(cluster) == ["a"]
                await cluster.finish("a")
                await cluster.until(lambda: ending(cluster) == ["b"], 30)
                await cluster.finish("b")
                await cluster.until(lambda: home(cluster, "high") == "n1", 30)

    virtualtime.run(main())


def test_a_budget_is_heeded_as_long_as_another_pod_will_do() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.add_node("n1", cpu="2")
        await cluster.create(
            PODDISRUPTIONBUDGETS,
            "b",
            spec={"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
        )
        await add_pod(cluster, "web", "1", labels={"app": "web"})
        await add_pod(cluster, "other", "1", 5)
        await cluster.until(lambda: home(cluster, "web") and home(cluster, "other"))
        await add_pod(cluster, "high", "1", 100)
        await cluster.until(lambda: ending(cluster), 5)
        assert ending(cluster) == ["other"]

    play(scenario)


def test_the_global_default_class_gives_a_pod_its_priority_and_the_system_has_its_own() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.create(PRIORITYCLASSES, "usual", value=7, globalDefault=True)
        await cluster.add_node("n1", cpu="1")
        await add_pod(cluster, "usual", "1")
        assert seen(cluster, "usual")["spec"]["priority"] == 7
        await cluster.until(lambda: home(cluster, "usual"))
        await add_pod(cluster, "high", "1", 100)
        await cluster.until(lambda: ending(cluster) == ["usual"], 5)

    play(scenario)


def test_a_profile_binds_its_own_pods_and_nobody_binds_those_of_an_unknown_one() -> None:
    async def main() -> None:
        # a cordon is a taint, too
        plugins = frozenset({"NodeUnschedulable", "TaintToleration"})
        careless = Profile("careless", Choice(plugins))
        async with live_cluster() as cluster, scheduled(cluster, Profile(), careless) as scheduler:
            await cluster.add_node("n1", unschedulable=True)
            for name in ("default-scheduler", "careless", "unknown"):
                await add_pod(cluster, name, "100m", schedulerName=name)
            await cluster.until(lambda: home(cluster, "careless") == "n1", 5)
            await asyncio.sleep(5)
            assert home(cluster, "default-scheduler") == home(cluster, "unknown") == ""
            assert condition(seen(cluster, "unknown"), "PodScheduled") is None
            attempts = scheduler.figures().attempts
            assert attempts["careless", "scheduled"] == 1
            assert attempts["default-scheduler", "unschedulable"] == 1

    virtualtime.run(main())


def test_the_highest_priority_is_bound_first() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            for number in range(4):
                await add_pod(cluster, f"low{number}", "1")
            for number in range(2):
                await add_pod(cluster, f"high{number}", "1", 100)
            await cluster.add_node("n1", cpu="2")
            async with scheduled(cluster):
                await asyncio.sleep(60)
                bound = [
                    one["metadata"]["name"]
                    for one in cluster.objects(PODS)
                    if one["spec"].get("nodeName")
                ]
                assert bound == ["high0", "high1"]
                assert ending(cluster) == []

    virtualtime.run(main())


def test_a_victim_whose_end_was_not_written_is_ended_later() -> None:
    class Contended:
        """A registry whose first write to a victim loses every race."""

        def __init__(self, registry: Registry) -> None:
            self._registry = registry
            self.lost = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(self._registry, name)

        async def update(self, resource: Any, namespace: str, name: str, *rest: Any) -> Any:
            if name == "low" and rest[1] == "status" and not self.lost:
                self.lost += 1
                raise errors.conflict(PODS, name, "the object has been modified")
            return await self._registry.update(resource, namespace, name, *rest)

    async def main() -> None:
        async with live_cluster() as cluster:
            registry: Any = Contended(cluster.registry)
            recorder = EventRecorder(cluster.registry, "default-scheduler")
            scheduler = Scheduler(registry, recorder, cluster.clock)
            task = asyncio.ensure_future(scheduler.run())
            await cluster.add_node("n1", cpu="1")
            await add_pod(cluster, "low", "1")
            await cluster.until(lambda: home(cluster, "low"))
            await add_pod(cluster, "high", "1", 100)
            await cluster.until(lambda: ending(cluster) == ["low"], 30)
            assert registry.lost == 1
            await scheduler.close()
            await recorder.close()
            task.cancel()

    virtualtime.run(main())
