"""Quotas and protection of what is in use, by all controllers on the real registry."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.podresources import amounts
from minikube8s.api.resources import (
    CONFIGMAPS,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    PODS,
    REPLICASETS,
    RESOURCEQUOTAS,
)
from minikube8s.registry import Registry
from minikube8s.registry.quota.ledger import Ledger
from tests.support.livecluster import LiveCluster
from tests.support.objects import template
from tests.support.virtualtime import EPOCH
from tests.unit.test_controller_lifecycles import play

Json = dict[str, Any]


def status(cluster: LiveCluster) -> Json:
    (quota,) = cluster.objects(RESOURCEQUOTAS)
    told: Json = quota["status"]
    return told


def test_a_quotas_status_follows_what_comes_and_goes() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.create(
            RESOURCEQUOTAS, "q", spec={"hard": {"pods": "5", "count/configmaps": "9"}}
        )
        await asyncio.sleep(1)
        before = int(status(cluster)["used"]["count/configmaps"])
        assert status(cluster)["hard"] == {"pods": "5", "count/configmaps": "9"}
        await cluster.create(CONFIGMAPS, "a")
        await cluster.create(PODS, "p", **{"spec": {"containers": [{"name": "c", "image": "i"}]}})
        await asyncio.sleep(1)
        assert status(cluster)["used"] == {"pods": "1", "count/configmaps": str(before + 1)}
        await cluster.delete(CONFIGMAPS, "a")

        def fail(pod: Json) -> None:
            pod["status"]["phase"] = "Failed"

        await cluster.change(PODS, "p", fail, "status")
        await asyncio.sleep(1)
        assert status(cluster)["used"] == {"pods": "0", "count/configmaps": str(before)}

    play(scenario)


def test_a_replicaset_that_meets_a_quota_says_so_and_goes_on_when_there_is_room() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.create(RESOURCEQUOTAS, "q", spec={"hard": {"pods": "2"}})
        selector = {"matchLabels": {"app": "web"}}
        spec = {"replicas": 3, "selector": selector, "template": template()}
        await cluster.create(REPLICASETS, "web", spec=spec)
        await asyncio.sleep(5)
        assert len(cluster.names(PODS)) == 2
        (replicaset,) = cluster.objects(REPLICASETS)
        (condition,) = replicaset["status"]["conditions"]
        assert (condition["type"], condition["status"]) == ("ReplicaFailure", "True")
        assert condition["reason"] == "FailedCreate"
        assert (
            "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"
            in condition["message"]
        )
        told = cluster.events("FailedCreate")
        assert told
        assert all('Error creating: pods "web-' in message for message in told)

        def widen(quota: Json) -> None:
            quota["spec"]["hard"]["pods"] = "3"

        await cluster.change(RESOURCEQUOTAS, "q", widen)
        await asyncio.sleep(600)
        assert len(cluster.names(PODS)) == 3
        assert "conditions" not in cluster.objects(REPLICASETS)[0]["status"]

    play(scenario)


def test_a_grant_that_is_seen_is_not_counted_twice() -> None:
    ledger = Ledger()
    ledger.open("q", {"hard": {"pods": "2"}})
    first, second = (
        {"metadata": {"name": name, "uid": name}, "spec": {"containers": []}} for name in "ab"
    )
    grant = ledger.grant("pods/x/a", PODS, first, None)
    ledger.see("pods/x/a", PODS, first, EPOCH)
    other = ledger.grant("pods/x/b", PODS, second, None)
    ledger.release("pods/x/a", grant)
    ledger.release("pods/x/b", other)
    assert ledger.quotas["q"].used == amounts({"pods": "1"})
    assert not any(ledger.quotas["q"].reserved.values())


def test_a_pod_whose_lost_node_does_not_end_it_is_counted_no_longer_than_twice_its_grace() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        hard = {"pods": "1", "requests.cpu": "1", "count/pods": "9"}
        await cluster.create(RESOURCEQUOTAS, "q", spec={"hard": hard})
        await cluster.add_node("n")
        container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": "1"}}}
        spec = {"containers": [container], "nodeName": "n"}
        await cluster.create(PODS, "stuck", spec=spec)
        await cluster.delete(PODS, "stuck", grace_period_seconds=30)
        await asyncio.sleep(59)
        assert status(cluster)["used"] == {"pods": "1", "requests.cpu": "1", "count/pods": "1"}
        with pytest.raises(ApiError, match="exceeded quota"):
            await cluster.create(PODS, "next", spec=spec)
        await asyncio.sleep(2)
        assert status(cluster)["used"] == {"pods": "0", "requests.cpu": "0", "count/pods": "1"}
        await cluster.create(PODS, "next", spec=spec)
        await cluster.finish("stuck")
        await asyncio.sleep(1)
        assert status(cluster)["used"] == {"pods": "1", "requests.cpu": "1", "count/pods": "1"}

    play(scenario)


def test_the_books_are_the_same_after_a_restart_and_under_load() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.create(RESOURCEQUOTAS, "q", spec={"hard": {"pods": "50"}})
        spec = {"containers": [{"name": "c", "image": "i"}]}

        async def ask(number: int) -> bool:
            try:
                await cluster.create(PODS, f"p{number}", spec=spec)
            except ApiError as refusal:
                assert "exceeded quota: q, requested: pods=1" in refusal.message
                return False
            return True

        granted = await asyncio.gather(*(ask(number) for number in range(200)))
        assert sum(granted) == len(cluster.names(PODS)) == 50

        def end(pod: Json) -> None:
            pod["status"]["phase"] = "Succeeded"

        ended = cluster.names(PODS)[:20]
        await asyncio.gather(*(cluster.change(PODS, name, end, "status") for name in ended))
        await asyncio.sleep(1)
        assert status(cluster)["used"] == {"pods": "30"}
        anew = Registry(cluster.cache, cluster.clock)
        assert anew.quotas.used("default", "q") == {"pods": "30"}
        await anew.close()

    play(scenario)


def test_a_claim_in_use_goes_after_the_last_pod_that_uses_it() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        resources = {"requests": {"storage": "1Gi"}}
        spec = {"accessModes": ["ReadWriteOnce"], "resources": resources}
        await cluster.create(PERSISTENTVOLUMECLAIMS, "idle", spec=spec)
        await cluster.create(PERSISTENTVOLUMECLAIMS, "data", spec=spec)
        await cluster.add_node("n")
        volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
        pod = {"containers": [{"name": "c", "image": "i"}], "volumes": [volume], "nodeName": "n"}
        await cluster.create(PODS, "user", spec=pod)
        await cluster.delete(PERSISTENTVOLUMECLAIMS, "idle")
        await cluster.delete(PERSISTENTVOLUMECLAIMS, "data")
        await asyncio.sleep(5)
        assert cluster.names(PERSISTENTVOLUMECLAIMS) == ["data"]
        await cluster.finish("user")
        await asyncio.sleep(5)
        assert cluster.names(PERSISTENTVOLUMECLAIMS) == []

    play(scenario)


def test_a_bound_volume_stays_until_it_is_released() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        spec = {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/x"},
        }
        await cluster.create(PERSISTENTVOLUMES, "v", spec=spec)
        resources = {"requests": {"storage": "1Gi"}}
        claim = {"accessModes": ["ReadWriteOnce"], "resources": resources}
        await cluster.create(PERSISTENTVOLUMECLAIMS, "c", spec=claim)
        await asyncio.sleep(5)
        await cluster.delete(PERSISTENTVOLUMES, "v")
        await asyncio.sleep(5)
        assert len(cluster.objects(PERSISTENTVOLUMES, None)) == 1
        await cluster.delete(PERSISTENTVOLUMECLAIMS, "c")
        await asyncio.sleep(5)
        assert cluster.objects(PERSISTENTVOLUMES, None) == []

    play(scenario)
