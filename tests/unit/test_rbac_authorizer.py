"""The server's questions to the roles, and its refusals."""

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.rbac import Ask
from minikube8s.api.resources import CLUSTERROLEBINDINGS, CLUSTERROLES, ROLEBINDINGS
from minikube8s.registry import policy
from minikube8s.server.authn import NOBODY, User
from minikube8s.server.authz import Authorizer, asks_of
from minikube8s.server.paths import parse
from tests.support.registries import a_registry

JANE = User("jane", ("devs", "system:authenticated"))


def asked(verb: str, path: str, fields: str = "") -> Ask:
    parsed = parse(path)
    assert parsed is not None
    (ask,) = asks_of(verb, parsed, fields)
    return ask


def test_a_path_becomes_a_question() -> None:
    assert asked("get", "/apis/apps/v1/namespaces/n/deployments/d/scale") == Ask(
        "get", "apps", "deployments", "scale", "n", "d"
    )


@pytest.mark.parametrize("subresource", ["exec", "attach", "portforward"])
def test_a_conversation_with_a_container_takes_the_right_to_create(subresource: str) -> None:
    path = parse(f"/api/v1/namespaces/n/pods/p/{subresource}")
    assert path is not None
    assert [ask.verb for ask in asks_of("get", path)] == ["get", "create"]
    assert [ask.verb for ask in asks_of("create", path)] == ["create"]


def test_a_namespace_lies_in_itself() -> None:
    assert asked("get", "/api/v1/namespaces/n") == Ask("get", "", "namespaces", "", "n", "n")
    assert asked("list", "/api/v1/namespaces") == Ask("list", "", "namespaces")


def test_a_selector_of_one_name_asks_for_that_name() -> None:
    path = "/api/v1/namespaces/n/pods"
    assert asked("watch", path, "metadata.name=p").name == "p"
    assert asked("list", path, "metadata.name!=p").name == ""
    assert asked("list", path, "metadata.name=p=").name == ""
    assert asked("create", path, "metadata.name=p").name == ""


async def test_masters_may_do_everything_without_any_role() -> None:
    async with a_registry() as registry:
        authorizer = Authorizer(registry)
        admin = User("admin", ("system:masters",))
        authorizer.check(admin, Ask("delete", "", "pods", "", "n", "p"))
        authorizer.check(admin, Ask("get", path="/metrics"))


async def test_a_group_with_a_similar_name_is_no_master() -> None:
    async with a_registry() as registry:
        with pytest.raises(ApiError) as caught:
            Authorizer(registry).check(
                User("eve", ("system:master",)), Ask("get", "", "pods", "log", "n", "p")
            )
        assert caught.value.code == 403
        assert caught.value.message == (
            'pods "p" is forbidden: User "eve" cannot get resource "pods/log" in API group "" '
            'in the namespace "n"'
        )


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/version", "/version/"])
async def test_everybody_may_ask_how_the_server_is(path: str) -> None:
    async with a_registry() as registry:
        await policy.ensure(registry)
        Authorizer(registry).check(NOBODY, Ask("get", path=path))


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("post", "/version"),
        ("get", "/healthzz"),
        ("get", "/"),
        ("get", "/api"),
        ("get", "/metrics"),
    ],
)
async def test_nobody_may_do_anything_else(verb: str, path: str) -> None:
    async with a_registry() as registry:
        await policy.ensure(registry)
        with pytest.raises(ApiError) as caught:
            Authorizer(registry).check(NOBODY, Ask(verb, path=path))
        assert caught.value.message == (
            f'forbidden: User "system:anonymous" cannot {verb} path "{path}"'
        )


async def test_a_binding_counts_from_its_creation_to_its_deletion() -> None:
    ask = Ask("get", "", "nodes", "", "", "n1")
    async with a_registry() as registry:
        authorizer = Authorizer(registry)
        await registry.create(CLUSTERROLES, None, role("r", "get", "nodes"))
        assert not authorizer.decide(JANE, ask).allowed
        await registry.create(CLUSTERROLEBINDINGS, None, binding("b", "r", "devs"))
        assert authorizer.decide(JANE, ask) == (
            True,
            'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "r" to Group "devs"',
        )
        await registry.delete(CLUSTERROLES, None, "r")
        assert authorizer.decide(JANE, ask) == (
            False,
            'RBAC: clusterrole.rbac.authorization.k8s.io "r" not found',
        )
        await registry.delete(CLUSTERROLEBINDINGS, None, "b")
        assert authorizer.decide(JANE, ask) == (False, "")


async def test_what_was_stored_before_the_start_counts() -> None:
    async with a_registry() as registry:
        await registry.create(CLUSTERROLES, None, role("r", "get", "pods"))
        await registry.create(ROLEBINDINGS, "default", binding("b", "r", "devs"))
        authorizer = Authorizer(registry)
        assert authorizer.decide(JANE, Ask("get", "", "pods", "", "default", "p")).allowed
        assert not authorizer.decide(JANE, Ask("get", "", "pods", "", "other", "p")).allowed


async def test_ensuring_the_policy_twice_writes_nothing_the_second_time() -> None:
    async with a_registry() as registry:
        await policy.ensure(registry)
        before = registry.revision
        await policy.ensure(registry)
        assert registry.revision == before


async def test_the_policy_restores_what_is_missing_and_keeps_what_was_added() -> None:
    extra = {"verbs": ["get"], "apiGroups": [""], "resources": ["nodes"]}

    def change(obj: dict[str, object]) -> dict[str, object]:
        return obj | {"rules": [extra]}

    async with a_registry() as registry:
        await policy.ensure(registry)
        wanted = registry.get(CLUSTERROLES, None, "system:kube-dns").object["rules"]
        await registry.update(CLUSTERROLES, None, "system:kube-dns", change)
        await registry.delete(CLUSTERROLES, None, "cluster-admin")
        await policy.ensure(registry)
        rules = registry.get(CLUSTERROLES, None, "system:kube-dns").object["rules"]
        assert rules[0] == extra
        assert len(rules) > len(wanted)
        assert registry.get(CLUSTERROLES, None, "cluster-admin")


def role(name: str, verb: str, resource: str) -> dict[str, object]:
    rule = {"verbs": [verb], "apiGroups": [""], "resources": [resource]}
    return {"metadata": {"name": name}, "rules": [rule]}


def binding(name: str, of: str, group: str) -> dict[str, object]:
    rbac = "rbac.authorization.k8s.io"
    return {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": of},
        "subjects": [{"kind": "Group", "apiGroup": rbac, "name": group}],
    }
