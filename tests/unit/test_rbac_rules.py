"""What a rule allows, what rules cover, and how a lack of them is told."""

from typing import Any

import pytest

from minikube8s.api.rbac import FULL_AUTHORITY, Ask, Rule, aggregated_rules, describe, missing
from minikube8s.api.rbac.cover import COMPARISONS

PODS = Rule(("get", "list"), ("",), ("pods",))


@pytest.mark.parametrize(
    ("rule", "ask", "allowed"),
    [
        (PODS, Ask("get", "", "pods"), True),
        (PODS, Ask("delete", "", "pods"), False),
        (PODS, Ask("get", "apps", "pods"), False),
        (PODS, Ask("get", "", "pods", "log"), False),
        (PODS, Ask("get", path="/pods"), False),
        (Rule(("*",), ("*",), ("*",)), Ask("any", "x.io", "things", "part"), True),
        (Rule(("*",), ("*",), ("*",)), Ask("get", path="/metrics"), False),
        (Rule(("get",), ("",), ("pods/log",)), Ask("get", "", "pods", "log"), True),
        (Rule(("get",), ("",), ("pods/log",)), Ask("get", "", "pods"), False),
        (Rule(("get",), ("",), ("*/log",)), Ask("get", "", "pods", "log"), True),
        (Rule(("get",), ("",), ("*/log",)), Ask("get", "", "pods", "status"), False),
        (Rule(("get",), ("",), ("*/log",)), Ask("get", "", "pods"), False),
        (Rule(("get",), ("",), ("pods/*",)), Ask("get", "", "pods", "log"), False),
        (Rule(("get",), ("",), ("pods",), ("a",)), Ask("get", "", "pods", name="a"), True),
        (Rule(("get",), ("",), ("pods",), ("a",)), Ask("get", "", "pods", name="b"), False),
        (Rule(("list",), ("",), ("pods",), ("a",)), Ask("list", "", "pods"), False),
        (Rule(("create",), ("",), ("pods",), ("a",)), Ask("create", "", "pods"), False),
        (Rule(("get",), paths=("/healthz",)), Ask("get", path="/healthz"), True),
        (Rule(("get",), paths=("/healthz",)), Ask("get", path="/healthz/"), False),
        (Rule(("get",), paths=("/healthz/*",)), Ask("get", path="/healthz/ping"), True),
        (Rule(("get",), paths=("/healthz/*",)), Ask("get", path="/healthz"), False),
        (Rule(("get",), paths=("/api*",)), Ask("get", path="/apis/apps"), True),
        (Rule(("get",), paths=("*",)), Ask("get", path="/anything"), True),
        (Rule(("post",), paths=("*",)), Ask("get", path="/anything"), False),
        (Rule(), Ask("get", "", "pods"), False),
    ],
)
def test_a_rule_allows_what_it_says(rule: Rule, ask: Ask, allowed: bool) -> None:
    assert rule.allows(ask) is allowed


@pytest.mark.parametrize(
    ("held", "wanted", "lacking"),
    [
        ([PODS], [PODS], []),
        ([PODS], [Rule(("get",), ("",), ("pods",), ("a",))], []),
        ([], [PODS], [PODS]),
        ([PODS], [Rule(("get", "watch"), ("",), ("pods",))], [Rule(("watch",), ("",), ("pods",))]),
        ([Rule(("get",), ("",), ("pods",), ("a",))], [Rule(("get",), ("",), ("pods",))],
         [Rule(("get",), ("",), ("pods",))]),
        ([Rule(("get",), ("",), ("pods",)), Rule(("list",), ("",), ("pods",))], [PODS], []),
        ([Rule(("get", "list"), ("*",), ("*",))], [PODS], []),
        ([Rule(("get", "list"), ("",), ("*/log",))], [Rule(("get",), ("",), ("pods/log",))], []),
        ([PODS], [Rule(("get", "list"), ("",), ("*",))], [Rule(("get", "list"), ("",), ("*",))]),
        ([Rule(("get",), paths=("/a/*",))], [Rule(("get",), paths=("/a/b",))], []),
        ([Rule(("get",), paths=("/a/*",))], [Rule(("get",), paths=("/a", "/b"))],
         [Rule(("get",), paths=("/a",)), Rule(("get",), paths=("/b",))]),
        ([Rule(("get",), ("",), ("*",))], [Rule(("get",), paths=("/a",))],
         [Rule(("get",), paths=("/a",))]),
        ([*FULL_AUTHORITY], [PODS, Rule(("put",), paths=("/x/*",))], []),
    ],
)  # fmt: skip
def test_what_is_not_held_is_missing(
    held: list[Rule], wanted: list[Rule], lacking: list[Rule]
) -> None:
    assert missing(held, wanted) == lacking


def test_a_rule_of_very_many_atoms_is_refused_soon() -> None:
    words = tuple(f"w{number}" for number in range(1000))
    held = [Rule(words, words[:-1], words), Rule(words, words[-1:], words)]
    assert len(words) ** 3 > COMPARISONS
    assert missing(held, [Rule(words, words, words)])


def test_a_rule_is_described_in_the_words_of_kubernetes() -> None:
    assert describe(PODS) == '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}'
    assert describe(Rule(("get",), paths=("/a", "/b"))) == (
        '{NonResourceURLs:["/a" "/b"], Verbs:["get"]}'
    )
    assert describe(Rule(("get",), ("",), ("pods",), ("a",))) == (
        '{APIGroups:[""], Resources:["pods"], ResourceNames:["a"], Verbs:["get"]}'
    )


def cluster_role(name: str, verb: str, **labels: str) -> dict[str, Any]:
    rule = {"verbs": [verb], "apiGroups": [""], "resources": ["pods"]}
    return {"metadata": {"name": name, "labels": labels}, "rules": [rule]}


def test_an_aggregate_has_the_rules_of_the_selected_once_each_and_never_its_own() -> None:
    selectors = [{"matchLabels": {"into": "x"}}, {"matchLabels": {"also": "x"}}]
    role = cluster_role("sum", "own", into="x")
    role["aggregationRule"] = {"clusterRoleSelectors": selectors}
    others = [
        role,
        cluster_role("b", "get", into="x"),
        cluster_role("a", "list", into="x"),
        cluster_role("c", "get", also="x"),
        cluster_role("d", "watch", into="y"),
    ]
    assert [rule["verbs"] for rule in aggregated_rules(role, others)] == [["list"], ["get"]]
