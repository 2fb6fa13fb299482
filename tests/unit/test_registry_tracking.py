"""Owners of fields through the registry: clients', the system's, and those of old objects."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from minikube8s.api.apply.last_applied import ANNOTATION
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import CONFIGMAPS, DEPLOYMENTS, PODS
from minikube8s.registry import Registry, WriteOptions
from tests.support.registries import ManualClock, a_registry, configmap, pod

Object = dict[str, Any]


def by(manager: str, *, dry_run: bool = False) -> WriteOptions:
    return WriteOptions(dry_run=dry_run, field_manager=manager)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def registry(clock: ManualClock) -> AsyncIterator[Registry]:
    async with a_registry(clock) as made:
        yield made


def owners(entry: Any) -> dict[str, Object]:
    fields = entry.object["metadata"].get("managedFields", [])
    return {one["manager"]: one for one in fields}


def deployment(**spec: Any) -> Object:
    labels = {"app": "x"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c"}]}}
    template["spec"]["containers"][0]["image"] = "i"
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x"},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


def config(**data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", **configmap("x", **data)}


def running(obj: Object) -> Object:
    return {**obj, "status": {**obj["status"], "phase": "Running"}}


async def test_objects_of_the_system_alone_have_no_entries(registry: Registry) -> None:
    system = registry.writing_as("kubelet")
    await system.create(PODS, "default", pod("x"))
    after = await system.update(PODS, "default", "x", running, "status")
    assert "managedFields" not in after.object["metadata"]


async def test_the_system_is_entered_beside_a_client(registry: Registry) -> None:
    await registry.create(PODS, "default", pod("x"), by("kubectl-run"))
    system = registry.writing_as("kubelet")
    after = await system.update(PODS, "default", "x", running, "status")
    assert owners(after)["kubelet"]["fieldsV1"] == {"f:status": {"f:phase": {}}}
    assert owners(after)["kubelet"]["subresource"] == "status"


async def test_what_the_system_changes_it_takes_from_an_applier(registry: Registry) -> None:
    await registry.apply(DEPLOYMENTS, "default", "x", deployment(replicas=1), "", by("me"))

    def scale(obj: Object) -> Object:
        obj["spec"]["replicas"] = 5
        return obj

    await registry.writing_as("hpa").update(DEPLOYMENTS, "default", "x", scale)
    with pytest.raises(ApiError, match='conflict with "hpa"'):
        await registry.apply(DEPLOYMENTS, "default", "x", deployment(replicas=1), "", by("me"))
    after, _ = await registry.apply(DEPLOYMENTS, "default", "x", deployment(), "", by("me"))
    assert after.object["spec"]["replicas"] == 5


async def test_an_unnamed_writer_leaves_the_entries(registry: Registry) -> None:
    made = await registry.create(CONFIGMAPS, "default", configmap("x", a="1"), by("me"))

    def change(obj: Object) -> Object:
        return {**obj, "data": {"a": "2"}}

    after = await registry.update(CONFIGMAPS, "default", "x", change)
    assert owners(after) == owners(made)


async def test_the_time_of_an_entry_is_that_of_its_last_change(
    registry: Registry, clock: ManualClock
) -> None:
    await registry.create(CONFIGMAPS, "default", configmap("x", a="1"), by("me"))
    clock.move(60)
    same = await registry.update(CONFIGMAPS, "default", "x", lambda obj: obj, options=by("me"))
    assert owners(same)["me"]["time"] == "2026-01-01T12:00:00Z"

    def change(obj: Object) -> Object:
        return {**obj, "data": {"b": "2"}}

    after = await registry.update(CONFIGMAPS, "default", "x", change, options=by("me"))
    assert owners(after)["me"]["time"] == "2026-01-01T12:01:00Z"
    assert owners(after)["me"]["fieldsV1"] == {"f:data": {".": {}, "f:b": {}}}
    clock.move(60)
    first, _ = await registry.apply(CONFIGMAPS, "default", "x", config(b="2"), "", by("a"))
    clock.move(60)
    second, _ = await registry.apply(CONFIGMAPS, "default", "x", config(b="2"), "", by("a"))
    assert owners(second)["a"]["time"] == "2026-01-01T12:02:00Z"
    assert second.revision == first.revision


async def test_what_the_client_side_applier_set_is_no_conflict_for_kubectl(
    registry: Registry,
) -> None:
    applied = json.dumps(config(a="1", b="1"))
    obj = configmap("x", a="1", b="1")
    obj["metadata"]["annotations"] = {ANNOTATION: applied}
    await registry.create(CONFIGMAPS, "default", obj, by("kubectl-client-side-apply"))
    with pytest.raises(ApiError, match="conflict with"):
        await registry.apply(CONFIGMAPS, "default", "x", config(a="2"), "", by("other"))
    after, _ = await registry.apply(CONFIGMAPS, "default", "x", config(a="2"), "", by("kubectl"))
    assert after.object["data"] == {"a": "2", "b": "1"}
    annotation = json.loads(after.object["metadata"]["annotations"][ANNOTATION])
    assert annotation["data"] == {"a": "2"}


async def test_what_somebody_changed_after_client_side_apply_is_a_conflict(
    registry: Registry,
) -> None:
    obj = configmap("x", a="1", b="1")
    obj["metadata"]["annotations"] = {ANNOTATION: json.dumps(config(a="1", b="1"))}
    await registry.create(CONFIGMAPS, "default", obj, by("kubectl-client-side-apply"))

    def change(obj: Object) -> Object:
        return {**obj, "data": {"a": "5", "b": "1"}}

    await registry.update(CONFIGMAPS, "default", "x", change, options=by("kubectl-edit"))
    with pytest.raises(ApiError) as refusal:
        await registry.apply(CONFIGMAPS, "default", "x", config(a="2", b="2"), "", by("kubectl"))
    assert refusal.value.message == (
        'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.a'
    )


@pytest.mark.parametrize("text", ["{", "[]", '{"data": 1}', '{"data": {"a": 1}}', "[" * 5000])
async def test_a_broken_annotation_excuses_nothing(registry: Registry, text: str) -> None:
    obj = configmap("x", a="1")
    obj["metadata"]["annotations"] = {ANNOTATION: text}
    await registry.create(CONFIGMAPS, "default", obj, by("me"))
    with pytest.raises(ApiError, match="conflict with"):
        await registry.apply(CONFIGMAPS, "default", "x", config(a="2"), "", by("kubectl"))


async def test_creating_by_apply_asks_whether_that_is_allowed(registry: Registry) -> None:
    def refuse() -> None:
        raise ApiError(403, "Forbidden", "no")

    with pytest.raises(ApiError, match="no"):
        await registry.apply(
            CONFIGMAPS, "default", "x", config(a="1"), "", by("me"), may_create=refuse
        )
    await registry.create(CONFIGMAPS, "default", configmap("x"), by("me"))
    _, created = await registry.apply(
        CONFIGMAPS, "default", "x", config(a="1"), "", by("me"), may_create=refuse
    )
    assert not created


async def test_no_more_than_ten_updaters_are_kept(registry: Registry, clock: ManualClock) -> None:
    await registry.create(CONFIGMAPS, "default", configmap("x"), by("m0"))
    for number in range(14):

        def change(obj: Object, number: int = number) -> Object:
            return {**obj, "data": {**obj.get("data", {}), str(number): "x"}}

        clock.move(60)
        after = await registry.update(
            CONFIGMAPS, "default", "x", change, options=by(f"m{number + 1}")
        )
    assert len(owners(after)) == 10
    assert "ancient-changes" in owners(after)
    assert "m14" in owners(after)


async def test_a_subresource_cannot_rewrite_the_entries(registry: Registry) -> None:
    made = await registry.create(PODS, "default", pod("x"), by("me"))

    def change(obj: Object) -> Object:
        return running({**obj, "metadata": {**obj["metadata"], "managedFields": []}})

    after = await registry.update(PODS, "default", "x", change, "status", by("other"))
    assert owners(after)["me"] == owners(made)["me"]
    assert set(owners(after)) == {"me", "other"}


async def test_a_struct_no_longer_stated_goes_with_its_defaults(registry: Registry) -> None:
    rolling = deployment(strategy={"rollingUpdate": {"maxSurge": 1}})
    made, _ = await registry.apply(DEPLOYMENTS, "default", "x", rolling, "", by("me"))
    assert made.object["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == "25%"
    recreated = deployment(strategy={"type": "Recreate"})
    after, _ = await registry.apply(DEPLOYMENTS, "default", "x", recreated, "", by("me"))
    assert after.object["spec"]["strategy"] == {"type": "Recreate"}
