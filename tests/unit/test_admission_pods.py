"""What admission adds to new pods, and why it refuses some."""

from __future__ import annotations

from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import (
    LIMITRANGES,
    NAMESPACES,
    PODS,
    PRIORITYCLASSES,
    RUNTIMECLASSES,
    SERVICEACCOUNTS,
    Resource,
)
from minikube8s.registry import Registry, WriteOptions
from minikube8s.registry.admission import limits, stored
from minikube8s.registry.admission.tolerations import complete
from tests.support.registries import a_registry, pod

Json = dict[str, Any]


@pytest.fixture
async def registry() -> Any:
    async with a_registry() as made:
        yield made


async def admitted(registry: Registry, **spec: Any) -> Json:
    """Return the spec of a new pod as it is stored."""
    obj = pod()
    obj["spec"].update(spec)
    entry = await registry.create(PODS, "default", obj, WriteOptions(dry_run=True))
    stored: Json = entry.object["spec"]
    return stored


async def refusal(registry: Registry, **spec: Any) -> str:
    with pytest.raises(ApiError) as refused:
        await admitted(registry, **spec)
    assert (refused.value.code, refused.value.reason) == (403, "Forbidden")
    assert refused.value.message.startswith('pods "x" is forbidden: ')
    return refused.value.message.removeprefix('pods "x" is forbidden: ')


async def add(registry: Registry, resource: Resource, name: str, **fields: Any) -> None:
    namespace = "default" if resource.namespaced else None
    metadata = {"name": name, **fields.pop("metadata", {})}
    await registry.create(resource, namespace, {"metadata": metadata, **fields})


def container(**resources: Json) -> Json:
    return {"name": "c", "image": "nginx", "resources": resources}


# --- Tolerations ----------------------------------------------------------------------------------


async def test_a_new_pod_bears_a_lost_node_for_five_minutes(registry: Registry) -> None:
    assert (await admitted(registry))["tolerations"] == [
        {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
    ]


def test_a_pods_own_tolerations_win() -> None:
    everything = {"operator": "Exists"}
    spec: Json = {"tolerations": [everything]}
    complete(spec)
    assert spec["tolerations"] == [everything]
    other = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoSchedule"}
    spec = {"tolerations": [other]}
    complete(spec)
    assert len(spec["tolerations"]) == 3


# --- Accounts -------------------------------------------------------------------------------------


async def test_a_pod_acts_as_the_default_account_or_the_one_it_names(registry: Registry) -> None:
    spec = await admitted(registry)
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default", "default")
    await add(registry, SERVICEACCOUNTS, "robot")
    spec = await admitted(registry, serviceAccountName="robot")
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("robot", "robot")


async def test_a_pod_without_its_account_is_refused(registry: Registry) -> None:
    why = 'error looking up service account default/robot: serviceaccount "robot" not found'
    assert await refusal(registry, serviceAccountName="robot") == why


async def test_a_pod_without_pull_secrets_gets_its_accounts(registry: Registry) -> None:
    await add(registry, SERVICEACCOUNTS, "robot", imagePullSecrets=[{"name": "mine"}])
    spec = await admitted(registry, serviceAccountName="robot")
    assert spec["imagePullSecrets"] == [{"name": "mine"}]
    own = [{"name": "own"}]
    spec = await admitted(registry, serviceAccountName="robot", imagePullSecrets=own)
    assert spec["imagePullSecrets"] == own


async def test_a_pod_that_follows_its_namespace_waits_for_the_account(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "ACCOUNT_DEADLINE", 0.01)
    await add(registry, NAMESPACES, "team")
    with pytest.raises(ApiError, match="error looking up service account team/default"):
        await registry.create(PODS, "team", pod())
    await registry.create(SERVICEACCOUNTS, "team", {"metadata": {"name": "default"}})
    await registry.create(PODS, "team", pod())


# --- Priority -------------------------------------------------------------------------------------


async def test_a_pod_without_a_class_has_priority_0(registry: Registry) -> None:
    spec = await admitted(registry)
    assert (spec["priority"], spec["preemptionPolicy"]) == (0, "PreemptLowerPriority")
    assert "priorityClassName" not in spec


async def test_a_class_gives_priority_and_preemption_policy(registry: Registry) -> None:
    await add(registry, PRIORITYCLASSES, "high", value=1000, preemptionPolicy="Never")
    spec = await admitted(registry, priorityClassName="high")
    assert (spec["priority"], spec["preemptionPolicy"]) == (1000, "Never")
    spec = await admitted(registry, priorityClassName="system-node-critical")
    assert spec["priority"] == 2_000_001_000


async def test_the_default_class_is_that_of_pods_without_one(registry: Registry) -> None:
    await add(registry, PRIORITYCLASSES, "usual", value=7, globalDefault=True)
    spec = await admitted(registry)
    assert (spec["priorityClassName"], spec["priority"]) == ("usual", 7)
    with pytest.raises(ApiError) as refused:
        await add(registry, PRIORITYCLASSES, "second", value=8, globalDefault=True)
    assert refused.value.message == (
        'priorityclasses.scheduling.k8s.io "second" is forbidden: PriorityClass usual is already'
        " marked as default. Only one default can exist"
    )


async def test_a_priority_that_the_class_does_not_give_is_refused(registry: Registry) -> None:
    await add(registry, PRIORITYCLASSES, "high", value=1000, preemptionPolicy="Never")
    assert await refusal(registry, priorityClassName="nope") == (
        "no PriorityClass with name nope was found"
    )
    assert await refusal(registry, priorityClassName="high", priority=5) == (
        "the integer value of priority (5) must not be provided in pod spec; priority admission"
        " controller computed 1000 from the given PriorityClass name"
    )
    policy = "PreemptLowerPriority"
    assert await refusal(registry, priorityClassName="high", preemptionPolicy=policy) == (
        "the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod"
        " spec; priority admission controller computed Never from the given PriorityClass name"
    )
    assert (await admitted(registry, priority=0))["priority"] == 0


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        (
            "high",
            {"value": 1_000_000_001},
            "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
        ),
        (
            "system-mine",
            {"value": 5},
            "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for"
            " system use only. error: system-mine is not a known system priority class",
        ),
        (
            "high",
            {"value": 5, "preemptionPolicy": "Sometimes"},
            'preemptionPolicy: Unsupported value: "Sometimes": supported values: "Never",'
            ' "PreemptLowerPriority"',
        ),
        (
            "High",
            {"value": 5},
            "metadata.name: Invalid value",
        ),
    ],
)
async def test_a_bad_class_is_refused_with_its_field(
    registry: Registry, name: str, fields: Json, message: str
) -> None:
    with pytest.raises(ApiError) as refused:
        await add(registry, PRIORITYCLASSES, name, **fields)
    assert refused.value.code == 422
    assert message in refused.value.message


async def test_what_pods_were_given_by_a_class_stays(registry: Registry) -> None:
    await add(registry, PRIORITYCLASSES, "high", value=5, preemptionPolicy="Never")

    async def change(**fields: Any) -> str:
        with pytest.raises(ApiError) as refused:
            await registry.update(PRIORITYCLASSES, None, "high", lambda one: {**one, **fields})
        return refused.value.message

    assert "value: Forbidden: may not be changed in an update." in await change(value=6)
    said = await change(preemptionPolicy="PreemptLowerPriority")
    assert "preemptionPolicy: Invalid value" in said and "field is immutable" in said
    await add(registry, PRIORITYCLASSES, "usual", value=1, globalDefault=True)
    said = await change(globalDefault=True)
    assert "PriorityClass usual is already marked as default. Only one default can exist" in said


async def test_the_systems_priority_classes_stay(registry: Registry) -> None:
    with pytest.raises(ApiError) as refused:
        await registry.delete(PRIORITYCLASSES, None, "system-cluster-critical")
    assert refused.value.message == (
        'priorityclasses.scheduling.k8s.io "system-cluster-critical" is forbidden: this is a'
        " system priority class and cannot be deleted"
    )


async def test_an_update_that_leaves_the_priority_out_keeps_it(registry: Registry) -> None:
    await registry.create(PODS, "default", pod())

    def change(obj: Json) -> Json:
        for field in ("priority", "preemptionPolicy"):
            del obj["spec"][field]
        obj["metadata"]["labels"] = {"a": "b"}
        return obj

    entry = await registry.update(PODS, "default", "x", change)
    assert entry.object["spec"]["priority"] == 0


# --- Runtime classes ------------------------------------------------------------------------------


async def test_a_runtime_class_adds_overhead_and_scheduling(registry: Registry) -> None:
    await add(
        registry,
        RUNTIMECLASSES,
        "sandboxed",
        handler="runsc",
        overhead={"podFixed": {"cpu": "250m"}},
        scheduling={"nodeSelector": {"sandbox": "yes"}, "tolerations": [{"key": "sandbox"}]},
    )
    spec = await admitted(registry, runtimeClassName="sandboxed", nodeSelector={"a": "b"})
    assert spec["overhead"] == {"cpu": "250m"}
    assert spec["nodeSelector"] == {"a": "b", "sandbox": "yes"}
    assert {"key": "sandbox"} in spec["tolerations"]
    same = await admitted(registry, runtimeClassName="sandboxed", overhead={"cpu": "0.25"})
    assert same["overhead"] == {"cpu": "0.25"}


async def test_a_pod_that_contradicts_its_runtime_class_is_refused(registry: Registry) -> None:
    selector = {"nodeSelector": {"sandbox": "yes"}}
    await add(registry, RUNTIMECLASSES, "sandboxed", handler="runsc", scheduling=selector)
    overhead = {"podFixed": {"cpu": "1"}}
    await add(registry, RUNTIMECLASSES, "heavy", handler="heavy", overhead=overhead)
    assert await refusal(registry, runtimeClassName="nope") == (
        'pod rejected: RuntimeClass "nope" not found'
    )
    wrong = {"sandbox": "no"}
    assert await refusal(registry, runtimeClassName="sandboxed", nodeSelector=wrong) == (
        "conflict: runtimeClass.scheduling.nodeSelector[sandbox] = yes;"
        " pod.spec.nodeSelector[sandbox] = no"
    )
    assert await refusal(registry, runtimeClassName="heavy", overhead={"cpu": "2"}) == (
        "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
    )
    assert await refusal(registry, overhead={"cpu": "2"}) == (
        "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
    )


# --- Limit ranges ---------------------------------------------------------------------------------


async def test_limit_ranges_complete_containers_and_say_so(registry: Registry) -> None:
    limit = {"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"memory": "8Mi"}}
    await add(registry, LIMITRANGES, "usual", spec={"limits": [limit]})
    obj = pod()
    obj["spec"]["containers"].append(
        {"name": "d", "image": "i", "resources": {"limits": {"cpu": "2"}}}
    )
    obj["spec"]["initContainers"] = [{"name": "i", "image": "i"}]
    entry = await registry.create(PODS, "default", obj)
    first, second = (one["resources"] for one in entry.object["spec"]["containers"])
    assert first == {"limits": {"cpu": "1"}, "requests": {"cpu": "1", "memory": "8Mi"}}
    assert second == {"limits": {"cpu": "2"}, "requests": {"cpu": "2", "memory": "8Mi"}}
    assert entry.object["metadata"]["annotations"] == {
        "kubernetes.io/limit-ranger": "LimitRanger plugin set: cpu, memory request for container"
        " c; cpu limit for container c; memory request for container d; cpu, memory request for"
        " init container i; cpu limit for init container i"
    }
    assert entry.object["status"]["qosClass"] == "Burstable"


LIMITS = [
    ({"min": {"cpu": "1"}}, container(), "minimum cpu usage per {} is 1.  No request is specified"),
    (
        {"min": {"cpu": "1"}},
        container(requests={"cpu": "500m"}),
        "minimum cpu usage per {} is 1, but request is 500m",
    ),
    ({"max": {"cpu": "1"}}, container(), "maximum cpu usage per {} is 1.  No limit is specified"),
    (
        {"max": {"cpu": "1"}},
        container(limits={"cpu": "2"}),
        "maximum cpu usage per {} is 1, but limit is 2",
    ),
    (
        {"maxLimitRequestRatio": {"cpu": "2"}},
        container(requests={"cpu": "1"}, limits={"cpu": "3"}),
        "cpu max limit to request ratio per {} is 2, but provided ratio is 3.000000",
    ),
    (
        {"maxLimitRequestRatio": {"cpu": "2"}},
        container(limits={"cpu": "3"}),
        "cpu max limit to request ratio per {} is 2, but no request is specified or request is 0",
    ),
    (
        {"max": {"cpu": "1"}, "min": {"cpu": "1"}},
        container(requests={"cpu": "1"}, limits={"cpu": "1"}),
        "",
    ),
]


@pytest.mark.parametrize("kind", ["Container", "Pod"])
@pytest.mark.parametrize(("limit", "one", "fault"), LIMITS)
def test_limits_are_held_of_containers_and_of_pods(
    kind: str, limit: Json, one: Json, fault: str
) -> None:
    limit_range = {"spec": {"limits": [{"type": kind, **limit}]}}
    faults = limits.pod_faults({"containers": [one]}, limit_range)
    assert faults == ([fault.format(kind)] if fault else [])


def test_a_pods_containers_count_together() -> None:
    limit_range = {"spec": {"limits": [{"type": "Pod", "max": {"memory": "1Gi"}}]}}
    spec = {"containers": [container(limits={"memory": "600Mi"}) for _ in range(2)]}
    assert limits.pod_faults(spec, limit_range) == [
        "maximum memory usage per Pod is 1Gi, but limit is 1200Mi"
    ]


async def test_all_that_is_out_of_bounds_is_told_at_once(registry: Registry) -> None:
    limit = {"type": "Container", "max": {"cpu": "1", "memory": "1Gi"}}
    await add(registry, LIMITRANGES, "usual", spec={"limits": [limit]})
    big = container(limits={"cpu": "2", "memory": "2Gi"})
    assert await refusal(registry, containers=[big]) == (
        "[maximum cpu usage per Container is 1, but limit is 2,"
        " maximum memory usage per Container is 1Gi, but limit is 2Gi]"
    )
