"""drain by kubectl and by mk8s, with PodDisruptionBudgets in its way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.cluster import Cluster, Result
from tests.support.wait import until

VIOLATED = "Cannot evict pod as it would violate the pod's disruption budget."


def deployment(name: str, replicas: int) -> dict[str, Any]:
    container = {"name": "c", "image": "busybox", "command": ["sleep", "10000"]}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


@pytest.fixture(scope="module", params=["kubectl", "mk8s"])
def client(request: pytest.FixtureRequest) -> str:
    """Who drains."""
    return str(request.param)


@pytest.fixture(scope="module")
def guarded(cluster: Cluster, client: str) -> Iterator[Cluster]:
    """A cluster with two pods that a budget needs both."""
    cluster.kubectl("apply", "-f", "-", input=json.dumps(deployment("guarded", 2))).ok()
    budget = ("--selector=app=guarded", "--min-available=2")
    made = cluster.kubectl("create", "pdb", "guarded", *budget)
    assert made.ok() and "Warning" not in made.err
    cluster.ready_pods(2, "app=guarded")
    try:
        yield cluster
    finally:
        cluster.kubectl("uncordon", "node1").ok()
        cluster.kubectl("delete", "deploy/guarded", "pdb/guarded", "--ignore-not-found").ok()
        until("no pods left", lambda: not cluster.pods("app=guarded"), 60)


def drain(cluster: Cluster, client: str, *options: str) -> Result:
    run = cluster.client(client)
    result: Result = run("drain", "node1", "--pod-selector=app=guarded", *options)
    return result


def allowed(cluster: Cluster) -> str:
    return cluster.column("pdb", "guarded", "ALLOWED DISRUPTIONS")


def test_a_budget_that_allows_nothing_keeps_a_drain_waiting_until_its_timeout(
    guarded: Cluster, client: str
) -> None:
    until("the budget is counted", lambda: allowed(guarded) == "0")
    names = {pod["metadata"]["name"] for pod in guarded.pods("app=guarded")}
    result = drain(guarded, client, "--timeout=2s")
    said = result.fails()
    assert VIOLATED in said and "(will retry after 5s)" in said
    assert "global timeout reached: 2s" in said
    assert {pod["metadata"]["name"] for pod in guarded.pods("app=guarded")} == names
    assert "guarded" in guarded.kubectl("describe", "pdb", "guarded").ok()


def test_a_drain_takes_what_the_budget_allows_and_all_once_it_is_gone(
    guarded: Cluster, client: str
) -> None:
    patch = '{"spec":{"minAvailable":1}}'
    guarded.kubectl("patch", "pdb", "guarded", "--type=merge", "-p", patch).ok()
    until("one may go", lambda: allowed(guarded) == "1")
    assert VIOLATED in drain(guarded, client, "--timeout=2s").fails()
    # The node is cordoned, so whatever comes in its place waits, and the other one stays.

    def left() -> list[dict[str, Any]]:
        pods = guarded.pods("app=guarded")
        found = [pod for pod in pods if pod["status"]["phase"] == "Running"]
        return found if len(found) == 1 else []

    running = until("one is left", left)
    until("none may go", lambda: allowed(guarded) == "0")
    name = running[0]["metadata"]["name"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    path = f"/api/v1/namespaces/default/pods/{name}/eviction"
    refused = guarded.kubectl("create", "--raw", path, "-f", "-", input=json.dumps(body)).fails()
    assert "violate" in refused
    other = ("--selector=app=guarded", "--max-unavailable=1")
    guarded.kubectl("create", "pdb", "guarded-too", *other).ok()
    several = drain(guarded, client, "--timeout=60s").fails()
    assert "This pod has more than one PodDisruptionBudget" in several
    guarded.kubectl("delete", "pdb", "guarded", "guarded-too").ok()
    assert "evicted" in drain(guarded, client, "--timeout=60s").ok()
    guarded.kubectl("uncordon", "node1").ok()
    guarded.ready_pods(2, "app=guarded")
