"""Deleting objects: at once, gracefully, with finalizers; namespaces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import CONFIGMAPS, JOBS, NAMESPACES, PODS
from minikube8s.registry import DeleteOptions, Registry
from tests.support.registries import ManualClock, a_registry, configmap, pod


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def registry(clock: ManualClock) -> AsyncIterator[Registry]:
    async with a_registry(clock) as made:
        yield made


async def refused(work: Any, code: int) -> ApiError:
    with pytest.raises(ApiError) as refusal:
        await work
    assert refusal.value.code == code, refusal.value.message
    return refusal.value


async def a_bound_pod(registry: Registry, name: str = "x", **metadata: Any) -> None:
    obj = pod(name, **metadata)
    obj["spec"]["nodeName"] = "node1"
    await registry.create(PODS, "default", obj)


def deletion(registry: Registry) -> tuple[str | None, int | None]:
    metadata = registry.get(PODS, "default", "x").object["metadata"]
    return metadata.get("deletionTimestamp"), metadata.get("deletionGracePeriodSeconds")


async def delete_pod(registry: Registry, **options: Any) -> bool:
    _, gone = await registry.delete(PODS, "default", "x", DeleteOptions(**options))
    return gone


async def test_an_ordinary_object_goes_at_once(registry: Registry) -> None:
    await registry.create(CONFIGMAPS, "default", configmap())
    entry, gone = await registry.delete(CONFIGMAPS, "default", "x")
    assert gone
    assert entry.name == "x"
    assert registry.count(CONFIGMAPS) == 0


async def test_deleting_what_is_not_there_is_refused(registry: Registry) -> None:
    error = await refused(registry.delete(CONFIGMAPS, "default", "x"), 404)
    assert error.message == 'configmaps "x" not found'


async def test_a_pod_without_a_node_goes_at_once(registry: Registry) -> None:
    await registry.create(PODS, "default", pod())
    assert await delete_pod(registry)


async def test_a_finished_pod_goes_at_once(registry: Registry) -> None:
    await a_bound_pod(registry)
    await registry.update(
        PODS, "default", "x", lambda obj: {**obj, "status": {"phase": "Succeeded"}}, "status"
    )
    assert await delete_pod(registry)


async def test_a_pod_on_a_node_gets_its_grace_period(registry: Registry) -> None:
    await a_bound_pod(registry)
    assert not await delete_pod(registry)
    assert deletion(registry) == ("2026-01-01T12:00:30Z", 30)


async def test_the_last_word_of_the_node_removes_the_pod(registry: Registry) -> None:
    await a_bound_pod(registry)
    await delete_pod(registry)
    assert await delete_pod(registry, grace_period_seconds=0)
    assert registry.count(PODS) == 0


async def test_a_forced_deletion_removes_the_pod_at_once(registry: Registry) -> None:
    await a_bound_pod(registry)
    watch = registry.watch(PODS)
    assert await delete_pod(registry, grace_period_seconds=0)
    (event,) = await watch.batch(1)
    assert event.type == "DELETED"
    assert event.entry.object["metadata"]["deletionGracePeriodSeconds"] == 0


async def test_a_second_deletion_may_only_shorten_the_grace_period(
    registry: Registry, clock: ManualClock
) -> None:
    await a_bound_pod(registry)
    await delete_pod(registry)
    clock.move(5)
    for longer in (None, 30, 60):
        before = registry.revision
        assert not await delete_pod(registry, grace_period_seconds=longer)
        assert registry.revision == before
    assert not await delete_pod(registry, grace_period_seconds=10)
    assert deletion(registry) == ("2026-01-01T12:00:10Z", 10)


async def test_a_negative_grace_period_still_asks_the_node(registry: Registry) -> None:
    await a_bound_pod(registry)
    assert not await delete_pod(registry, grace_period_seconds=-5)
    assert deletion(registry)[1] == 1


async def test_a_grace_period_beyond_all_calendars_is_cut(registry: Registry) -> None:
    await a_bound_pod(registry)
    assert not await delete_pod(registry, grace_period_seconds=2**62)
    assert deletion(registry) == ("2094-01-19T15:14:07Z", 2**31 - 1)


async def test_an_object_with_finalizers_waits_for_them(registry: Registry) -> None:
    obj = configmap()
    obj["metadata"]["finalizers"] = ["example.com/a", "example.com/b"]
    await registry.create(CONFIGMAPS, "default", obj)
    entry, gone = await registry.delete(CONFIGMAPS, "default", "x")
    assert not gone
    assert entry.object["metadata"]["deletionTimestamp"] == "2026-01-01T12:00:00Z"
    before = registry.revision
    await registry.delete(CONFIGMAPS, "default", "x")
    assert registry.revision == before

    def without(*finalizers: str) -> Any:
        def change(obj: dict[str, Any]) -> dict[str, Any]:
            obj["metadata"]["finalizers"] = list(finalizers)
            return obj

        return change

    await registry.update(CONFIGMAPS, "default", "x", without("example.com/b"))
    error = await refused(
        registry.update(CONFIGMAPS, "default", "x", without("example.com/b", "example.com/c")), 422
    )
    assert "no new finalizers can be added if the object is being deleted" in error.message
    watch = registry.watch(CONFIGMAPS)
    await registry.update(CONFIGMAPS, "default", "x", without())
    assert [event.type for event in await watch.batch(1)] == ["DELETED"]
    assert registry.count(CONFIGMAPS) == 0


async def test_a_pod_waits_for_its_node_and_its_finalizers(registry: Registry) -> None:
    await a_bound_pod(registry, finalizers=["example.com/a"])
    await delete_pod(registry)
    assert not await delete_pod(registry, grace_period_seconds=0)

    def change(obj: dict[str, Any]) -> dict[str, Any]:
        del obj["metadata"]["finalizers"]
        return obj

    await registry.update(PODS, "default", "x", change)
    assert registry.count(PODS) == 0


async def test_a_pod_that_loses_its_finalizers_first_still_waits_for_its_node(
    registry: Registry,
) -> None:
    await a_bound_pod(registry, finalizers=["example.com/a"])
    await delete_pod(registry)

    def change(obj: dict[str, Any]) -> dict[str, Any]:
        del obj["metadata"]["finalizers"]
        return obj

    await registry.update(PODS, "default", "x", change)
    assert deletion(registry)[1] == 30
    assert await delete_pod(registry, grace_period_seconds=0)


@pytest.mark.parametrize(
    ("propagation", "finalizers"),
    [
        ("Orphan", ["example.com/a", "orphan"]),
        ("Foreground", ["example.com/a", "foregroundDeletion"]),
        ("Background", ["example.com/a"]),
        (None, ["example.com/a", "orphan"]),
    ],
)
async def test_propagation_is_left_to_the_garbage_collector_as_a_finalizer(
    registry: Registry, propagation: Any, finalizers: list[str]
) -> None:
    obj = configmap()
    obj["metadata"]["finalizers"] = ["example.com/a", "orphan"]
    await registry.create(CONFIGMAPS, "default", obj)
    options = DeleteOptions(propagation=propagation)
    entry, gone = await registry.delete(CONFIGMAPS, "default", "x", options)
    assert not gone
    assert entry.object["metadata"]["finalizers"] == finalizers


async def test_preconditions_must_hold(registry: Registry) -> None:
    entry = await registry.create(CONFIGMAPS, "default", configmap())
    for options in (DeleteOptions(uid="other"), DeleteOptions(resource_version="1")):
        error = await refused(registry.delete(CONFIGMAPS, "default", "x", options), 409)
        assert "in the precondition" in error.message
    exact = DeleteOptions(uid=entry.uid, resource_version=str(entry.revision))
    assert (await registry.delete(CONFIGMAPS, "default", "x", exact))[1]


async def test_a_dry_run_deletes_nothing(registry: Registry) -> None:
    await registry.create(CONFIGMAPS, "default", configmap())
    before = registry.revision
    await registry.delete(CONFIGMAPS, "default", "x", DeleteOptions(dry_run=True))
    assert registry.revision == before


async def test_a_namespace_terminates_until_its_content_is_gone(registry: Registry) -> None:
    await registry.create(NAMESPACES, None, {"metadata": {"name": "team"}})
    entry, gone = await registry.delete(NAMESPACES, None, "team")
    assert not gone
    assert entry.object["status"]["phase"] == "Terminating"
    error = await refused(registry.delete(NAMESPACES, None, "team"), 409)
    assert "The system is ensuring all content is removed" in error.message
    await registry.update(
        NAMESPACES, None, "team", lambda obj: {**obj, "spec": {"finalizers": []}}, "finalize"
    )
    await refused(registry.delete(NAMESPACES, None, "team"), 404)


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
async def test_the_systems_namespaces_stay(registry: Registry, name: str) -> None:
    error = await refused(registry.delete(NAMESPACES, None, name), 403)
    assert error.message == f'namespaces "{name}" is forbidden: this namespace may not be deleted'


async def test_a_collection_is_deleted_as_far_as_it_matches(registry: Registry) -> None:
    for n in range(100):
        await registry.create(CONFIGMAPS, "default", configmap(f"c{n}"))
    await registry.create(CONFIGMAPS, "kube-system", configmap("c1"))
    deleted = await registry.delete_collection(
        CONFIGMAPS, "default", lambda entry: entry.name != "c7"
    )
    assert len(deleted) == 99
    assert [entry.key for entry in registry.list(CONFIGMAPS)] == [
        "configmaps/default/c7",
        "configmaps/kube-system/c1",
    ]


async def test_another_deletion_may_change_what_becomes_of_the_dependents(
    registry: Registry,
) -> None:
    await registry.create(CONFIGMAPS, "default", configmap())

    async def finalizers(**options: Any) -> list[str]:
        entry, _ = await registry.delete(CONFIGMAPS, "default", "x", DeleteOptions(**options))
        found: list[str] = entry.object["metadata"]["finalizers"]
        return found

    assert await finalizers(propagation="Foreground") == ["foregroundDeletion"]
    assert await finalizers() == ["foregroundDeletion"]
    assert await finalizers(propagation="Orphan") == ["orphan"]


async def test_jobs_leave_their_pods_behind_unless_told_otherwise(registry: Registry) -> None:
    template = {"spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}}
    for name in ("a", "b"):
        job = {"metadata": {"name": name}, "spec": {"template": template}}
        await registry.create(JOBS, "default", job)
    entry, gone = await registry.delete(JOBS, "default", "a")
    assert (entry.object["metadata"]["finalizers"], gone) == (["orphan"], False)
    _, gone = await registry.delete(JOBS, "default", "b", DeleteOptions(propagation="Background"))
    assert gone


async def test_a_deletion_of_another_object_of_that_name_is_refused_in_kubernetes_words(
    registry: Registry,
) -> None:
    entry = await registry.create(CONFIGMAPS, "default", configmap())
    options = DeleteOptions(uid="other")
    error = await refused(registry.delete(CONFIGMAPS, "default", "x", options), 409)
    assert error.message == (
        'Operation cannot be fulfilled on ConfigMap "x": the UID in the precondition (other) does'
        f" not match the UID in record ({entry.uid}). The object might have been deleted and then"
        " recreated"
    )


async def test_finalizers_are_not_added_to_what_is_being_deleted(registry: Registry) -> None:
    await registry.create(CONFIGMAPS, "default", {"metadata": {"name": "x", "finalizers": ["a/b"]}})
    await registry.delete(CONFIGMAPS, "default", "x")

    def more(obj: dict[str, Any]) -> dict[str, Any]:
        obj["metadata"]["finalizers"].append("c/d")
        return obj

    error = await refused(registry.update(CONFIGMAPS, "default", "x", more), 422)
    assert error.message == (
        'ConfigMap "x" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added'
        ' if the object is being deleted, found new finalizers []string{"c/d"}'
    )
