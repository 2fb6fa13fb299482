"""Topology spread: which nodes it refuses, prefers, and what may help a pod that it refused."""

from typing import Any

import pytest

from minikube8s.api.views import Pod, from_dict
from minikube8s.scheduler.framework import Change, Kind
from minikube8s.scheduler.pods import facts_of, incoming
from minikube8s.scheduler.topology.population import Population
from minikube8s.scheduler.topology.spread import PodTopologySpread
from minikube8s.scheduler.usage import Usage
from tests.support.scheduling import Cluster, node, pod

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"
UNEVEN = "node(s) didn't match pod topology spread constraints"
UNLABELLED = f"{UNEVEN} (missing required label)"
WEB = {"matchLabels": {"app": "web"}}


def host(name: str, zone: str = "", **fields: Any) -> Any:
    labels = {HOST: name, **({ZONE: zone} if zone else {}), **fields.pop("labels", {})}
    return node(name, labels=labels, **fields)


def constraint(key: str = ZONE, skew: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "topologyKey": key,
        "maxSkew": skew,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": WEB,
        **fields,
    }


def web(name: str, *constraints: dict[str, Any], **fields: Any) -> Pod:
    labels = {"app": "web", **fields.pop("labels", {})}
    return pod(name, labels=labels, topologySpreadConstraints=list(constraints), **fields)


def three(**running: list[Pod]) -> Cluster:
    """Two nodes in zone a, one in b."""
    return Cluster(host("n1", "a"), host("n2", "a"), host("n3", "b"), running=running)


def test_pods_are_spread_over_domains_not_nodes() -> None:
    cluster = three()
    homes = [cluster.place(web(f"w{one}", constraint())) for one in range(6)]
    assert sum(home == "n3" for home in homes) == 3


def test_a_node_that_would_make_it_too_uneven_is_refused_and_others_ends_may_help() -> None:
    there = [web("w1"), web("w2")]
    cluster = Cluster(host("n1", "a"), host("n2", "b", unschedulable=True), running={"n1": there})
    found = "0/2 nodes are available"
    assert cluster.refusal(web("w", constraint())) == (
        f"{found}: 1 {UNEVEN}, 1 node(s) were unschedulable."
        f" preemption: {found}: 1 {NO_VICTIMS}, 1 {NOT_HELPFUL}."
    )
    assert cluster.place(web("w", constraint(skew=3))) == "n1"


def test_a_node_without_the_label_is_refused_for_good() -> None:
    found = "0/1 nodes are available"
    assert Cluster(node("bare")).refusal(web("w", constraint())) == (
        f"{found}: 1 {UNLABELLED}. preemption: {found}: 1 {NOT_HELPFUL}."
    )


@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        ({}, "n3"),
        ({"labelSelector": None}, ""),
        ({"labelSelector": {}}, ""),
        ({"labelSelector": {"matchLabels": {"app": "other"}}}, ""),
        ({"matchLabelKeys": ["version"]}, ""),
        ({"matchLabelKeys": ["absent"]}, "n3"),
    ],
)
def test_only_selected_pods_of_the_namespace_that_are_not_being_deleted_count(
    fields: dict[str, Any], chosen: str
) -> None:
    leaving = from_dict(
        Pod,
        {
            "metadata": {
                "name": "x",
                "namespace": "default",
                "labels": {"app": "web"},
                "deletionTimestamp": "2026-01-01T00:00:00Z",
            }
        },
    )
    elsewhere = web("w0", namespace="shop")
    old = web("w1", labels={"version": "1"})
    cluster = three(n1=[old], n3=[leaving, elsewhere])
    wanted = web("w", constraint(**fields), labels={"version": "2"})
    refused = cluster.decide(wanted).refusals
    assert set(refused) == ({"n1", "n2"} if chosen else set())


def test_fewer_domains_than_wanted_count_as_if_an_empty_one_were_there() -> None:
    cluster = three(n1=[web("w1")], n3=[web("w2")])
    assert cluster.refusal(web("w", constraint(minDomains=2))) == ""
    assert UNEVEN in cluster.refusal(web("w", constraint(minDomains=3)))


def test_nodes_that_the_pod_cannot_use_are_left_out_of_the_count_if_the_policies_say_so() -> None:
    taints = [{"key": "k", "value": "v", "effect": "NoSchedule"}]
    nodes = host("n1", "a"), host("n2", "b", labels={"disk": "hdd"}, taints=taints)
    cluster = Cluster(*nodes, running={"n1": [web("w1")]})
    for fields, fits in (
        ({}, False),
        ({"nodeTaintsPolicy": "Honor"}, True),
    ):
        assert (cluster.refusal(web("w", constraint(**fields))) == "") is fits
    needed = {"key": "disk", "operator": "DoesNotExist"}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [needed]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    for policy, fits in (("Honor", True), ("Ignore", False)):
        wanted = web("w", constraint(nodeAffinityPolicy=policy), affinity=affinity)
        assert (cluster.refusal(wanted) == "") is fits


def test_all_constraints_hold_at_once() -> None:
    cluster = three(n1=[web("w1")], n3=[web("w2")])
    assert cluster.place(web("w", constraint(ZONE), constraint(HOST))) == "n2"


def test_constraints_that_need_not_hold_make_emptier_domains_better_and_refuse_none() -> None:
    soft = constraint(whenUnsatisfiable="ScheduleAnyway")
    cluster = three(n1=[web("w1")], n2=[web("w2")], n3=[web("w3", cpu="1500m")])
    decision = cluster.decide(web("w", soft))
    assert (decision.node, decision.refusals) == ("n3", {})


def test_pods_of_a_service_without_constraints_prefer_nodes_and_zones_without_its_pods() -> None:
    wanted = pod("w", labels={"app": "web"})
    cluster = three(n1=[web("w1", cpu="1m")])
    assert "PodTopologySpread" not in dict(cluster.decide(wanted).ranking[0].points)
    cluster.surroundings.services.put(("default", "web"), {"app": "web"})
    decision = cluster.decide(wanted)
    assert decision.node == "n3"
    assert dict(decision.ranking[0].points)["PodTopologySpread"] == 200
    cluster.surroundings.services.put(("default", "web"), {"app": "other"})
    assert "PodTopologySpread" not in dict(cluster.decide(wanted).ranking[0].points)
    cluster.surroundings.services.put(("default", "web"), {"app": "web"})
    cluster.surroundings.services.remove(("default", "web"))
    assert "PodTopologySpread" not in dict(cluster.decide(wanted).ranking[0].points)


def test_preemption_sees_the_domains_without_the_pods_that_would_go() -> None:
    cluster = three(n1=[web("w1", priority=1)], n2=[web("w2", priority=1)])
    assert cluster.victims(web("w", constraint(), priority=5)) == {}
    full = Cluster(
        host("n1", "a"),
        host("n2", "b", unschedulable=True),
        running={"n1": [web("w1", priority=1)]},
    )
    assert full.victims(web("w", constraint(), priority=5)) == {"n1": ["w1"]}


def test_who_is_being_deleted_already_makes_no_more_room_by_going() -> None:
    leaving = facts_of(
        from_dict(
            Pod,
            {
                "metadata": {
                    "name": "x",
                    "namespace": "default",
                    "labels": {"app": "web"},
                    "deletionTimestamp": "2026-01-01T00:00:00Z",
                }
            },
        )
    )
    usage, population = Usage(), Population()
    usage.observe(population)
    usage.set_node(host("n1", "a"))
    usage.set_node(host("n2", "b"))
    usage.set_pod(facts_of(web("w1")), "n1")
    usage.set_pod(leaving, "n1")
    ready = PodTopologySpread(population).prepare(incoming(web("w", constraint())), usage.view())
    state = usage.find("n1")
    assert state is not None and ready is not None and not isinstance(ready, tuple)
    assert ready.moved(state, [leaving], ()).check(state) is not None
    assert ready.moved(state, [leaving, facts_of(web("w1"))], ()).check(state) is None


def test_a_refused_pod_is_looked_at_when_pods_come_or_go_that_it_is_spread_with() -> None:
    usage = Usage()
    usage.set_node(host("n1", "a"))
    usage.set_node(node("bare"))
    one = PodTopologySpread(Population())
    wanted = incoming(web("w", constraint()))
    mine, other = facts_of(web("w1")), facts_of(pod("o", labels={"app": "other"}))
    away = facts_of(web("w1", namespace="shop"))
    for kind in (Kind.POD_ADDED, Kind.POD_REMOVED, Kind.POD_LEAVING):
        assert one.helps(wanted, Change(kind, pod=mine))
        assert not one.helps(wanted, Change(kind, pod=other))
        assert not one.helps(wanted, Change(kind, pod=away))
    for kind in (Kind.NODE_ADDED, Kind.NODE_REMOVED):
        assert one.helps(wanted, Change(kind, usage.find("n1")))
        assert not one.helps(wanted, Change(kind, usage.find("bare")))
    assert not one.helps(wanted, Change(Kind.NODE_TAINTS, usage.find("n1")))
    assert one.helps(wanted, Change(Kind.NODE_LABELS, usage.find("n1")))
    honors = incoming(web("w", constraint(nodeTaintsPolicy="Honor")))
    assert one.helps(honors, Change(Kind.NODE_TAINTS, usage.find("n1")))
