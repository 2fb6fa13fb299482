"""Creating and updating objects through the registry."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from minikube8s.api.errors import ApiError, bad_request
from minikube8s.api.resources import CONFIGMAPS, DEPLOYMENTS, NAMESPACES, NODES, PODS
from minikube8s.registry import Registry, WriteOptions
from minikube8s.registry.storing import OBJECT_BYTES
from tests.support.registries import ManualClock, a_registry, configmap, pod

DEADLINE = 10.0


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with a_registry() as made:
        yield made


async def refused(work: Any, code: int) -> ApiError:
    with pytest.raises(ApiError) as refusal:
        await work
    assert refusal.value.code == code, refusal.value.message
    return refusal.value


def labelled(obj: dict[str, Any]) -> dict[str, Any]:
    obj["metadata"]["labels"] = {"a": "b"}
    return obj


async def test_a_new_object_gets_what_the_system_gives(registry: Registry) -> None:
    entry = await registry.create(PODS, "default", pod("x", uid="mine", generation=9))
    metadata = entry.object["metadata"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", metadata["uid"])
    assert metadata["creationTimestamp"] == "2026-01-01T12:00:00Z"
    assert metadata["namespace"] == "default"
    assert metadata["generation"] == 1
    assert metadata["resourceVersion"] == str(entry.revision)
    assert (entry.object["apiVersion"], entry.object["kind"]) == ("v1", "Pod")
    assert entry.object["spec"]["restartPolicy"] == "Always"
    assert entry.object["status"]["phase"] == "Pending"
    assert registry.get(PODS, "default", "x") is entry


async def test_creating_leaves_the_given_object_unchanged(registry: Registry) -> None:
    given = pod("x")
    await registry.create(PODS, "default", given)
    assert given == pod("x")


async def test_creating_twice_is_refused(registry: Registry) -> None:
    await registry.create(CONFIGMAPS, "default", configmap("x"))
    error = await refused(registry.create(CONFIGMAPS, "default", configmap("x")), 409)
    assert (error.reason, error.message) == ("AlreadyExists", 'configmaps "x" already exists')


async def test_of_concurrent_creations_of_one_name_one_wins(registry: Registry) -> None:
    results = await asyncio.gather(
        *(registry.create(CONFIGMAPS, "default", configmap("x")) for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(not isinstance(result, ApiError) for result in results) == 1
    refusals = [result.reason for result in results if isinstance(result, ApiError)]
    assert refusals == ["AlreadyExists"] * 4


async def test_a_generated_name_is_unique_and_starts_as_asked(registry: Registry) -> None:
    obj = {"metadata": {"generateName": "web-"}}
    entries = await asyncio.gather(
        *(registry.create(CONFIGMAPS, "default", obj) for _ in range(20))
    )
    assert len({entry.name for entry in entries}) == 20
    assert all(re.fullmatch(r"web-[bcdfghjklmnpqrstvwxz2456789]{5}", e.name) for e in entries)


async def test_a_generated_name_that_is_taken_is_generated_anew(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    suffixes = iter(["aaaaa", "aaaaa", "bbbbb"])
    monkeypatch.setattr(registry, "_suffix", lambda: next(suffixes))
    obj = {"metadata": {"generateName": "web-"}}
    created = [await registry.create(CONFIGMAPS, "default", obj) for _ in range(2)]
    assert [entry.name for entry in created] == ["web-aaaaa", "web-bbbbb"]


async def test_a_name_is_required(registry: Registry) -> None:
    error = await refused(registry.create(CONFIGMAPS, "default", {"metadata": {}}), 422)
    assert "metadata.name: Required value: name or generateName is required" in error.message


async def test_an_invalid_object_is_refused_with_its_causes(registry: Registry) -> None:
    bad = pod("Not_A_Name")
    bad["spec"]["containers"] = []
    error = await refused(registry.create(PODS, "default", bad), 422)
    assert error.details is not None
    fields = {cause["field"] for cause in error.details["causes"]}
    assert fields >= {"metadata.name", "spec.containers"}


async def test_a_missing_namespace_is_named(registry: Registry) -> None:
    error = await refused(registry.create(PODS, "nowhere", pod()), 404)
    assert error.message == 'namespaces "nowhere" not found'


async def test_a_terminating_namespace_takes_nothing_new(registry: Registry) -> None:
    await registry.create(NAMESPACES, None, {"metadata": {"name": "team"}})
    await registry.delete(NAMESPACES, None, "team")
    error = await refused(registry.create(PODS, "team", pod()), 403)
    assert error.message == (
        'pods "x" is forbidden: unable to create new content in namespace team because it is being'
        " terminated"
    )
    assert error.details is not None
    assert error.details["causes"][0]["reason"] == "NamespaceTerminating"


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        ({"kind": "Secret", "metadata": {"name": "x"}}, "kind is 'Secret'"),
        ({"metadata": {"name": "x", "namespace": "other"}}, "does not match the namespace"),
        ({"metadata": {"name": "x", "resourceVersion": "1"}}, "should not be set"),
    ],
)
async def test_an_object_that_contradicts_the_request_is_refused(
    registry: Registry, obj: dict[str, Any], message: str
) -> None:
    error = await refused(registry.create(CONFIGMAPS, "default", obj), 400)
    assert message in error.message


async def test_too_large_an_object_is_refused(registry: Registry) -> None:
    node = {"metadata": {"name": "n", "annotations": {}}, "status": {"x": "y" * OBJECT_BYTES}}
    await refused(registry.create(NODES, None, node), 413)


async def test_a_dry_run_shows_the_result_and_stores_nothing(registry: Registry) -> None:
    before = registry.revision
    entry = await registry.create(PODS, "default", pod(), WriteOptions(dry_run=True))
    assert entry.object["metadata"]["uid"]
    assert "resourceVersion" not in entry.object["metadata"]
    assert registry.revision == before
    await refused(_async(lambda: registry.get(PODS, "default", "x")), 404)


async def _async(work: Any) -> Any:
    return work()


async def test_an_update_replaces_and_keeps_what_is_fixed(registry: Registry) -> None:
    created = await registry.create(PODS, "default", pod())

    def tamper(obj: dict[str, Any]) -> dict[str, Any]:
        obj["metadata"].update(creationTimestamp="1999-01-01T00:00:00Z", generation=77)
        obj["metadata"]["deletionTimestamp"] = "1999-01-01T00:00:00Z"
        return labelled(obj)

    entry = await registry.update(PODS, "default", "x", tamper)
    expected = {**created.object["metadata"], "labels": {"a": "b"}}
    expected["resourceVersion"] = str(entry.revision)
    assert entry.object["metadata"] == expected


async def test_an_update_without_change_is_not_stored(registry: Registry) -> None:
    created = await registry.create(PODS, "default", pod())
    watch = registry.watch(PODS)
    assert await registry.update(PODS, "default", "x", lambda obj: obj) is created
    assert registry.revision == created.revision
    assert await watch.batch(0) == []


async def test_an_update_may_leave_out_what_identifies_the_object(registry: Registry) -> None:
    await registry.create(CONFIGMAPS, "default", configmap("x", a="1"))
    entry = await registry.update(
        CONFIGMAPS, "default", "x", lambda _: {"metadata": {"name": "x"}, "data": {"a": "2"}}
    )
    assert entry.object["data"] == {"a": "2"}
    assert entry.uid


async def test_updating_what_is_not_there_is_refused(registry: Registry) -> None:
    error = await refused(registry.update(PODS, "default", "x", labelled), 404)
    assert error.message == 'pods "x" not found'


async def test_an_update_of_an_older_version_is_a_conflict(registry: Registry) -> None:
    old = (await registry.create(CONFIGMAPS, "default", configmap())).object
    await registry.update(CONFIGMAPS, "default", "x", labelled)
    error = await refused(
        registry.update(CONFIGMAPS, "default", "x", lambda _: {**old, "data": {"a": "1"}}), 409
    )
    assert error.message == (
        'Operation cannot be fulfilled on configmaps "x": the object has been modified; please'
        " apply your changes to the latest version and try again"
    )


async def test_an_update_meant_for_another_uid_is_a_conflict(registry: Registry) -> None:
    await registry.create(CONFIGMAPS, "default", configmap())
    new = {"metadata": {"name": "x", "uid": "other"}}
    error = await refused(registry.update(CONFIGMAPS, "default", "x", lambda _: new), 409)
    assert "UID in precondition: other" in error.message


async def test_updates_that_race_are_all_made(registry: Registry) -> None:
    await registry.create(CONFIGMAPS, "default", configmap("x", n="0"))

    def count(obj: dict[str, Any]) -> dict[str, Any]:
        obj["data"]["n"] = str(int(obj["data"]["n"]) + 1)
        return obj

    async with asyncio.timeout(DEADLINE):
        await asyncio.gather(
            *(registry.update(CONFIGMAPS, "default", "x", count) for _ in range(20))
        )
    assert registry.get(CONFIGMAPS, "default", "x").object["data"]["n"] == "20"


async def test_an_error_of_the_change_reaches_the_caller(registry: Registry) -> None:
    await registry.create(PODS, "default", pod())

    def fail(_: dict[str, Any]) -> dict[str, Any]:
        raise bad_request("no")

    await refused(registry.update(PODS, "default", "x", fail), 400)


async def test_status_and_spec_are_written_through_their_own_endpoints(
    registry: Registry,
) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    await registry.create(DEPLOYMENTS, "default", {"metadata": {"name": "d"}, "spec": spec})

    def both(obj: dict[str, Any]) -> dict[str, Any]:
        obj["spec"]["replicas"] = 5
        obj["status"] = {"replicas": 5}
        return obj

    status = await registry.update(DEPLOYMENTS, "default", "d", both, "status")
    assert status.object["spec"]["replicas"] == 1
    assert status.object["status"]["replicas"] == 5
    assert status.object["metadata"]["generation"] == 1
    main = await registry.update(
        DEPLOYMENTS, "default", "d", lambda obj: {**both(obj), "status": {}}
    )
    assert main.object["spec"]["replicas"] == 5
    assert main.object["status"]["replicas"] == 5
    assert main.object["metadata"]["generation"] == 2


async def test_the_same_step_lists_and_watches_without_gap(registry: Registry) -> None:
    await registry.create(PODS, "default", pod("a"))
    listed, watch = registry.list(PODS, "default"), registry.watch(PODS, "default")
    await registry.create(PODS, "default", pod("b"))
    await registry.create(PODS, "kube-system", pod("c"))
    assert [entry.name for entry in listed] == ["a"]
    assert [event.entry.name for event in await watch.batch(DEADLINE)] == ["b"]


async def test_one_object_can_be_watched_by_name(registry: Registry) -> None:
    watch = registry.watch(PODS, "default", name="a")
    for name in ("a", "aa", "b"):
        await registry.create(PODS, "default", pod(name))
    assert [event.entry.name for event in await watch.batch(DEADLINE)] == ["a"]


async def test_creation_takes_the_clocks_time() -> None:
    clock = ManualClock()
    async with a_registry(clock) as registry:
        clock.move(90)
        entry = await registry.create(CONFIGMAPS, "default", configmap())
        assert entry.object["metadata"]["creationTimestamp"] == "2026-01-01T12:01:30Z"


async def test_null_means_absent(registry: Registry) -> None:
    obj = {"metadata": {"name": "x", "creationTimestamp": None, "labels": None}, "data": None}
    entry = await registry.create(CONFIGMAPS, "default", obj)
    assert "data" not in entry.object
    assert "labels" not in entry.object["metadata"]
    updated = await registry.update(
        CONFIGMAPS, "default", "x", lambda current: {**current, "data": {"a": None, "b": "1"}}
    )
    assert updated.object["data"] == {"b": "1"}
