"""ReplicationControllers, and what is told where pods cannot be made, through kubectl."""

from __future__ import annotations

import json
from typing import Any

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.podlife import apply
from tests.support.wait import until


def events(cluster: Cluster, name: str) -> list[tuple[str, str]]:
    """(reason, message) of each event about the object."""
    items = cluster.get("events", "--field-selector", f"involvedObject.name={name}")["items"]
    return [(one["reason"], one["message"]) for one in items]


def a_replication_controller(name: str, replicas: int) -> dict[str, Any]:
    """One that takes its selector from its template, as it may."""
    template = {"metadata": {"labels": {"app": name}}, "spec": manifests.pod(name)["spec"]}
    return {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "template": template},
    }


def test_a_replication_controller_keeps_its_number_of_pods(cluster: Cluster) -> None:
    apply(cluster, manifests.pod("rc-e2e-first", labels={"app": "rc-e2e"}))
    applied = cluster.kubectl(
        "apply", "-f", "-", input=json.dumps(a_replication_controller("rc-e2e", 2))
    )
    applied.ok()
    assert "Warning" not in applied.err
    names = {pod["metadata"]["name"] for pod in cluster.ready_pods(2, "app=rc-e2e")}
    assert "rc-e2e-first" in names, "what was there is adopted"
    assert "scaled" in cluster.kubectl("scale", "rc", "rc-e2e", "--replicas=3").ok()
    cluster.ready_pods(3, "app=rc-e2e")
    until("it says so", lambda: cluster.column("rc", "rc-e2e", "READY") == "3")
    cluster.kubectl("delete", "pod", "rc-e2e-first", "--now").ok()
    cluster.ready_pods(3, "app=rc-e2e")
    created = {"SuccessfulCreate"}
    until("that is told", lambda: {why for why, _ in events(cluster, "rc-e2e")} == created)
    described = cluster.kubectl("describe", "rc", "rc-e2e").ok()
    assert "replication-controller" in described and "3 Running" in described
    cluster.kubectl("scale", "rc", "rc-e2e", "--replicas=1").ok()
    cluster.ready_pods(1, "app=rc-e2e")
    until("that is told", lambda: "SuccessfulDelete" in dict(events(cluster, "rc-e2e")))
    cluster.kubectl("delete", "rc", "rc-e2e").ok()
    until("its pods go with it", lambda: not cluster.pods("app=rc-e2e"))


def test_a_quota_that_admits_no_pods_is_told_by_condition_and_event(cluster: Cluster) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "rs-e2e-quota"},
        "spec": {"hard": {"count/pods": "0"}},
    }
    cluster.kubectl("create", "namespace", "rs-e2e").ok()
    try:
        for one in (quota, manifests.deployment("rs-e2e", 2)):
            cluster.kubectl("apply", "-n", "rs-e2e", "-f", "-", input=manifests.text(one)).ok()

        def conditions() -> dict[str, tuple[str, str]]:
            status = cluster.get("deploy", "rs-e2e", "-n", "rs-e2e")["status"]
            return {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]}

        until(
            "the Deployment passes on what its ReplicaSet suffers",
            lambda: conditions().get("ReplicaFailure") == ("True", "FailedCreate"),
        )
        [replicaset] = cluster.get("rs", "-n", "rs-e2e")["items"]
        [failure] = replicaset["status"]["conditions"]
        assert "exceeded quota: rs-e2e-quota" in failure["message"]

        def told() -> bool:
            said = cluster.kubectl("get", "events", "-n", "rs-e2e").ok()
            return "FailedCreate" in said and "Error creating: pods" in said

        until("Events say so", told)
        cluster.kubectl("delete", "quota", "rs-e2e-quota", "-n", "rs-e2e").ok()
        until("it goes on", lambda: "ReplicaFailure" not in conditions(), 60)
    finally:
        cluster.kubectl("delete", "namespace", "rs-e2e").ok()


def test_a_deployment_whose_replicaset_cannot_have_its_name_says_so(cluster: Cluster) -> None:
    name = "long-e2e-" + "x" * 240
    apply(cluster, manifests.deployment("long-e2e", 1) | {"metadata": {"name": name}})
    try:

        def progressing() -> dict[str, Any]:
            status = cluster.get("deploy", name)["status"]
            return {one["type"]: one for one in status["conditions"]}["Progressing"]

        reason = "ReplicaSetCreateError"
        until("it is told", lambda: progressing()["reason"] == reason)
        assert f'Failed to create new replica set "{name}-' in progressing()["message"]
        told = until("by an Event, too", lambda: dict(events(cluster, name))[reason])
        assert "must be no more than 253" in told
    finally:
        cluster.kubectl("delete", "deploy", name).ok()


def test_a_rollout_without_progress_is_told_after_its_deadline(cluster: Cluster) -> None:
    body = manifests.deployment("stuck-e2e", 1)
    body["spec"]["minReadySeconds"] = 1
    apply(cluster, body)
    cluster.kubectl("rollout", "status", "deploy", "stuck-e2e", "--timeout=60s").ok()

    def within(seconds: int) -> None:
        spec = {"spec": {"progressDeadlineSeconds": seconds}}
        cluster.kubectl("patch", "deploy", "stuck-e2e", "-p", json.dumps(spec)).ok()

    try:
        within(2)
        cluster.kubectl("set", "image", "deploy", "stuck-e2e", "main=mk8s.invalid/none:1").ok()
        said = cluster.kubectl("rollout", "status", "deploy", "stuck-e2e", "--timeout=60s").fails()
        assert said == 'error: deployment "stuck-e2e" exceeded its progress deadline'
        assert cluster.column("deploy", "stuck-e2e", "READY") == "1/1", "the old pod serves on"
        within(60)
        cluster.kubectl("rollout", "undo", "deploy", "stuck-e2e").ok()
        cluster.kubectl("rollout", "status", "deploy", "stuck-e2e", "--timeout=60s").ok()
    finally:
        cluster.kubectl("delete", "deploy", "stuck-e2e").ok()
