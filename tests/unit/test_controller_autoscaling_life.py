"""HorizontalPodAutoscalers on virtual time: with the registry, all controllers and played pods."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest

from minikube8s.api.resources import (
    DEPLOYMENTS,
    HORIZONTALPODAUTOSCALERS,
    PODS,
    REPLICASETS,
    REPLICATIONCONTROLLERS,
    STATEFULSETS,
    Resource,
)
from minikube8s.controllers import Controllers
from minikube8s.controllers.autoscaling import NoMetrics
from minikube8s.controllers.autoscaling.rounds import Rounds
from minikube8s.controllers.keys import Key
from tests.support import virtualtime
from tests.support.autoscalers import PlayedMetrics, autoscaler_spec, resource_metric
from tests.support.livecluster import LiveCluster, deployment_body, live_cluster
from tests.support.objects import template

Json = dict[str, Any]
Scenario = Callable[[LiveCluster, PlayedMetrics], Awaitable[None]]


async def kubelet(cluster: LiveCluster) -> None:
    """Make every new pod ready, as if it had run for long."""
    started = "2025-12-31T00:00:00Z"

    def start(pod: Json) -> None:
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": started}
        pod["status"] |= {"phase": "Running", "conditions": [ready], "startTime": started}

    with closing(cluster.registry.watch(PODS)) as watch:
        async for event in watch:
            if event.type == "ADDED":
                await cluster.change(PODS, event.entry.name, start, "status")


def play(scenario: Scenario) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            metrics = PlayedMetrics(cluster.clock.now)
            controllers = Controllers(cluster.registry, cluster.clock, metrics=metrics)
            tasks = [asyncio.ensure_future(one) for one in (controllers.run(), kubelet(cluster))]
            try:
                await scenario(cluster, metrics)
            finally:
                await controllers.close()
                for task in tasks:
                    task.cancel()

    virtualtime.run(main())


async def web(cluster: LiveCluster, replicas: int = 2, request: str = "100m") -> None:
    body = deployment_body(replicas)
    container = body["spec"]["template"]["spec"]["containers"][0]
    container["resources"] = {"requests": {"cpu": request}} if request else {}
    await cluster.create(DEPLOYMENTS, "web", **body)
    await cluster.until(lambda: len(cluster.pods()) == replicas)


async def autoscale(cluster: LiveCluster, name: str = "web", **spec: Any) -> None:
    await cluster.create(HORIZONTALPODAUTOSCALERS, name, spec=autoscaler_spec(**spec))


def replicas(cluster: LiveCluster) -> int:
    return int(cluster.objects(DEPLOYMENTS)[0]["spec"]["replicas"])


def status(cluster: LiveCluster, name: str = "web") -> Json:
    entry = cluster.registry.get(HORIZONTALPODAUTOSCALERS, "default", name)
    found: Json = entry.object["status"]
    return found


def reason(cluster: LiveCluster, kind: str, name: str = "web") -> str:
    found = status(cluster, name).get("conditions") or ()
    return next((str(one["reason"]) for one in found if one["type"] == kind), "")


def test_pods_follow_what_they_use_up_at_once_and_down_after_five_minutes() -> None:
    async def scenario(cluster: LiveCluster, metrics: PlayedMetrics) -> None:
        metrics.milli = 100
        await web(cluster)
        await autoscale(cluster)
        await cluster.until(lambda: replicas(cluster) == 4)
        assert cluster.clock.monotonic() < 1
        await asyncio.sleep(1)
        assert cluster.events("SuccessfulRescale") == [
            "New size: 4; reason: cpu resource utilization (percentage of request) above target"
        ]
        await asyncio.sleep(30)
        assert replicas(cluster) == 10
        metrics.milli = 10
        quiet = cluster.clock.monotonic()
        await cluster.until(lambda: replicas(cluster) == 2)
        assert 285 <= cluster.clock.monotonic() - quiet <= 330
        await cluster.until(lambda: status(cluster)["lastScaleTime"] > "2026-01-01T00:05:00Z")

    play(scenario)


def test_an_autoscaler_that_has_settled_writes_nothing() -> None:
    async def scenario(cluster: LiveCluster, metrics: PlayedMetrics) -> None:
        metrics.milli = 50
        await web(cluster)
        await autoscale(cluster)
        await asyncio.sleep(60)
        revision, asked = cluster.registry.revision, metrics.asked
        await asyncio.sleep(600)
        assert cluster.registry.revision == revision
        assert metrics.asked - asked == 40

    play(scenario)


def test_nobody_is_asked_while_there_is_no_autoscaler() -> None:
    async def scenario(cluster: LiveCluster, metrics: PlayedMetrics) -> None:
        await web(cluster)
        await asyncio.sleep(300)
        assert metrics.asked == 0
        await autoscale(cluster)
        await asyncio.sleep(31)
        assert metrics.asked == 3
        await cluster.delete(HORIZONTALPODAUTOSCALERS, "web")
        await asyncio.sleep(1)
        metrics.asked = 0
        await asyncio.sleep(300)
        assert metrics.asked == 0

    play(scenario)


def test_many_autoscalers_share_a_question() -> None:
    async def scenario(cluster: LiveCluster, metrics: PlayedMetrics) -> None:
        await web(cluster)
        for number in range(5):
            await autoscale(cluster, f"web-{number}")
        await asyncio.sleep(20)
        metrics.asked = 0
        await asyncio.sleep(150)
        assert metrics.asked == 10

    play(scenario)


def test_a_changed_autoscaler_is_looked_at_at_once() -> None:
    async def scenario(cluster: LiveCluster, metrics: PlayedMetrics) -> None:
        metrics.milli = 50
        await web(cluster)
        await autoscale(cluster)
        await asyncio.sleep(16)
        await cluster.change(
            HORIZONTALPODAUTOSCALERS, "web", lambda one: one["spec"].update(minReplicas=3)
        )
        before = cluster.clock.monotonic()
        await cluster.until(lambda: replicas(cluster) == 3)
        assert cluster.clock.monotonic() - before < 1

    play(scenario)


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        (REPLICASETS, "ReplicaSet"),
        (REPLICATIONCONTROLLERS, "ReplicationController"),
        (STATEFULSETS, "StatefulSet"),
    ],
)
def test_whatever_has_a_scale_is_scaled(resource: Resource, kind: str) -> None:
    async def scenario(cluster: LiveCluster, metrics: PlayedMetrics) -> None:
        labels = {"app": "web"}
        pods = template()
        pods["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "100m"}}
        selector = labels if kind == "ReplicationController" else {"matchLabels": labels}
        spec: Json = {"replicas": 1, "selector": selector, "template": pods}
        if kind == "StatefulSet":
            spec["serviceName"] = "web"
        await cluster.create(resource, "web", spec=spec)
        container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": "100m"}}}
        head = {"labels": labels}
        await cluster.create(PODS, "web-x", metadata=head, spec={"containers": [container]})
        metrics.milli = 100
        await autoscale(cluster, kind=kind, least=1, most=2)
        await cluster.until(lambda: cluster.objects(resource)[0]["spec"]["replicas"] == 2)

    play(scenario)


def test_two_autoscalers_of_the_same_pods_are_told_of_each_other_and_do_nothing() -> None:
    async def scenario(cluster: LiveCluster, metrics: PlayedMetrics) -> None:
        metrics.milli = 100
        await web(cluster)
        await autoscale(cluster, "a")
        await autoscale(cluster, "b")
        await cluster.until(lambda: reason(cluster, "ScalingActive", "b") == "AmbiguousSelector")
        await asyncio.sleep(20)
        assert reason(cluster, "ScalingActive", "a") == "AmbiguousSelector"
        size = replicas(cluster)
        await asyncio.sleep(100)
        assert replicas(cluster) == size
        message = "pods by selector app=web are controlled by multiple HPAs: [default/a default/b]"
        assert message in cluster.events("AmbiguousSelector")
        await cluster.delete(HORIZONTALPODAUTOSCALERS, "b")
        await cluster.until(lambda: replicas(cluster) == 10)

    play(scenario)


def test_a_missing_target_is_told_and_scaled_once_it_is_there() -> None:
    async def scenario(cluster: LiveCluster, metrics: PlayedMetrics) -> None:
        metrics.milli = 100
        await autoscale(cluster)
        await cluster.until(lambda: cluster.events("FailedGetScale"))
        assert cluster.events("FailedGetScale") == ['deployments.apps "web" not found']
        assert reason(cluster, "AbleToScale") == "FailedGetScale"
        await web(cluster)
        await cluster.until(lambda: replicas(cluster) > 2, 20)
        await cluster.until(lambda: reason(cluster, "AbleToScale") == "SucceededRescale")

    play(scenario)


def test_pods_without_requests_are_told_of() -> None:
    async def scenario(cluster: LiveCluster, metrics: PlayedMetrics) -> None:
        await web(cluster, request="")
        await autoscale(cluster)
        await cluster.until(lambda: cluster.events("FailedComputeMetricsReplicas"))
        (told,) = cluster.events("FailedGetResourceMetric")
        assert told.startswith(
            "failed to get cpu utilization: missing request for cpu in container c of Pod web-"
        )
        assert replicas(cluster) == 2
        await cluster.change(
            HORIZONTALPODAUTOSCALERS,
            "web",
            lambda one: one["spec"].update(metrics=[resource_metric(averageValue="10m")]),
        )
        metrics.milli = 20
        await cluster.until(lambda: replicas(cluster) == 4)

    play(scenario)


def test_nodes_that_do_not_answer_leave_the_number_as_it_is() -> None:
    async def scenario(cluster: LiveCluster, metrics: PlayedMetrics) -> None:
        metrics.milli = 100
        metrics.silent = True
        await web(cluster)
        await autoscale(cluster)
        await asyncio.sleep(100)
        assert replicas(cluster) == 2
        assert reason(cluster, "ScalingActive") == "FailedGetResourceMetric"
        metrics.silent = False
        await cluster.until(lambda: replicas(cluster) == 4, 16)

    play(scenario)


def test_a_target_at_zero_stays_there_until_somebody_scales_it() -> None:
    async def scenario(cluster: LiveCluster, metrics: PlayedMetrics) -> None:
        metrics.milli = 100
        await web(cluster, 0)
        await autoscale(cluster)
        await cluster.until(lambda: reason(cluster, "ScalingActive") == "ScalingDisabled")
        await asyncio.sleep(60)
        assert replicas(cluster) == 0
        await cluster.change(DEPLOYMENTS, "web", lambda one: one["spec"].update(replicas=1))
        await cluster.until(lambda: replicas(cluster) == 10, 120)

    play(scenario)


def test_policies_hold_over_their_periods() -> None:
    async def scenario(cluster: LiveCluster, metrics: PlayedMetrics) -> None:
        pods = {"type": "Pods", "value": 2, "periodSeconds": 60}
        behavior = {
            "scaleUp": {"policies": [pods]},
            "scaleDown": {"policies": [pods], "stabilizationWindowSeconds": 0},
        }
        await web(cluster)
        metrics.milli = 500
        await autoscale(cluster, behavior=behavior)
        seen: list[tuple[float, int]] = []

        async def follow(end: int) -> None:
            while replicas(cluster) != end:
                await asyncio.sleep(1)
                seen.append((cluster.clock.monotonic(), replicas(cluster)))

        await asyncio.wait_for(follow(10), 600)
        await asyncio.sleep(60)
        metrics.milli = 1
        await asyncio.wait_for(follow(1), 900)
        for (_, before), (_, after) in zip(seen, seen[59:], strict=False):
            assert abs(after - before) <= 2

    play(scenario)


def test_an_autoscaler_that_cannot_be_read_keeps_no_other_from_being_measured() -> None:
    async def main() -> None:
        def pods_of(key: Key) -> tuple[()]:
            if key.name == "bad":
                raise ValueError(key)
            return ()

        rounds, done = Rounds(NoMetrics()), set[Key]()
        good, bad = Key("default", "good"), Key("default", "bad")
        for key in (bad, good):
            rounds.measured(key)
        task = asyncio.create_task(rounds.run(pods_of, done.add))
        await asyncio.sleep(1)
        task.cancel()
        assert good in done
        assert rounds.measured(good) == {}

    virtualtime.run(main())
