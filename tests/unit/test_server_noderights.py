"""What a node may do with what is its own, and that everything else is out of its reach."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.rbac import Ask
from minikube8s.api.resources import NODES, PODS
from minikube8s.registry import DeleteOptions, Registry, policy
from minikube8s.server import noderights
from minikube8s.server.authn import User
from minikube8s.server.authz import Authorizer, asks_of
from minikube8s.server.paths import parse
from tests.support.registries import a_registry

ONE = User("system:node:one", ("system:nodes", "system:authenticated"))
PODS_OF_ALL = "/api/v1/pods"
PLACE = "/api/v1/namespaces/default/pods"


@pytest.fixture
async def cluster() -> AsyncIterator[Registry]:
    """Two nodes with a pod each, a pod that waits, and the roles that every cluster has."""
    async with a_registry() as registry:
        await policy.ensure(registry)
        for name in ("one", "two"):
            await registry.create(NODES, None, {"metadata": {"name": name}})
            await registry.create(PODS, "default", pod(f"on-{name}", name))
        await registry.create(PODS, "default", pod("waits"))
        yield registry


def pod(name: str, node: str = "") -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [{"name": "c", "image": "i"}]}
    return {"metadata": {"name": name}, "spec": spec | ({"nodeName": node} if node else {})}


def may(registry: Registry, user: User, verb: str, path: str, fields: str = "") -> bool:
    parsed = parse(path)
    assert parsed is not None
    authorizer = Authorizer(registry)
    return all(authorizer.decide(user, ask).allowed for ask in asks_of(verb, parsed, fields))


@pytest.mark.parametrize(
    ("verb", "path", "fields"),
    [
        ("get", "/api/v1/nodes/one", ""),
        ("list", "/api/v1/nodes", "metadata.name=one"),
        ("watch", "/api/v1/nodes", "metadata.name=one"),
        ("patch", "/api/v1/nodes/one", ""),
        ("delete", "/api/v1/nodes/one", ""),
        ("get", f"{PLACE}/on-one", ""),
        ("delete", f"{PLACE}/on-one", ""),
        ("create", f"{PLACE}/on-one/eviction", ""),
        ("delete", f"{PLACE}/gone-meanwhile", ""),
        ("create", f"{PLACE}/gone-meanwhile/eviction", ""),
        ("list", PODS_OF_ALL, "spec.nodeName=one"),
        ("watch", PODS_OF_ALL, "spec.nodeName=one,status.phase!=Failed"),
        ("list", PLACE, "spec.nodeName=one"),
    ],
)
async def test_a_node_may_follow_close_and_leave_with_what_is_its_own(
    verb: str, path: str, fields: str, cluster: Registry
) -> None:
    assert may(cluster, ONE, verb, path, fields)


@pytest.mark.parametrize(
    ("verb", "path", "fields"),
    [
        ("patch", "/api/v1/nodes/two", ""),
        ("delete", "/api/v1/nodes/two", ""),
        ("update", "/api/v1/nodes/one", ""),
        ("patch", "/api/v1/nodes/one/status", ""),
        ("create", "/api/v1/nodes", ""),
        ("list", "/api/v1/nodes", ""),
        ("watch", "/api/v1/nodes", ""),
        ("watch", "/api/v1/nodes", "metadata.name=two"),
        ("watch", "/api/v1/nodes", "metadata.name!=one"),
        ("deletecollection", "/api/v1/nodes", ""),
        ("deletecollection", "/api/v1/nodes", "metadata.name=one"),
        ("get", "/api/v1/nodes/one/proxy", ""),
        ("get", f"{PLACE}/on-two", ""),
        ("delete", f"{PLACE}/on-two", ""),
        ("create", f"{PLACE}/on-two/eviction", ""),
        ("get", f"{PLACE}/waits", ""),
        ("delete", f"{PLACE}/waits", ""),
        ("get", f"{PLACE}/no-such", ""),
        ("patch", f"{PLACE}/on-one", ""),
        ("create", PLACE, ""),
        ("create", f"{PLACE}/on-one/exec", ""),
        ("get", f"{PLACE}/on-one/log", ""),
        ("list", PODS_OF_ALL, ""),
        ("list", PODS_OF_ALL, "spec.nodeName=two"),
        ("list", PODS_OF_ALL, "spec.nodeName!=one"),
        ("watch", PODS_OF_ALL, "spec.nodeName=one="),
        ("list", "/api/v1/secrets", "spec.nodeName=one"),
        ("deletecollection", PLACE, "spec.nodeName=one"),
        ("get", "/api/v1/namespaces/default/secrets/s", ""),
        ("delete", "/apis/apps/v1/namespaces/default/deployments/one", ""),
        ("get", "/apis/metrics.k8s.io/v1beta1/nodes/one", ""),
    ],
)
async def test_everything_else_is_out_of_a_nodes_reach(
    verb: str, path: str, fields: str, cluster: Registry
) -> None:
    assert not may(cluster, ONE, verb, path, fields)


@pytest.mark.parametrize(
    "user",
    [
        User("system:node:one", ("system:authenticated",)),
        User("one", ("system:nodes",)),
        User("system:node:", ("system:nodes",)),
        User("system:bootstrap:abcdef", ("system:bootstrappers",)),
    ],
)
async def test_who_is_no_node_has_none_of_a_nodes_rights(user: User, cluster: Registry) -> None:
    assert not may(cluster, user, "delete", "/api/v1/nodes/one")
    assert not may(cluster, user, "list", PODS_OF_ALL, "spec.nodeName=one")
    assert not may(cluster, user, "delete", f"{PLACE}/waits")


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({"spec": {"unschedulable": True}}, True),
        ({"spec": {"unschedulable": True, "taints": [{"key": "t", "effect": "NoExecute"}]}}, False),
        ({"spec": {"podCIDR": "10.0.0.0/8"}}, False),
        ({"metadata": {"name": "one", "labels": {"a": "b"}}}, False),
        ({"metadata": {"name": "one", "annotations": {"a": "b"}}}, False),
        ({"metadata": {"name": "one", "finalizers": ["a/b"]}}, False),
        ({"metadata": {"name": "one", "ownerReferences": [{"uid": "u"}]}}, False),
    ],
)
def test_of_its_node_a_node_changes_only_whether_it_takes_pods(
    change: dict[str, Any], allowed: bool
) -> None:
    closing = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    old = {"metadata": {"name": "one"}, "spec": {}}
    new: dict[str, Any] = {**copy.deepcopy(old), **change}
    if allowed:
        new["spec"]["taints"] = [closing]
    check = noderights.guard(ONE, "")
    assert check is not None
    if allowed:
        check(new, old)
        check(old, new)
        return
    with pytest.raises(ApiError) as caught:
        check(new, old)
    assert caught.value.code == 403


def test_another_nodes_node_and_any_status_stay_as_they_are() -> None:
    two = {"metadata": {"name": "two"}}
    check = noderights.guard(ONE, "")
    assert check is not None
    with pytest.raises(ApiError, match='node "one" is not allowed to modify node "two"'):
        check(two, two)
    check = noderights.guard(ONE, "status")
    assert check is not None
    one = {"metadata": {"name": "one"}}
    with pytest.raises(ApiError, match=r"nothing of itself but spec\.unschedulable"):
        check(one, one)
    check = noderights.guard(ONE, "")
    assert check is not None
    with pytest.raises(ApiError, match=r"nothing of itself but"):
        check(one, None)
    assert noderights.guard(User("jane", ("devs",)), "") is None


async def test_a_nodes_deletion_means_the_pod_that_it_had_not_a_later_one(
    cluster: Registry,
) -> None:
    """Who holds a request's body back could otherwise end another node's pod of that name."""
    uid = cluster.get(PODS, "default", "on-one").uid
    assert noderights.pinned(cluster, ONE, "default", "on-one", DeleteOptions()).uid == uid
    given = DeleteOptions(uid="u")
    assert noderights.pinned(cluster, ONE, "default", "on-one", given) == given
    jane = User("jane")
    for name in ("on-one", "waits"):
        assert noderights.pinned(cluster, jane, "default", name, DeleteOptions()).uid == ""
    with pytest.raises(ApiError, match='pods "gone" not found'):
        noderights.pinned(cluster, ONE, "default", "gone", DeleteOptions())


async def test_a_node_may_ask_for_its_rights_by_a_review(cluster: Registry) -> None:
    own = Ask("delete", "", "nodes", "", "", "one")
    assert Authorizer(cluster).decide(ONE, own) == (True, noderights.REASON)
