"""Who may do what with the default roles: questions with the answers that Kubernetes gives."""

from functools import cache

import pytest

from minikube8s.api.rbac import Ask, Grants, Rule, defaults, missing, rules_of
from tests.support.questions import (
    ACCOUNT,
    ACCOUNT_GROUPS,
    ALLOWED,
    DENIED,
    USERS,
    questions,
    read,
)

RBAC = "rbac.authorization.k8s.io"


def subject(kind: str, name: str, **more: str) -> dict[str, str]:
    return {"kind": kind, "name": name, **more}


@cache
def grants() -> Grants:
    grants = Grants()
    for role in defaults.cluster_roles():
        grants.put_role("", role["metadata"]["name"], role)
    for binding in defaults.BINDINGS:
        grants.put_binding("", binding["metadata"]["name"], binding)
    for role in ("admin", "edit", "view"):
        user = {"admin": "admin", "edit": "editor", "view": "viewer"}[role]
        bound = subject("User", f"{user}-of-team")
        reference = {"kind": "ClusterRole", "name": role}
        grants.put_binding("team", role, {"roleRef": reference, "subjects": [bound]})
    settings = Rule(("get", "update"), ("",), ("configmaps",), ("settings",))
    grants.put_role("team", "settings", {"rules": [settings.object()]})
    reference = {"kind": "Role", "name": "settings"}
    robot = subject("ServiceAccount", "robot", namespace="team")
    grants.put_binding("team", "robot", {"roleRef": reference, "subjects": [robot]})
    grants.put_role("", "watch", {"rules": [Rule(("watch",), ("",), ("pods",)).object()]})
    watchers = subject("Group", "watchers")
    reference = {"kind": "ClusterRole", "name": "watch"}
    grants.put_binding("", "watch", {"roleRef": reference, "subjects": [watchers]})
    return grants


@pytest.mark.parametrize("line", questions(ALLOWED))
def test_this_is_allowed(line: str) -> None:
    who, ask = read(line)
    decision = grants().decide(*USERS[who], ask)
    assert decision.allowed
    assert decision.reason.startswith("RBAC: allowed by ")


@pytest.mark.parametrize("line", questions(DENIED))
def test_this_is_not_allowed(line: str) -> None:
    who, ask = read(line)
    assert grants().decide(*USERS[who], ask) == (False, "")


def test_an_account_without_a_namespace_in_a_cluster_binding_is_nobody() -> None:
    some = Grants()
    some.put_role("", "r", {"rules": [Rule(("*",), ("*",), ("*",)).object()]})
    reference = {"kind": "ClusterRole", "name": "r"}
    bound = [subject("ServiceAccount", "robot")]
    some.put_binding("", "b", {"roleRef": reference, "subjects": bound})
    assert not some.decide(ACCOUNT, ACCOUNT_GROUPS, Ask("get", "", "pods", "", "team")).allowed
    some.put_binding("team", "b", {"roleRef": reference, "subjects": bound})
    assert some.decide(ACCOUNT, ACCOUNT_GROUPS, Ask("get", "", "pods", "", "team")).allowed


def test_each_of_the_roles_for_people_holds_what_the_lesser_one_does() -> None:
    roles = {one["metadata"]["name"]: rules_of(one["rules"]) for one in defaults.cluster_roles()}
    assert missing(roles["edit"], roles["view"]) == []
    assert missing(roles["admin"], roles["edit"]) == []
    assert missing(roles["cluster-admin"], roles["admin"]) == []
    assert missing(roles["view"], roles["edit"])
    assert missing(roles["edit"], roles["admin"])


def test_a_taken_over_default_role_is_left_alone() -> None:
    wanted = defaults.cluster_roles()[0]
    current = wanted | {"rules": []}
    annotations = {"rbac.authorization.kubernetes.io/autoupdate": "false"}
    taken = current | {"metadata": wanted["metadata"] | {"annotations": annotations}}
    assert defaults.reconciled_role(taken, wanted) is None
    assert defaults.reconciled_role(current, wanted) is not None


def test_a_default_binding_gets_its_subjects_back_and_keeps_others() -> None:
    wanted = defaults.BINDINGS[0]
    other = {"kind": "User", "apiGroup": RBAC, "name": "jane"}
    new = defaults.reconciled_binding(wanted | {"subjects": [other]}, wanted)
    assert new is not None
    assert new["subjects"] == [other, *wanted["subjects"]]
    assert defaults.reconciled_binding(new, wanted) is None
