"""kubectl autoscale, of pods that really burn CPU."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from minikube8s.api.times import parse_time
from tests.support.cluster import Cluster, kubectls
from tests.support.wait import until

BURNER = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "burner"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "burner"}},
        "template": {
            "metadata": {"labels": {"app": "burner"}},
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "containers": [
                    {
                        "name": "loop",
                        "image": "busybox",
                        "command": ["sh", "-c", "while :; do :; done"],
                        "resources": {"requests": {"cpu": "20m"}, "limits": {"cpu": "100m"}},
                    }
                ],
            },
        },
    },
}


@pytest.fixture(scope="module")
def burning(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster whose Deployment `burner` is scaled by its CPU, from one pod to three."""
    cluster.kubectl("apply", "-f", "-", input=json.dumps(BURNER)).ok()
    (pod,) = cluster.ready_pods(1, "app=burner")
    # What it uses counts once it was ready for as long as a measurement takes.
    until("it was ready for a while", lambda: ready_for(pod) > timedelta(seconds=3))
    # little enough for any share that a busy machine gives it
    share = ("--cpu-percent=10", "--min=1", "--max=3")
    cluster.kubectl("autoscale", "deployment", "burner", *share).ok()
    yield cluster
    cluster.kubectl("delete", "deploy/burner", "hpa/burner").ok()
    until("no pods left", lambda: not cluster.pods("app=burner"), 60)


def ready_for(pod: dict[str, Any]) -> timedelta:
    conditions = pod["status"]["conditions"]
    since = next(one["lastTransitionTime"] for one in conditions if one["type"] == "Ready")
    return datetime.now(UTC) - parse_time(since)


def autoscaler(cluster: Cluster, version: str = "v2") -> dict[str, Any]:
    path = f"/apis/autoscaling/{version}/namespaces/default/horizontalpodautoscalers/burner"
    found: dict[str, Any] = json.loads(cluster.kubectl("get", "--raw", path).ok())
    return found


def test_pods_that_use_more_than_they_should_get_company(burning: Cluster) -> None:
    burning.ready_pods(3, "app=burner", 90)
    found = {one["type"]: one["status"] for one in autoscaler(burning)["status"]["conditions"]}
    assert found == {"AbleToScale": "True", "ScalingActive": "True", "ScalingLimited": "True"}
    shown = burning.kubectl("describe", "hpa", "burner").ok()
    assert re.search(
        r"SuccessfulRescale .* New size: 3; reason: cpu resource utilization", shown
    ), shown
    older = autoscaler(burning, "v1")
    assert older["spec"]["targetCPUUtilizationPercentage"] == 10


@pytest.mark.parametrize("version", kubectls())
def test_every_kubectl_shows_the_target_and_the_numbers(burning: Cluster, version: str) -> None:
    def row() -> list[str]:
        lines = burning.kubectl("get", "hpa", "burner", version=version).ok().splitlines()
        header, line = (re.split(r" {2,}", one.strip()) for one in lines)
        assert header == [
            "NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE",
        ]  # fmt: skip
        return line

    shown = until("its use is known", lambda: row() if "unknown" not in row()[2] else None, 40)
    assert shown[:2] == ["burner", "Deployment/burner"]
    assert re.fullmatch(r"(cpu: )?\d+%/10%", shown[2]), shown
    assert shown[3:5] == ["1", "3"]


def test_an_autoscaler_of_nothing_says_so(cluster: Cluster) -> None:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "nowhere"}
    body = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "scaling-nothing"},
        "spec": {"scaleTargetRef": reference, "maxReplicas": 3},
    }
    try:
        applied = cluster.kubectl("apply", "-f", "-", input=json.dumps(body))
        assert applied.ok() and "Warning" not in applied.err

        def told() -> bool:
            shown = cluster.kubectl("describe", "hpa", "scaling-nothing").ok()
            return (
                "AbleToScale  False   FailedGetScale" in shown
                and "FailedGetScale" in shown.partition("Events:")[2]
                and 'deployments.apps "nowhere" not found' in shown
            )

        until("it says what is missing", told)
    finally:
        cluster.kubectl("delete", "hpa", "scaling-nothing").ok()
