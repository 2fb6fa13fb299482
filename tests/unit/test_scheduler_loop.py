"""The scheduler's loop on the real registry, on virtual time."""

import asyncio
from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.meta import condition
from minikube8s.api.resources import NODES, PODS
from minikube8s.scheduler import Scheduler
from minikube8s.scheduler.writing import Writer
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.schedulers import play, scheduled


class Silent:
    def event(self, *_: Any) -> None:
        pass


async def add_pod(cluster: LiveCluster, name: str, cpu: str = "100m", **spec: Any) -> None:
    container = {"name": "c", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}
    await cluster.create(PODS, name, spec={"containers": [container], **spec})


def home(cluster: LiveCluster, name: str) -> str:
    return str(cluster.registry.get(PODS, "default", name).object["spec"].get("nodeName", ""))


def scheduled_condition(cluster: LiveCluster, name: str) -> dict[str, Any]:
    return condition(cluster.registry.get(PODS, "default", name).object, "PodScheduled") or {}


def test_binding_takes_one_write_after_the_pods_own_and_no_time() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.add_node("n1")
        await asyncio.sleep(1)
        start, revision = cluster.clock.monotonic(), cluster.registry.revision
        await add_pod(cluster, "p")
        await cluster.until(lambda: home(cluster, "p"))
        assert cluster.clock.monotonic() == start
        assert cluster.registry.get(PODS, "default", "p").revision == revision + 2
        assert scheduled_condition(cluster, "p")["status"] == "True"
        await asyncio.sleep(1)
        assert cluster.events("Scheduled") == ["Successfully assigned default/p to n1"]

    play(scenario)


def test_many_pods_at_once_never_overbook_a_node() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        for name in ("n1", "n2"):
            await cluster.add_node(name, cpu="1")
        await asyncio.gather(*(add_pod(cluster, f"p{n}", "300m") for n in range(9)))
        await asyncio.sleep(5)
        homes = [home(cluster, f"p{n}") for n in range(9)]
        assert (homes.count("n1"), homes.count("n2"), homes.count("")) == (3, 3, 3)

    play(scenario)


def test_a_pod_without_a_node_is_told_why_and_goes_to_the_first_node_at_once() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await add_pod(cluster, "p")
        await asyncio.sleep(1)
        told = scheduled_condition(cluster, "p")
        assert (told["status"], told["reason"]) == ("False", "Unschedulable")
        assert told["message"] == "no nodes available to schedule pods"
        assert cluster.events("FailedScheduling") == ["no nodes available to schedule pods"]
        start = cluster.clock.monotonic()
        await cluster.add_node("n1")
        await cluster.until(lambda: home(cluster, "p"))
        assert cluster.clock.monotonic() - start <= 1

    play(scenario)


def test_a_pod_that_did_not_fit_follows_one_that_leaves() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.add_node("n1", cpu="1")
        await add_pod(cluster, "first", "800m")
        await cluster.until(lambda: home(cluster, "first"))
        await add_pod(cluster, "second", "800m")
        await asyncio.sleep(3600)
        assert home(cluster, "second") == ""
        assert len(cluster.events("FailedScheduling")) == 1, (
            "nothing is tried while nothing happens"
        )
        await cluster.finish("first")
        await cluster.until(lambda: home(cluster, "second") == "n1", 2)

    play(scenario)


def test_a_pod_that_has_ended_makes_room_although_it_is_still_there() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.add_node("n1", cpu="1")
        await add_pod(cluster, "first", "800m")
        await cluster.until(lambda: home(cluster, "first"))
        await add_pod(cluster, "second", "800m")
        await asyncio.sleep(60)
        assert home(cluster, "second") == ""
        await cluster.change(
            PODS, "first", lambda pod: pod["status"].update(phase="Succeeded"), "status"
        )
        await cluster.until(lambda: home(cluster, "second") == "n1", 2)

    play(scenario)


def test_a_crowd_of_hopeless_pods_keeps_no_other_from_its_place() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.add_node("n1", cpu="2")
        await add_pod(cluster, "old", "1")
        await cluster.until(lambda: home(cluster, "old"))
        for number in range(60):
            await add_pod(cluster, f"hopeless{number}", "9")
        await asyncio.sleep(1)
        await add_pod(cluster, "new", "1")
        await cluster.until(lambda: home(cluster, "new"), 0.1)
        await add_pod(cluster, "next", "1")
        await asyncio.sleep(30)
        failures = len(cluster.events("FailedScheduling"))
        await cluster.finish("old")
        await cluster.until(lambda: home(cluster, "next"), 2)
        await asyncio.sleep(60)
        assert len(cluster.events("FailedScheduling")) == failures, "no hopeless one was woken"

    play(scenario)


def test_a_refused_pod_that_somebody_else_binds_waits_no_more() -> None:
    def bind(pod: dict[str, Any]) -> None:
        pod["spec"]["nodeName"] = "small"

    async def main() -> None:
        async with live_cluster() as cluster:
            scheduler = Scheduler(cluster.registry, Silent(), cluster.clock)
            task = asyncio.ensure_future(scheduler.run())
            await cluster.add_node("small", cpu="1")
            await add_pod(cluster, "big", "2")
            await cluster.until(lambda: scheduler.figures().unschedulable == 1)
            await cluster.change(PODS, "big", bind, "binding")
            await cluster.until(lambda: scheduler.figures().unschedulable == 0, 1)
            await scheduler.close()
            task.cancel()

    virtualtime.run(main())


def test_nobody_is_promised_a_place_that_is_being_deleted() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        kept = {"finalizers": ["example.com/kept"]}
        spec = {"containers": [{"name": "c", "image": "nginx"}], "schedulerName": "another"}
        seen = await cluster.create(PODS, "p", metadata=kept, spec=spec)
        await cluster.delete(PODS, "p", grace_period_seconds=0)
        writer = Writer(cluster.registry, Silent(), cluster.clock)
        with pytest.raises(ApiError, match="being deleted"):
            await writer.refuse(seen, "Unschedulable", "why", "n1")
        left = cluster.registry.get(PODS, "default", "p").object
        assert "nominatedNodeName" not in left["status"]

    play(scenario)


def test_uncordoning_lets_waiting_pods_go() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.add_node("n1", unschedulable=True)
        await add_pod(cluster, "p")
        await asyncio.sleep(10)
        assert home(cluster, "p") == ""
        await cluster.change(NODES, "n1", lambda node: node["spec"].pop("unschedulable"))
        await cluster.until(lambda: home(cluster, "p"), 2)

    play(scenario)


def test_pods_of_other_schedulers_and_gated_ones_are_not_touched() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.add_node("n1")
        await add_pod(cluster, "foreign", schedulerName="other")
        await add_pod(cluster, "gated", schedulingGates=[{"name": "wait"}])
        await asyncio.sleep(10)
        assert home(cluster, "foreign") == home(cluster, "gated") == ""
        assert scheduled_condition(cluster, "gated")["reason"] == "SchedulingGated"
        await cluster.change(PODS, "gated", lambda pod: pod["spec"].pop("schedulingGates"))
        await cluster.until(lambda: home(cluster, "gated"), 2)

    play(scenario)


def test_a_scheduler_started_later_counts_what_is_there_and_binds_what_waits() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await cluster.add_node("n1", cpu="1")
            await add_pod(cluster, "bound", "800m", nodeName="n1")
            await add_pod(cluster, "large", "800m")
            await add_pod(cluster, "small", "100m")
            async with scheduled(cluster):
                await cluster.until(lambda: home(cluster, "small"))
                await asyncio.sleep(1)
                assert home(cluster, "large") == ""

    virtualtime.run(main())
