"""Roles, bindings, reviews and impersonation over HTTP."""

from typing import Any

import pytest

from tests.api.apiserver import ApiServer, Reply, pod

RBAC = "/apis/rbac.authorization.k8s.io/v1"
AUTHORIZATION = "/apis/authorization.k8s.io/v1"
GROUP = "rbac.authorization.k8s.io"


def rule(verbs: str, resources: str, group: str = "") -> dict[str, Any]:
    return {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split()}


def role(name: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name}, "rules": list(rules)}


def binding(name: str, kind: str, of: str, user: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": kind, "name": of},
        "subjects": [{"kind": "User", "apiGroup": GROUP, "name": user}],
    }


class Person:
    """A user that the administrator acts as."""

    def __init__(self, api: ApiServer, name: str, *groups: str) -> None:
        self.api, self.name = api, name
        self.headers = {"impersonate_user": name}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        return self.api.request(method, path, body, **self.headers, **headers)


@pytest.fixture
def jane(api: ApiServer, namespace: str) -> Person:
    """May edit in the namespace, and write roles and bindings there."""
    name = f"jane-{namespace}"
    roles = f"{RBAC}/namespaces/{namespace}/roles"
    bindings = f"{RBAC}/namespaces/{namespace}/rolebindings"
    api.create(roles, role("rbac", rule("create update patch get", "roles rolebindings", GROUP)))
    api.create(bindings, binding("rbac", "Role", "rbac", name))
    api.create(bindings, binding("edit", "ClusterRole", "edit", name))
    return Person(api, name)


def test_a_binding_allows_at_once_and_its_deletion_forbids(
    api: ApiServer, jane: Person, namespace: str
) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    assert jane.ask("POST", pods, pod("p")).code == 201
    assert jane.ask("GET", "/api/v1/pods").code == 403
    path = f"{RBAC}/namespaces/{namespace}/rolebindings/edit"
    assert api.request("DELETE", path).code == 200
    assert jane.ask("GET", pods).code == 403


def test_a_missing_role_is_named_in_the_refusal(api: ApiServer, namespace: str) -> None:
    bindings = f"{RBAC}/namespaces/{namespace}/rolebindings"
    api.create(bindings, binding("b", "Role", "absent", "tom"))
    reply = Person(api, "tom").ask("GET", f"/api/v1/namespaces/{namespace}/pods")
    assert reply.json["message"] == (
        'pods is forbidden: User "tom" cannot list resource "pods" in API group "" in the '
        f'namespace "{namespace}": RBAC: role.rbac.authorization.k8s.io "absent" not found'
    )


@pytest.mark.parametrize("how", ["create", "update", "patch", "apply"])
def test_nobody_writes_a_role_with_more_than_they_have(
    api: ApiServer, jane: Person, namespace: str, how: str
) -> None:
    path = f"{RBAC}/namespaces/{namespace}/roles"
    body = role("r", rule("get impersonate", "pods"), rule("get", "secrets"))
    typed = {"apiVersion": f"{GROUP}/v1", "kind": "Role", **body}
    if how == "create":
        reply = jane.ask("POST", path, body)
    elif how == "apply":
        media = "application/apply-patch+yaml"
        reply = jane.ask("PATCH", f"{path}/r?fieldManager=t", typed, content_type=media)
    else:
        assert jane.ask("POST", path, role("r", rule("get", "pods"))).code == 201
        media = "application/json" if how == "update" else "application/merge-patch+json"
        verb = "PUT" if how == "update" else "PATCH"
        reply = jane.ask(verb, f"{path}/r", body, content_type=media)
    assert reply.code == 403
    assert reply.json["message"] == (
        f'roles.{GROUP} "r" is forbidden: user "{jane.name}" (groups=["system:authenticated"]) '
        "is attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["impersonate"]}'
    )


def test_nobody_binds_a_role_with_more_than_they_have(
    api: ApiServer, jane: Person, namespace: str
) -> None:
    path = f"{RBAC}/namespaces/{namespace}/rolebindings"
    assert jane.ask("POST", path, binding("v", "ClusterRole", "view", "tom")).code == 201
    reply = jane.ask("POST", path, binding("a", "ClusterRole", "cluster-admin", "tom"))
    assert reply.code == 403
    assert '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}' in reply.json["message"]
    reply = jane.ask("POST", path, binding("x", "Role", "absent", "tom"))
    assert (reply.code, reply.json["reason"]) == (404, "NotFound")


def test_whoever_may_bind_or_escalate_need_not_hold_the_rules(
    api: ApiServer, jane: Person, namespace: str
) -> None:
    roles, bindings = (
        f"{RBAC}/namespaces/{namespace}/{kind}" for kind in ("roles", "rolebindings")
    )
    api.create(roles, role("more", rule("escalate", "roles", GROUP), BIND_ADMIN))
    api.create(bindings, binding("more", "Role", "more", jane.name))
    assert jane.ask("POST", roles, role("r", rule("*", "*", "*"))).code == 201
    assert (
        jane.ask("POST", bindings, binding("a", "ClusterRole", "cluster-admin", "tom")).code == 201
    )


BIND_ADMIN = rule("bind", "clusterroles", GROUP) | {"resourceNames": ["cluster-admin"]}


def test_labels_of_a_role_need_its_rules_too(api: ApiServer, jane: Person, namespace: str) -> None:
    path = f"{RBAC}/namespaces/{namespace}/roles"
    api.create(path, role("big", rule("*", "*", "*")))
    labels = {"metadata": {"labels": {"a": "b"}}}
    media = "application/merge-patch+json"
    assert jane.ask("PATCH", f"{path}/big", labels, content_type=media).code == 403
    assert jane.ask("PATCH", f"{path}/big", {}, content_type=media).code == 200


def test_aggregation_needs_full_authority(api: ApiServer, namespace: str) -> None:
    user = f"agg-{namespace}"
    api.create(f"{RBAC}/clusterroles", role(user, rule("create", "clusterroles", GROUP)))
    api.create(f"{RBAC}/clusterrolebindings", binding(user, "ClusterRole", user, user))
    body = role("sum") | {
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    }
    reply = Person(api, user).ask("POST", f"{RBAC}/clusterroles", body)
    assert reply.code == 403
    assert reply.json["message"].endswith(
        "must have cluster-admin privileges to use the aggregationRule"
    )


def test_a_role_limited_to_names_allows_a_list_of_that_name(api: ApiServer, namespace: str) -> None:
    user = f"one-{namespace}"
    limited = rule("get list watch", "configmaps") | {"resourceNames": ["mine"]}
    api.create(f"{RBAC}/namespaces/{namespace}/roles", role("one", limited))
    bindings = f"{RBAC}/namespaces/{namespace}/rolebindings"
    api.create(bindings, binding("one", "Role", "one", user))
    person, path = Person(api, user), f"/api/v1/namespaces/{namespace}/configmaps"
    assert person.ask("GET", path).code == 403
    assert person.ask("GET", f"{path}?fieldSelector=metadata.name%3Dmine").code == 200
    assert person.ask("GET", f"{path}?fieldSelector=metadata.name%3Dother").code == 403
    assert person.ask("GET", f"{path}/mine").code == 404


def access(api: ApiServer, kind: str, spec: dict[str, Any], **headers: str) -> Reply:
    return api.request("POST", f"{AUTHORIZATION}/{kind}", {"spec": spec}, **headers)


def test_reviews_answer_what_a_request_would_find(
    api: ApiServer, jane: Person, namespace: str
) -> None:
    attributes = {"verb": "create", "resource": "pods", "namespace": namespace}
    spec = {"resourceAttributes": attributes}
    mine = access(api, "selfsubjectaccessreviews", spec, **jane.headers)
    assert mine.code == 201
    assert mine.json["status"] == {
        "allowed": True,
        "reason": f'RBAC: allowed by RoleBinding "edit/{namespace}" of ClusterRole "edit" to '
        f'User "{jane.name}"',
    }
    theirs = access(api, "subjectaccessreviews", spec | {"user": jane.name})
    assert theirs.json["status"] == mine.json["status"]
    nobodys = access(api, "subjectaccessreviews", spec | {"user": "nobody"})
    assert nobodys.json["status"] == {"allowed": False}
    local = f"{AUTHORIZATION}/namespaces/{namespace}/localsubjectaccessreviews"
    assert api.post(local, {"spec": spec | {"user": jane.name}}).json["status"]["allowed"]
    path = {"nonResourceAttributes": {"verb": "get", "path": "/metrics"}}
    groups = {"user": "x", "groups": ["system:monitoring"]}
    assert access(api, "subjectaccessreviews", path | groups).json["status"]["allowed"]


@pytest.mark.parametrize(
    ("kind", "spec", "message"),
    [
        ("selfsubjectaccessreviews", {}, "exactly one of nonResourceAttributes"),
        ("subjectaccessreviews", {"user": "x"}, "exactly one of nonResourceAttributes"),
        (
            "subjectaccessreviews",
            {"resourceAttributes": {"verb": "get"}},
            "spec.user: Required value: at least one of user or group must be specified",
        ),
        (
            "namespaces/default/localsubjectaccessreviews",
            {"user": "x", "resourceAttributes": {"verb": "get", "namespace": "other"}},
            "must match metadata.namespace",
        ),
        (
            "namespaces/default/localsubjectaccessreviews",
            {"user": "x", "nonResourceAttributes": {"verb": "get", "path": "/"}},
            "disallowed on this kind of request",
        ),
    ],
)
def test_a_review_that_asks_nothing_is_invalid(
    api: ApiServer, kind: str, spec: dict[str, Any], message: str
) -> None:
    reply = access(api, kind, spec)
    assert (reply.code, reply.json["reason"]) == (422, "Invalid")
    assert message in reply.json["message"]


def test_reviews_are_not_kept(api: ApiServer) -> None:
    assert api.get(f"{AUTHORIZATION}/selfsubjectaccessreviews").code == 405
    assert api.get(f"{AUTHORIZATION}/subjectaccessreviews/x").code == 405


def test_impersonation_carries_groups_uid_and_extra(api: ApiServer) -> None:
    reply = api.request(
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        {},
        impersonate_user="jane",
        impersonate_group="devs",
        impersonate_uid="u1",
        impersonate_extra_scopes="view",
    )
    assert reply.json["status"]["userInfo"] == {
        "username": "jane",
        "uid": "u1",
        "groups": ["devs", "system:authenticated"],
        "extra": {"scopes": ["view"]},
    }


def test_impersonating_an_account_gives_its_groups(api: ApiServer) -> None:
    reply = api.request(
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        {},
        impersonate_user="system:serviceaccount:n:robot",
    )
    assert reply.json["status"]["userInfo"]["groups"] == [
        "system:serviceaccounts",
        "system:serviceaccounts:n",
        "system:authenticated",
    ]


def test_impersonation_needs_the_right_to_each_part(
    api: ApiServer, jane: Person, namespace: str
) -> None:
    name = f"imp-{namespace}"
    limited = rule("impersonate", "users") | {"resourceNames": [jane.name]}
    api.create(f"{RBAC}/clusterroles", role(name, limited))
    api.create(f"{RBAC}/clusterrolebindings", binding(name, "ClusterRole", name, "guest"))
    pods = f"/api/v1/namespaces/{namespace}/pods"
    assert api.get(pods, user="guest", impersonate_user=jane.name).code == 200
    reply = api.get(pods, user="guest", impersonate_user="root")
    assert reply.code == 403
    reply = api.get(
        pods, user="guest", impersonate_user=jane.name, impersonate_group="system:masters"
    )
    assert reply.json["message"] == (
        'groups "system:masters" is forbidden: User "guest" cannot impersonate resource "groups" '
        'in API group "" at the cluster scope'
    )


def test_impersonating_a_group_without_a_user_is_a_mistake(api: ApiServer) -> None:
    assert api.get("/api/v1/pods", impersonate_group="devs").code == 400
