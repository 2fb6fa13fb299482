"""What counts towards a quota, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.podresources import requests
from minikube8s.api.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    PERSISTENTVOLUMECLAIMS,
    PODS,
    RESOURCEQUOTAS,
    SECRETS,
    SERVICES,
    Resource,
)
from minikube8s.controllers.quotas import Snapshot, plan
from minikube8s.registry import Registry, WriteOptions
from minikube8s.registry.quota.scopes import covers, requirements
from minikube8s.registry.quota.usage import usage
from tests.support.registries import a_registry, configmap, pod, service

Json = dict[str, Any]


@pytest.fixture
async def registry() -> Any:
    async with a_registry() as made:
        yield made


async def quota(registry: Registry, hard: Json, name: str = "q", **spec: Any) -> None:
    body = {"metadata": {"name": name}, "spec": {"hard": hard, **spec}}
    await registry.create(RESOURCEQUOTAS, "default", body)


def sized(name: str = "x", requests: Json | None = None, limits: Json | None = None) -> Json:
    obj = pod(name)
    obj["spec"]["containers"][0]["resources"] = {"requests": requests or {}, "limits": limits or {}}
    return obj


async def refusal(registry: Registry, resource: Resource, obj: Json) -> str:
    with pytest.raises(ApiError) as refused:
        await registry.create(resource, "default", obj)
    assert (refused.value.code, refused.value.reason) == (403, "Forbidden")
    return refused.value.message.partition(" is forbidden: ")[2]


def told(resource: Resource, obj: Json) -> dict[str, str]:
    return {name: str(amount) for name, amount in usage(resource, obj).items()}


# --- What is used ---------------------------------------------------------------------------------


def test_every_kind_counts_and_some_have_an_older_name() -> None:
    assert told(DEPLOYMENTS, {"metadata": {}}) == {"count/deployments.apps": "1"}
    assert told(SECRETS, {"metadata": {}}) == {"count/secrets": "1", "secrets": "1"}


def test_a_pod_uses_what_it_requests_and_is_limited_to() -> None:
    asked = {"cpu": "500m", "memory": "1Gi", "hugepages-2Mi": "4Mi", "example.com/gpu": "2"}
    assert told(PODS, sized(requests=asked, limits={"cpu": "1"})) == {
        "count/pods": "1",
        "pods": "1",
        "cpu": "500m",
        "requests.cpu": "500m",
        "memory": "1Gi",
        "requests.memory": "1Gi",
        "hugepages-2Mi": "4Mi",
        "requests.hugepages-2Mi": "4Mi",
        "requests.example.com/gpu": "2",
        "limits.cpu": "1",
    }


def test_a_pod_that_has_ended_only_counts_as_an_object() -> None:
    assert told(PODS, {**sized(), "status": {"phase": "Succeeded"}}) == {"count/pods": "1"}


def test_a_pod_counts_its_peak() -> None:
    def one(cpu: str, **fields: Any) -> Json:
        return {"resources": {"requests": {"cpu": cpu}}, **fields}

    spec = {
        "initContainers": [one("100m", restartPolicy="Always"), one("2")],
        "containers": [one("500m"), one("500m")],
    }
    assert str(requests(spec)["cpu"]) == "2100m"
    assert str(requests({**spec, "overhead": {"cpu": "1"}})["cpu"]) == "3100m"
    stated = {**spec, "resources": {"requests": {"cpu": "4"}}}
    assert str(requests(stated)["cpu"]) == "4"


@pytest.mark.parametrize(
    ("spec", "ports", "balancers"),
    [
        ({"type": "ClusterIP", "ports": [{}]}, None, None),
        ({"type": "NodePort", "ports": [{}, {}]}, "2", None),
        ({"type": "LoadBalancer", "ports": [{}, {}]}, "2", "1"),
        (
            {
                "type": "LoadBalancer",
                "ports": [{"nodePort": 1}, {}],
                "allocateLoadBalancerNodePorts": False,
            },
            "1",
            "1",
        ),
    ],
)
def test_services_use_node_ports_and_load_balancers(
    spec: Json, ports: str | None, balancers: str | None
) -> None:
    used = told(SERVICES, {"spec": spec})
    assert used.get("services.nodeports") == ports
    assert used.get("services.loadbalancers") == balancers


def test_claims_use_storage_also_by_class() -> None:
    spec = {"storageClassName": "fast", "resources": {"requests": {"storage": "2Gi"}}}
    assert told(PERSISTENTVOLUMECLAIMS, {"metadata": {}, "spec": spec}) == {
        "count/persistentvolumeclaims": "1",
        "persistentvolumeclaims": "1",
        "requests.storage": "2Gi",
        "fast.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
        "fast.storageclass.storage.k8s.io/requests.storage": "2Gi",
    }


# --- Scopes ---------------------------------------------------------------------------------------

ELSEWHERE = {
    "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"namespaces": ["a"]}]}
}
HERE = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "a"}]}}
BUSY = [{"resources": {"requests": {"cpu": "1"}}}]


@pytest.mark.parametrize(
    ("scope", "inside", "outside"),
    [
        ("Terminating", {"activeDeadlineSeconds": 5}, {}),
        ("NotTerminating", {}, {"activeDeadlineSeconds": 5}),
        ("BestEffort", {}, {"containers": BUSY}),
        ("NotBestEffort", {"containers": BUSY}, {}),
        ("PriorityClass", {"priorityClassName": "high"}, {}),
        ("CrossNamespacePodAffinity", {"affinity": ELSEWHERE}, {"affinity": HERE}),
    ],
)
def test_scopes_choose_pods(scope: str, inside: Json, outside: Json) -> None:
    scopes = requirements({"scopes": [scope]})
    assert covers(scopes, PODS, {"spec": inside})
    assert not covers(scopes, PODS, {"spec": outside})
    assert not covers(scopes, CONFIGMAPS, {})


@pytest.mark.parametrize(
    ("operator", "values", "chosen"),
    [
        ("In", ["high"], {"high"}),
        ("NotIn", ["high"], {"low", ""}),
        ("Exists", [], {"high", "low"}),
        ("DoesNotExist", [], {""}),
    ],
)
def test_scope_selectors_choose_by_priority_class(
    operator: str, values: list[str], chosen: set[str]
) -> None:
    expression = {"scopeName": "PriorityClass", "operator": operator, "values": values}
    scopes = requirements({"scopeSelector": {"matchExpressions": [expression]}})
    names = {
        name
        for name in ("high", "low", "")
        if covers(scopes, PODS, {"spec": {"priorityClassName": name}})
    }
    assert names == chosen


# --- What is refused ------------------------------------------------------------------------------


async def test_one_object_too_many_is_refused_in_kubernetes_words(registry: Registry) -> None:
    await quota(registry, {"pods": "1", "count/configmaps": "0"})
    await registry.create(PODS, "default", pod("a"))
    assert await refusal(registry, PODS, pod("b")) == (
        "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1"
    )
    assert await refusal(registry, CONFIGMAPS, configmap()) == (
        "exceeded quota: q, requested: count/configmaps=1, used: count/configmaps=0,"
        " limited: count/configmaps=0"
    )


async def test_what_a_quota_bounds_must_be_stated(registry: Registry) -> None:
    await quota(registry, {"limits.cpu": "1", "requests.memory": "1Gi"})
    assert await refusal(registry, PODS, pod()) == (
        "failed quota: q: must specify limits.cpu for: c; requests.memory for: c"
    )
    greedy = sized(requests={"memory": "2Gi"}, limits={"cpu": "2"})
    assert await refusal(registry, PODS, greedy) == (
        "exceeded quota: q, requested: limits.cpu=2,requests.memory=2Gi,"
        " used: limits.cpu=0,requests.memory=0, limited: limits.cpu=1,requests.memory=1Gi"
    )


async def test_what_goes_or_ends_makes_room(registry: Registry) -> None:
    await quota(registry, {"pods": "1"})
    await registry.create(PODS, "default", pod("a"))
    await registry.update(
        PODS, "default", "a", lambda obj: {**obj, "status": {"phase": "Failed"}}, "status"
    )
    await registry.create(PODS, "default", pod("b"))
    await registry.delete(PODS, "default", "b")
    await registry.create(PODS, "default", pod("c"))
    assert registry.quotas.used("default", "q") == {"pods": "1"}


async def test_a_quota_counts_what_was_there_before_it(registry: Registry) -> None:
    await registry.create(PODS, "default", sized(requests={"cpu": "300m"}))
    await quota(registry, {"pods": "1", "requests.cpu": "1", "services": "5"})
    used = registry.quotas.used("default", "q")
    assert used == {"pods": "1", "requests.cpu": "300m", "services": "1"}


async def test_a_changed_quota_holds_at_once(registry: Registry) -> None:
    await quota(registry, {"count/configmaps": "0"})
    await refusal(registry, CONFIGMAPS, configmap())

    def widen(obj: Json) -> Json:
        return {**obj, "spec": {"hard": {"count/configmaps": "1", "secrets": "3"}}}

    await registry.update(RESOURCEQUOTAS, "default", "q", widen)
    await registry.create(CONFIGMAPS, "default", configmap())
    assert registry.quotas.used("default", "q") == {"count/configmaps": "1", "secrets": "0"}
    await registry.delete(RESOURCEQUOTAS, "default", "q")
    await registry.create(CONFIGMAPS, "default", configmap("y"))


async def test_a_dry_run_is_checked_and_takes_nothing(registry: Registry) -> None:
    await quota(registry, {"count/configmaps": "1"})
    dry = WriteOptions(dry_run=True)
    for _ in range(3):
        await registry.create(CONFIGMAPS, "default", configmap(), dry)
    assert registry.quotas.used("default", "q") == {"count/configmaps": "0"}
    await registry.create(CONFIGMAPS, "default", configmap())
    with pytest.raises(ApiError, match="exceeded quota"):
        await registry.create(CONFIGMAPS, "default", configmap("y"), dry)


async def test_an_update_that_uses_more_is_charged_the_difference(registry: Registry) -> None:
    await quota(registry, {"services.nodeports": "1"})
    await registry.create(
        SERVICES, "default", service("a", {"port": 80, "name": "a"}, {"port": 81, "name": "b"})
    )

    def exposed(obj: Json) -> Json:
        obj["spec"]["type"] = "NodePort"
        return obj

    with pytest.raises(ApiError) as refused:
        await registry.update(SERVICES, "default", "a", exposed)
    assert refused.value.message == (
        'services "a" is forbidden: exceeded quota: q, requested: services.nodeports=2,'
        " used: services.nodeports=0, limited: services.nodeports=1"
    )


async def test_an_update_that_uses_no_more_passes_a_full_quota(registry: Registry) -> None:
    await registry.create(SERVICES, "default", service("a", type="NodePort"))
    await quota(registry, {"services.nodeports": "0"})
    await registry.update(
        SERVICES,
        "default",
        "a",
        lambda obj: {**obj, "spec": {**obj["spec"], "selector": {"b": "c"}}},
    )


async def test_a_quota_bounds_what_is_in_its_scopes(registry: Registry) -> None:
    await quota(registry, {"pods": "0"}, scopes=["BestEffort"])
    await registry.create(PODS, "default", sized("busy", requests={"cpu": "1"}))
    assert "exceeded quota" in await refusal(registry, PODS, pod("idle"))


async def test_all_quotas_of_a_namespace_must_agree(registry: Registry) -> None:
    await quota(registry, {"count/configmaps": "5"}, "wide")
    await quota(registry, {"count/configmaps": "1"}, "narrow")
    await registry.create(CONFIGMAPS, "default", configmap())
    assert "exceeded quota: narrow" in await refusal(registry, CONFIGMAPS, configmap("y"))
    await registry.create(CONFIGMAPS, "kube-system", configmap("y"))


# --- The status -----------------------------------------------------------------------------------


def test_the_status_tells_what_is_allowed_and_used() -> None:
    metadata = {"name": "q", "namespace": "a", "uid": "u", "resourceVersion": "1"}
    obj = {"metadata": metadata, "spec": {"hard": {"pods": "2"}}, "status": {}}
    planned = plan(Snapshot(obj, {"pods": "1"}))
    assert planned.status is not None
    assert planned.status.status == {"hard": {"pods": "2"}, "used": {"pods": "1"}}
    told = {**obj, "status": planned.status.status}
    assert plan(Snapshot(told, {"pods": "1"})).status is None
