"""Who has to end so that a pod finds a place: one rule after the other."""

from typing import Any

import pytest

from minikube8s.api.views import Node, Pod, from_dict
from minikube8s.scheduler import preemption
from minikube8s.scheduler.budgets import Budget, budget, split
from minikube8s.scheduler.pods import facts_of, incoming
from minikube8s.scheduler.preemption import Candidate, Plan, least_harm
from minikube8s.scheduler.states import NodeState
from tests.support.scheduling import Cluster, node, pod


def planned(
    wanted: Pod,
    *nodes: Node,
    running: dict[str, list[Pod]],
    budgets: tuple[Budget, ...] = (),
    nominated: dict[str, list[Pod]] | None = None,
    nominated_node: str = "",
) -> Plan:
    cluster = Cluster(*nodes, running=running)
    there = {name: [facts_of(one) for one in pods] for name, pods in (nominated or {}).items()}
    asked, view = incoming(wanted), cluster.usage.view()
    decision = cluster.decider.decide(asked, view, there, nominated_node)
    assert not decision.node, "it needs no preemption"
    return preemption.plan(
        asked,
        view,
        decision,
        cluster.decider,
        nominated_node=nominated_node,
        nominated=there,
        budgets=lambda: budgets,
    )


def chosen(plan: Plan) -> tuple[str, list[str]]:
    assert plan.chosen is not None, plan.why
    return plan.chosen.node, [one.key[1] for one in plan.chosen.victims]


def low(name: str, cpu: str = "1", priority: int = 0, **fields: Any) -> Pod:
    return pod(name, cpu=cpu, priority=priority, **fields)


def high(cpu: str = "1", **fields: Any) -> Pod:
    return pod("high", cpu=cpu, priority=100, **fields)


def protected(allowed: int = 0, **fields: Any) -> Budget:
    return budget(
        {
            "metadata": {"namespace": "default", "name": "b"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}},
            "status": {"disruptionsAllowed": allowed, **fields},
        }
    )


WEB = {"app": "web"}


def test_the_least_important_go_and_no_more_than_needed() -> None:
    there = [low("a", "500m", 5), low("b", "500m", 1), low("c", "500m", 1, started="2026-01-02")]
    plan = planned(high("1"), node(), running={"n1": [*there, low("d", "500m", 9)]})
    assert chosen(plan) == ("n1", ["c", "b"])
    plan = planned(high("500m"), node(), running={"n1": [*there, low("d", "500m", 9)]})
    assert chosen(plan) == ("n1", ["b"])


def test_a_node_full_of_pods_is_copied_once_and_not_for_each_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copies = []
    changed = NodeState.changed

    def counted(self: NodeState, *moved: Any) -> NodeState:
        copies.append(self.name)
        return changed(self, *moved)

    monkeypatch.setattr(NodeState, "changed", counted)
    there = [low(f"p{number}", "20m", number) for number in range(100)]
    plan = planned(high("30m"), node(allocatable={"pods": "110"}), running={"n1": there})
    assert chosen(plan) == ("n1", ["p1", "p0"])
    assert copies == ["n1"]


def test_of_equal_ones_who_started_last_goes() -> None:
    old, new = low("old", started="2026-01-01"), low("new", started="2026-01-02")
    assert chosen(planned(high(), node(), running={"n1": [new, old]})) == ("n1", ["new"])


def test_pods_of_equal_or_higher_priority_never_go() -> None:
    plan = planned(high(), node(), running={"n1": [low("a", "1", 100), low("b", "1", 101)]})
    assert plan.why == ("0/1 nodes are available: 1 No preemption victims found for incoming pod.")


def test_nobody_goes_where_that_would_not_be_enough() -> None:
    plan = planned(high("2"), node(), running={"n1": [low("a"), low("b", "500m", 100)]})
    assert plan.chosen is None
    assert plan.why == "0/1 nodes are available: 1 Insufficient cpu."
    assert plan.blocked_by == {"NodeResourcesFit"}


def test_every_nodes_reason_is_told() -> None:
    nodes = [node("n1"), node("n2", unschedulable=True), node("n3", allocatable={"cpu": "1"})]
    plan = planned(high("2"), *nodes, running={"n1": [low("a", "2", 100)]})
    assert plan.why == (
        "0/3 nodes are available: 1 No preemption victims found for incoming pod,"
        " 2 Preemption is not helpful for scheduling."
    )


def test_who_never_preempts_does_not() -> None:
    wanted = high(preemptionPolicy="Never")
    plan = planned(wanted, node(), running={"n1": [low("a", "2")]})
    assert (plan.chosen, plan.why) == (None, "not eligible due to preemptionPolicy=Never.")


def test_host_ports_are_made_free_too() -> None:
    running = {"n1": [low("a", host_port=80), low("b", "500m")]}
    assert chosen(planned(high("100m", host_port=80), node(), running=running)) == ("n1", ["a"])


def test_budgets_are_kept_where_that_is_possible() -> None:
    running = {"n1": [low("web", labels=WEB), low("other", priority=5)]}
    plan = planned(high(), node(), running=running, budgets=(protected(),))
    assert chosen(plan) == ("n1", ["other"])
    plan = planned(high(), node(), running=running, budgets=(protected(1),))
    assert chosen(plan) == ("n1", ["web"])


def test_a_budget_is_broken_where_there_is_no_other_way() -> None:
    running = {"n1": [low("web", "2", labels=WEB)]}
    plan = planned(high(), node(), running=running, budgets=(protected(),))
    assert chosen(plan) == ("n1", ["web"])
    assert plan.chosen and plan.chosen.violations == 1


def test_a_budget_counts_the_pods_that_it_selects_one_by_one() -> None:
    pods = [facts_of(low(str(number), labels=WEB)) for number in range(3)]
    other = facts_of(low("other", namespace="elsewhere", labels=WEB))
    bare = facts_of(low("bare"))
    breaking, kept = split([*pods, other, bare], [protected(2)])
    assert ([one.key[1] for one in breaking], len(kept)) == (["2"], 4)
    breaking, _ = split(pods, [protected(1, disruptedPods={"0": "2026-01-01T00:00:00Z"})])
    assert [one.key[1] for one in breaking] == ["2"]
    everything = budget({"metadata": {"namespace": "default"}, "spec": {"selector": {}}})
    assert split(pods, [everything])[0] == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"violations": 1, "pods": [(1, "")]}, {"pods": [(9, ""), (9, "")]}),
        ({"pods": [(5, "")]}, {"pods": [(4, ""), (4, "")]}),
        ({"pods": [(5, ""), (3, "")]}, {"pods": [(5, ""), (2, "")]}),
        ({"pods": [(5, ""), (-1, "")]}, {"pods": [(5, "")]}),
        ({"pods": [(5, "2026-01-01")]}, {"pods": [(5, "2026-01-02")]}),
        (
            {"pods": [(5, "2026-01-01"), (1, "2026-01-05")]},
            {"pods": [(5, "2026-01-02"), (1, "2026-01-01")]},
        ),
    ],
)
def test_the_node_with_the_least_harm_is_the_second_one(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    candidates = [
        Candidate(
            name,
            tuple(
                facts_of(low(f"{name}{number}", priority=priority, started=started))
                for number, (priority, started) in enumerate(one["pods"])
            ),
            one.get("violations", 0),
        )
        for name, one in (("first", first), ("second", second))
    ]
    assert least_harm(candidates).node == "second"
    assert least_harm(candidates[::-1]).node == "second"


def test_of_equal_nodes_the_first_is_taken() -> None:
    running = {"n1": [low("a", "2")], "n2": [low("b", "2")]}
    assert chosen(planned(high(), node("n1"), node("n2"), running=running)) == ("n1", ["a"])


def ending(name: str, *, by_scheduler: bool) -> Pod:
    reason = "PreemptionByScheduler" if by_scheduler else "EvictionByEvictionAPI"
    condition = {"type": "DisruptionTarget", "status": "True", "reason": reason}
    return from_dict(
        Pod,
        {
            "metadata": {
                "name": name, "namespace": "default", "uid": name, "deletionTimestamp": "2026",
            },
            "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "2"}}}]},
            "status": {"conditions": [condition]},
        },
    )  # fmt: skip


def test_victims_that_are_about_to_end_are_waited_for() -> None:
    nodes = [node("n1"), node("n2")]
    running = {"n1": [ending("a", by_scheduler=True)], "n2": [low("b", "2")]}
    plan = planned(high(), *nodes, running=running, nominated_node="n1")
    assert (plan.chosen, plan.waits) == (None, True)
    assert plan.why == "not eligible due to a terminating pod on the nominated node."
    running = {"n1": [ending("a", by_scheduler=False)], "n2": [low("b", "2")]}
    assert planned(high(), *nodes, running=running, nominated_node="n1").chosen
    running = {"n1": [ending("a", by_scheduler=True)], "n2": [low("b", "2")]}
    cordoned = node("n1", unschedulable=True)
    plan = planned(high(), cordoned, nodes[1], running=running, nominated_node="n1")
    assert chosen(plan) == ("n2", ["b"])


def test_a_nominated_pod_counts_as_if_it_were_there() -> None:
    promised = pod("promised", cpu="1500m", priority=100)
    wanted = high("1")
    plan = planned(wanted, node(), running={}, nominated={"n1": [promised]})
    assert plan.why.startswith("0/1 nodes are available: 1 No preemption victims")
    running = {"n1": [low("a", "500m")], "n2": [low("b", "2")]}
    nodes = [node("n1"), node("n2")]
    plan = planned(wanted, *nodes, running=running, nominated={"n1": [promised]})
    assert chosen(plan) == ("n2", ["b"])
