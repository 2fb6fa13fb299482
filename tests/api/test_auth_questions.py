"""The table of questions put to the real server, as reviews and with kubectl."""

from collections.abc import Iterator
from typing import Any

import pytest

from minikube8s.api.rbac import Ask
from tests.api.apiserver import ApiServer
from tests.api.kubectl import Kubectl
from tests.support.questions import ALLOWED, DENIED, USERS, questions, read

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
GROUP = "rbac.authorization.k8s.io"

BOUND = {
    "admin": ("ClusterRole", "admin", {"kind": "User", "name": "admin-of-team"}),
    "edit": ("ClusterRole", "edit", {"kind": "User", "name": "editor-of-team"}),
    "view": ("ClusterRole", "view", {"kind": "User", "name": "viewer-of-team"}),
    "robot": (
        "Role",
        "settings",
        {"kind": "ServiceAccount", "name": "robot", "namespace": "team"},
    ),
}


@pytest.fixture(scope="module")
def policy(api: ApiServer) -> Iterator[ApiServer]:
    """The server with the bindings of the table."""
    core = {"apiGroups": [""]}
    api.create("/api/v1/namespaces", {"metadata": {"name": "team"}})
    settings = core | {
        "verbs": ["get", "update"],
        "resources": ["configmaps"],
        "resourceNames": ["settings"],
    }
    team = f"{RBAC}/namespaces/team"
    api.create(f"{team}/roles", {"metadata": {"name": "settings"}, "rules": [settings]})
    for name, (kind, role, subject) in BOUND.items():
        api.create(f"{team}/rolebindings", binding(name, kind, role, subject))
    watch = core | {"verbs": ["watch"], "resources": ["pods"]}
    api.create(f"{RBAC}/clusterroles", {"metadata": {"name": "watch"}, "rules": [watch]})
    watchers = binding("watch", "ClusterRole", "watch", {"kind": "Group", "name": "watchers"})
    api.create(f"{RBAC}/clusterrolebindings", watchers)
    yield api


def binding(name: str, kind: str, role: str, subject: dict[str, str]) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": kind, "name": role},
        "subjects": [subject],
    }


def review(who: str, ask: Ask) -> dict[str, Any]:
    user, groups = USERS[who]
    spec: dict[str, Any] = {"user": user, "groups": list(groups)}
    if ask.path:
        spec["nonResourceAttributes"] = {"verb": ask.verb, "path": ask.path}
    else:
        words = ("verb", "group", "resource", "subresource", "namespace", "name")
        spec["resourceAttributes"] = {word: getattr(ask, word) for word in words}
    return {"spec": spec}


@pytest.mark.parametrize(("table", "answer"), [(ALLOWED, True), (DENIED, False)])
def test_reviews_give_the_answers_of_the_table(policy: ApiServer, table: str, answer: bool) -> None:
    lines = questions(table)
    assert len(lines) > 70
    for line in lines:
        reply = policy.post(REVIEWS, review(*read(line)))
        assert (reply.code, reply.json["status"]["allowed"]) == (201, answer), line


SAMPLE = (
    "viewer: list deployments.apps team",
    "viewer: get secrets team s",
    "editor: create pods/exec team p",
    "editor: create roles.rbac.authorization.k8s.io team",
    "robot: get configmaps team settings",
    "robot: list configmaps team",
    "watcher: watch pods other",
    "prometheus: get /metrics",
    "anyone: get /metrics",
    "root: delete nodes - n1",
)


@pytest.mark.parametrize("line", SAMPLE)
def test_kubectl_can_i_gives_the_answers_of_the_table(
    kubectl: Kubectl, policy: ApiServer, line: str
) -> None:
    who, ask = read(line)
    user, groups = USERS[who]
    acting = ["--as", user, *(part for group in groups for part in ("--as-group", group))]
    what = ask.path or f"{ask.resource}.{ask.group}".rstrip(".")
    named = [f"{what}/{ask.name}" if ask.name else what]
    if ask.subresource:
        named += ["--subresource", ask.subresource]
    if ask.namespace:
        named += ["-n", ask.namespace]
    done = kubectl.run("auth", "can-i", ask.verb, *named, *acting)
    assert done.stdout.strip() == ("yes" if line in questions(ALLOWED) else "no"), done.stderr
