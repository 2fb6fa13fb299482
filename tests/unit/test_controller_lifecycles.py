"""Garbage, namespaces, service accounts and pods of lost nodes, on the real registry."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from minikube8s.api.resources import (
    CONFIGMAPS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICASETS,
    SERVICEACCOUNTS,
)
from minikube8s.controllers import Controllers, Trust
from minikube8s.registry import DeleteOptions
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.objects import template

Scenario = Callable[[LiveCluster], Awaitable[None]]
CONTAINERS = {"containers": [{"name": "c", "image": "nginx"}]}


@asynccontextmanager
async def controlled(cluster: LiveCluster):  # type: ignore[no-untyped-def]
    controllers = Controllers(cluster.registry, cluster.clock, Trust("CERTIFICATE"))
    task = asyncio.ensure_future(controllers.run())
    try:
        yield
    finally:
        await controllers.close()
        task.cancel()


def play(scenario: Scenario) -> None:
    async def main() -> None:
        async with live_cluster() as cluster, controlled(cluster):
            await scenario(cluster)

    virtualtime.run(main())


def reference(entry: Any, *, block: bool = False) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": entry.name,
        "uid": entry.uid,
        "blockOwnerDeletion": block,
    }


async def make(cluster: LiveCluster, name: str, *owners: Any) -> Any:
    return await cluster.create(CONFIGMAPS, name, metadata={"ownerReferences": list(owners)})


async def quiet(cluster: LiveCluster) -> list[str]:
    await asyncio.sleep(5)
    return [name for name in cluster.names(CONFIGMAPS) if name != "kube-root-ca.crt"]


def test_dependents_go_with_their_owner_all_the_way_down() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        top = await make(cluster, "top")
        middle = await make(cluster, "middle", reference(top))
        await make(cluster, "bottom", reference(middle))
        assert await quiet(cluster) == ["bottom", "middle", "top"]
        await cluster.delete(CONFIGMAPS, "top")
        assert await quiet(cluster) == []

    play(scenario)


def test_an_object_whose_owner_never_existed_is_collected() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        other = await make(cluster, "other")
        await make(cluster, "lost", {**reference(other), "uid": "of-nobody"})
        assert await quiet(cluster) == ["other"]

    play(scenario)


def test_an_object_stays_while_one_owner_is_left_and_forgets_the_others() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        one, two = await make(cluster, "one"), await make(cluster, "two")
        await make(cluster, "shared", reference(one), reference(two))
        await cluster.delete(CONFIGMAPS, "one")
        assert await quiet(cluster) == ["shared", "two"]
        shared = cluster.registry.get(CONFIGMAPS, "default", "shared").object
        assert [owner["name"] for owner in shared["metadata"]["ownerReferences"]] == ["two"]

    play(scenario)


def test_orphans_stay_and_forget_their_owner() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        top = await make(cluster, "top")
        await make(cluster, "child", reference(top))
        await cluster.delete(CONFIGMAPS, "top", propagation="Orphan")
        assert await quiet(cluster) == ["child"]
        child = cluster.registry.get(CONFIGMAPS, "default", "child").object
        assert "ownerReferences" not in child["metadata"]

    play(scenario)


@pytest.mark.parametrize(
    ("finalizer", "left"), [("orphan", ["bottom"]), ("foregroundDeletion", ["bottom", "middle"])]
)
def test_what_is_collected_goes_as_its_own_finalizer_says(finalizer: str, left: list[str]) -> None:
    async def scenario(cluster: LiveCluster) -> None:
        top = await make(cluster, "top")
        metadata = {"ownerReferences": [reference(top)], "finalizers": [finalizer]}
        middle = await cluster.create(CONFIGMAPS, "middle", metadata=metadata)
        held = {"ownerReferences": [reference(middle, block=True)], "finalizers": ["test/hold"]}
        await cluster.create(CONFIGMAPS, "bottom", metadata=held)
        await cluster.delete(CONFIGMAPS, "top")
        assert await quiet(cluster) == left
        bottom = cluster.registry.get(CONFIGMAPS, "default", "bottom").object
        assert ("deletionTimestamp" in bottom["metadata"]) is ("middle" in left)

    play(scenario)


def test_a_foreground_deletion_waits_for_the_dependents_that_block_it() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        top = await make(cluster, "top")
        finalizers = {"finalizers": ["test/hold"]}
        metadata = {"ownerReferences": [reference(top, block=True)], **finalizers}
        await cluster.create(CONFIGMAPS, "held", metadata=metadata)
        await cluster.delete(CONFIGMAPS, "top", propagation="Foreground")
        assert await quiet(cluster) == ["held", "top"]
        held = cluster.registry.get(CONFIGMAPS, "default", "held").object
        assert "deletionTimestamp" in held["metadata"]
        await cluster.change(CONFIGMAPS, "held", lambda one: one["metadata"].pop("finalizers"))
        assert await quiet(cluster) == []

    play(scenario)


def test_a_replicasets_pods_go_with_it_and_a_released_one_stays() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        selector = {"matchLabels": {"app": "web"}}
        spec = {"replicas": 3, "selector": selector, "template": template()}
        await cluster.create(PODS, "mine", metadata={"labels": {"app": "web"}}, spec=CONTAINERS)
        await cluster.create(REPLICASETS, "web", spec=spec)
        await asyncio.sleep(1)
        assert len(cluster.names(PODS)) == 3, "the pod that was there first was adopted"
        await cluster.delete(PODS, "mine")
        await asyncio.sleep(1)
        assert len(cluster.names(PODS)) == 3, "a deleted pod is replaced"
        assert "mine" not in cluster.names(PODS)
        freed = cluster.names(PODS)[0]
        await cluster.change(PODS, freed, lambda pod: pod["metadata"].pop("labels"))
        await asyncio.sleep(1)
        assert len(cluster.names(PODS)) == 4, "a pod that lost its label is released and replaced"
        await cluster.delete(REPLICASETS, "web")
        await asyncio.sleep(1)
        assert cluster.names(PODS) == [freed]

    play(scenario)


def test_a_namespace_goes_after_its_content() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        registry = cluster.registry
        await cluster.create(NAMESPACES, "team")
        await asyncio.sleep(1)
        assert registry.count(SERVICEACCOUNTS, "team") == 1
        held = {"metadata": {"name": "held", "finalizers": ["test/hold"]}}
        await registry.create(CONFIGMAPS, "team", held)
        await cluster.delete(NAMESPACES, "team")
        await asyncio.sleep(5)
        namespace = registry.get(NAMESPACES, None, "team").object
        assert namespace["status"]["phase"] == "Terminating"
        told = {one["type"]: one for one in namespace["status"]["conditions"]}
        assert {name: one["status"] for name, one in told.items()} == {
            "NamespaceDeletionDiscoveryFailure": "False",
            "NamespaceDeletionGroupVersionParsingFailure": "False",
            "NamespaceDeletionContentFailure": "False",
            "NamespaceContentRemaining": "True",
            "NamespaceFinalizersRemaining": "True",
        }
        assert told["NamespaceContentRemaining"]["message"] == (
            "Some resources are remaining: configmaps. has 1 resource instances"
        )
        assert told["NamespaceFinalizersRemaining"]["message"] == (
            "Some content in the namespace has finalizers remaining: test/hold in 1 resource"
            " instances"
        )
        assert [entry.name for entry in registry.list(CONFIGMAPS, "team")] == ["held"]

        def release(obj: dict[str, Any]) -> dict[str, Any]:
            del obj["metadata"]["finalizers"]
            return obj

        await registry.update(CONFIGMAPS, "team", "held", release)
        await asyncio.sleep(5)
        assert [entry.name for entry in registry.list(NAMESPACES)] == ["default"]
        assert all(entry.namespace != "team" for entry in cluster.cache.list(""))

    play(scenario)


def test_every_namespace_keeps_its_default_account_and_root_certificate() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await asyncio.sleep(1)
        await cluster.delete(SERVICEACCOUNTS, "default")
        await cluster.change(
            CONFIGMAPS, "kube-root-ca.crt", lambda one: one.update(data={"ca.crt": "x", "y": "z"})
        )
        await asyncio.sleep(1)
        assert cluster.names(SERVICEACCOUNTS) == ["default"]
        (certificate,) = cluster.objects(CONFIGMAPS)
        assert certificate["data"] == {"ca.crt": "CERTIFICATE"}

    play(scenario)


@pytest.mark.parametrize(("absence", "survives"), [(30, True), (50, False)])
def test_pods_of_a_lost_node_go_when_it_does_not_come_back(absence: int, survives: bool) -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.add_node("n1")
        await cluster.create(PODS, "p", spec={**CONTAINERS, "nodeName": "n1"})
        await asyncio.sleep(1)
        await cluster.delete(NODES, "n1")
        await asyncio.sleep(absence)
        await cluster.add_node("n1")
        await asyncio.sleep(60)
        assert cluster.names(PODS) == (["p"] if survives else [])

    play(scenario)


def test_in_a_namespace_that_ends_pods_go_before_what_they_need() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        registry = cluster.registry
        await cluster.create(NAMESPACES, "team")
        await asyncio.sleep(1)
        await registry.create(CONFIGMAPS, "team", {"metadata": {"name": "needed"}})
        await cluster.add_node("n")
        body = {"metadata": {"name": "p"}, "spec": {**CONTAINERS, "nodeName": "n"}}
        await registry.create(PODS, "team", body)
        await cluster.delete(NAMESPACES, "team")
        await asyncio.sleep(5)
        assert registry.count(PODS, "team") == 1
        assert registry.get(CONFIGMAPS, "team", "needed")
        await registry.delete(PODS, "team", "p", DeleteOptions(grace_period_seconds=0))
        await asyncio.sleep(5)
        assert [entry.name for entry in registry.list(NAMESPACES)] == ["default"]

    play(scenario)


def test_an_owner_in_another_namespace_is_told_and_does_not_hold_its_dependent() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await cluster.create(NAMESPACES, "team")
        await asyncio.sleep(1)
        owner = await cluster.registry.create(CONFIGMAPS, "team", {"metadata": {"name": "o"}})
        await make(cluster, "stray", reference(owner))
        await asyncio.sleep(5)
        assert "stray" not in cluster.names(CONFIGMAPS)
        assert cluster.events("OwnerRefInvalidNamespace") == [
            f"ownerRef [v1/ConfigMap, namespace: default, name: o, uid: {owner.uid}] does not"
            ' exist in namespace "default"'
        ]

    play(scenario)


def test_an_object_without_namespace_is_not_collected_for_an_owner_with_one() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        owner = await make(cluster, "o")
        await cluster.create(NODES, "n", metadata={"ownerReferences": [reference(owner)]})
        await cluster.delete(CONFIGMAPS, "o")
        await asyncio.sleep(5)
        assert [one["metadata"]["name"] for one in cluster.objects(NODES, None)] == ["n"]
        (told, *_) = cluster.events("OwnerRefInvalidNamespace")
        assert told.endswith('does not exist in namespace ""')

    play(scenario)
