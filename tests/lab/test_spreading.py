"""Deployments whose pods look at each other, on three nodes: spread, kept apart, kept together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from minikube8s.api.meta import condition
from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.lab import NODES, Lab
from tests.support.wait import until

HOSTNAME = "kubernetes.io/hostname"
FULL = "0/3 nodes are available"
NO_NODE = (
    f"{FULL}: 3 node(s) didn't match pod anti-affinity rules."
    f" preemption: {FULL}: 3 No preemption victims found for incoming pod."
)


def sleeping(name: str, replicas: int, **spec: Any) -> dict[str, Any]:
    """Return a Deployment of pods that sleep."""
    made = manifests.deployment(name, replicas)
    made["spec"]["template"]["spec"] |= spec
    return made


def meaning(app: str) -> dict[str, Any]:
    return {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": HOSTNAME}


def affinity(kind: str, app: str) -> dict[str, Any]:
    return {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [meaning(app)]}}}


@pytest.fixture(autouse=True)
def gone_afterwards(cluster: Cluster) -> Iterator[None]:
    yield
    names = ("spreading-even", "spreading-apart", "spreading-near", "spreading-anchor")
    cluster.kubectl("delete", "deployment", *names, "--ignore-not-found").ok()
    cluster.no_pods(f"app in ({','.join(names)})")


def homes(cluster: Cluster, app: str) -> Counter[str]:
    """The nodes of a Deployment's pods; "" for those without one."""
    pods = cluster.pods(f"app={app}")
    return Counter(pod["spec"].get("nodeName", "") for pod in pods)


def test_a_deployment_is_spread_evenly_and_stays_so_as_it_grows(lab: Lab) -> None:
    constraint = {"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", **meaning("spreading-even")}
    lab.apply(sleeping("spreading-even", 6, topologySpreadConstraints=[constraint]))
    lab.cluster.ready_pods(6, "app=spreading-even")
    assert homes(lab.cluster, "spreading-even") == dict.fromkeys(NODES, 2)
    lab.cluster.kubectl("scale", "deployment", "spreading-even", "--replicas=9").ok()
    lab.cluster.ready_pods(9, "app=spreading-even")
    assert homes(lab.cluster, "spreading-even") == dict.fromkeys(NODES, 3)


def test_pods_kept_apart_take_a_node_each_and_the_one_too_many_waits_for_a_place(lab: Lab) -> None:
    name, cluster = "spreading-apart", lab.cluster
    lab.apply(sleeping(name, 4, **affinity("podAntiAffinity", name)))
    expected = dict.fromkeys((*NODES, ""), 1)
    until("a pod on each node", lambda: homes(cluster, name) == expected)

    def waiting() -> dict[str, Any]:
        [pod] = [pod for pod in cluster.pods(f"app={name}") if "nodeName" not in pod["spec"]]
        return pod

    until("the reason", lambda: condition(waiting(), "PodScheduled"))
    told = condition(waiting(), "PodScheduled")
    assert told and (told["reason"], told["message"]) == ("Unschedulable", NO_NODE)
    name_of_late, late = (waiting()["metadata"][key] for key in ("name", "uid"))

    def described() -> bool:
        shown = cluster.kubectl("describe", "pod", name_of_late).ok()
        return NO_NODE in shown and "FailedScheduling" in shown

    until("an Event says so", described)
    [victim] = [
        pod for pod in cluster.pods(f"app={name}") if pod["spec"].get("nodeName") == NODES[1]
    ]
    cluster.kubectl("scale", "deployment", name, "--replicas=3").ok()
    until("three", lambda: homes(cluster, name) == dict.fromkeys(NODES, 1))
    assert late not in {pod["metadata"]["uid"] for pod in cluster.pods(f"app={name}")}
    cluster.kubectl("delete", "pod", victim["metadata"]["name"]).ok()
    until("three again", lambda: homes(cluster, name) == dict.fromkeys(NODES, 1))


def test_pods_kept_together_wait_for_the_one_that_they_follow(lab: Lab) -> None:
    name, cluster = "spreading-near", lab.cluster
    lab.apply(sleeping(name, 3, **affinity("podAffinity", "spreading-anchor")))
    until("three waiting pods", lambda: homes(cluster, name) == {"": 3})
    lab.apply(sleeping("spreading-anchor", 1))
    cluster.ready_pods(3, f"app={name}")
    [anchor] = cluster.pods("app=spreading-anchor")
    assert homes(cluster, name) == {anchor["spec"]["nodeName"]: 3}
