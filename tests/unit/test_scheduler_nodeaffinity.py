"""Node affinity: every operator, fields, terms, wishes, and the sentences that refuse."""

from typing import Any

import pytest

from tests.support.scheduling import Cluster, node, pod

NOT_HELPFUL = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"
UNSUITED = "node(s) didn't match Pod's node affinity/selector"
ELSEWHERE = "node(s) didn't satisfy plugin(s) [NodeAffinity]"


def needed(*terms: dict[str, Any]) -> dict[str, Any]:
    selector = {"nodeSelectorTerms": list(terms)}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": selector}}


def label(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def named(operator: str, *names: str) -> dict[str, Any]:
    return {
        "matchFields": [{"key": "metadata.name", "operator": operator, "values": [name]}
                        for name in names]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("term", "fits"),
    [
        (label("size", "In", "7", "8"), True),
        (label("size", "In", "8"), False),
        (label("absent", "In", "7"), False),
        (label("size", "NotIn", "8"), True),
        (label("size", "NotIn", "7"), False),
        (label("absent", "NotIn", "7"), True),
        (label("size", "Exists"), True),
        (label("absent", "Exists"), False),
        (label("size", "DoesNotExist"), False),
        (label("absent", "DoesNotExist"), True),
        (label("size", "Gt", "6"), True),
        (label("size", "Gt", "7"), False),
        (label("size", "Gt", "-1"), True),
        (label("size", "Lt", "8"), True),
        (label("size", "Lt", "7"), False),
        (label("absent", "Lt", "7"), False),
        (label("word", "Gt", "1"), False),
        (label("odd", "Gt", "1"), False),
        (label("huge", "Gt", "1"), False),
        (label("size", "Gt", "many"), False),
        (label("size", "Gt", "1", "2"), False),
        ({}, False),
        (named("In", "n1"), True),
        (named("NotIn", "n1"), False),
        (named("NotIn", "n2"), True),
        ({**named("In", "n1"), **label("size", "In", "8")}, False),
    ],
)
def test_a_term_means_what_kubernetes_says(term: dict[str, Any], fits: bool) -> None:
    labels = {"size": "7", "word": "big", "odd": "1_0", "huge": "9" * 30}
    cluster = Cluster(node("n1", labels=labels))
    assert (cluster.place(pod(affinity=needed(term))) == "n1") is fits


def test_one_term_is_enough_and_the_node_selector_counts_as_well() -> None:
    cluster = Cluster(node("n1", labels={"a": "1"}), node("n2", labels={"a": "1", "b": "1"}))
    either = needed(label("none", "Exists"), label("a", "Exists"))
    assert cluster.decide(pod(affinity=either)).fitting == 2
    assert cluster.place(pod(affinity=either, nodeSelector={"b": "1"})) == "n2"


def test_preferred_terms_add_up_and_refuse_no_node() -> None:
    wishes = [
        {"weight": 1, "preference": label("a", "Exists")},
        {"weight": 5, "preference": label("b", "Exists")},
        {"weight": 100, "preference": {}},
    ]
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": wishes}}
    nodes = node("n1"), node("n2", labels={"a": ""}), node("n3", labels={"a": "", "b": ""})
    decision = Cluster(*nodes).decide(pod(affinity=affinity))
    assert (decision.node, decision.fitting) == ("n3", 3)
    points = {one.node: dict(one.points)["NodeAffinity"] for one in decision.ranking}
    assert points == {"n1": 0, "n2": 32, "n3": 200}


def test_a_pod_for_nodes_by_name_is_told_why_these_refuse_it_and_that_others_are_not_meant() -> (
    None
):
    cluster = Cluster(*(node(f"n{number}") for number in range(9)))
    decision = cluster.decide(pod(affinity=needed(named("In", "n4"))))
    assert (decision.node, decision.fitting, decision.refusals) == ("n4", 1, {})
    found = "0/9 nodes are available"
    assert cluster.refusal(pod(cpu="1", affinity=needed(named("In", "gone")))) == (
        f"{found}: 9 {ELSEWHERE}. preemption: {found}: 9 {NOT_HELPFUL}."
    )
    cluster.place(pod("first", cpu="1500m", affinity=needed(named("In", "n4"))))
    assert cluster.refusal(pod(cpu="1", affinity=needed(named("In", "n4")))) == (
        f"{found}: 1 Insufficient cpu, 8 {ELSEWHERE}."
        f" preemption: {found}: 1 {NO_VICTIMS}, 8 {NOT_HELPFUL}."
    )


def test_terms_with_names_and_without_are_alternatives() -> None:
    cluster = Cluster(node("n1"), node("n2"), node("n3", labels={"a": ""}))
    for terms, fitting in (
        ((named("In", "n1"), named("In", "n2")), 2),
        ((named("In", "n1"), label("a", "Exists")), 2),
        ((named("In", "n1"), named("NotIn", "n1")), 3),
    ):
        assert cluster.decide(pod(affinity=needed(*terms))).fitting == fitting


def test_names_that_exclude_each_other_fit_nowhere() -> None:
    found = "0/1 nodes are available"
    both = needed(named("In", "n1", "n2"))
    assert Cluster(node("n1")).refusal(pod(affinity=both)) == (
        f"{found}: pod affinity terms conflict. preemption: {found}: 1 {NOT_HELPFUL}."
    )
