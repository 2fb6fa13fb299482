"""Inter-pod affinity: which nodes it refuses, prefers, and what may help a pod that it refused."""

from typing import Any

import pytest

from minikube8s.scheduler.framework import Change, Kind
from minikube8s.scheduler.pods import facts_of, incoming
from minikube8s.scheduler.states import NodeState
from minikube8s.scheduler.topology.affinity import InterPodAffinity
from minikube8s.scheduler.topology.population import Population
from tests.support.scheduling import Cluster, node, pod

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"
NOT_NEAR = "node(s) didn't match pod affinity rules"
NOT_APART = "node(s) didn't match pod anti-affinity rules"
REPELLED = "node(s) didn't satisfy existing pods anti-affinity rules"


def host(name: str, zone: str = "", **fields: Any) -> Any:
    labels = {HOST: name, **({ZONE: zone} if zone else {}), **fields.pop("labels", {})}
    return node(name, labels=labels, **fields)


def term(app: str, key: str = HOST, **fields: Any) -> dict[str, Any]:
    return {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key, **fields}


def needs(kind: str, *terms: dict[str, Any]) -> dict[str, Any]:
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}


def near(*terms: dict[str, Any]) -> dict[str, Any]:
    return needs("podAffinity", *terms)


def apart(*terms: dict[str, Any]) -> dict[str, Any]:
    return needs("podAntiAffinity", *terms)


def wish(kind: str, weight: int, wanted: dict[str, Any]) -> dict[str, Any]:
    one = {"weight": weight, "podAffinityTerm": wanted}
    return {kind: {"preferredDuringSchedulingIgnoredDuringExecution": [one]}}


def app(name: str, label: str = "", **fields: Any) -> Any:
    return pod(name, labels={"app": label or name}, **fields)


def sentence(reasons: str, hopes: str, nodes: int) -> str:
    found = f"0/{nodes} nodes are available"
    return f"{found}: {reasons}. preemption: {found}: {hopes}."


def test_a_pod_goes_where_the_pods_are_that_it_wants_near() -> None:
    cluster = Cluster(host("n1"), host("n2"), host("n3"), running={"n2": [app("cache")]})
    assert cluster.place(app("web", affinity=near(term("cache")))) == "n2"


def test_near_is_whatever_the_topology_key_says() -> None:
    nodes = [host("n1", "a"), host("n2", "b"), host("n3", "b", unschedulable=True)]
    cluster = Cluster(*nodes, running={"n3": [app("cache")]})
    assert cluster.place(app("web", affinity=near(term("cache", ZONE)))) == "n2"


def test_without_such_pods_no_node_will_do_and_preemption_does_not_help() -> None:
    cluster = Cluster(host("n1"), host("n2"))
    assert cluster.refusal(app("web", affinity=near(term("cache")))) == sentence(
        f"2 {NOT_NEAR}", f"2 {NOT_HELPFUL}", 2
    )


def test_the_first_pod_of_a_group_that_wants_itself_near_goes_where_the_key_is() -> None:
    cluster = Cluster(node("bare"), host("n1"), host("n2"))
    first = cluster.place(app("web-1", "web", affinity=near(term("web"))))
    assert first in ("n1", "n2")
    assert cluster.place(app("web-2", "web", affinity=near(term("web")))) == first


def test_all_terms_have_to_mean_the_same_pod() -> None:
    running = {"n1": [app("a", "a")], "n2": [pod("both", labels={"app": "a", "tier": "x"})]}
    cluster = Cluster(host("n1"), host("n2"), running=running)
    tier = {"labelSelector": {"matchLabels": {"tier": "x"}}, "topologyKey": HOST}
    assert cluster.place(app("web", affinity=near(term("a"), tier))) == "n2"


def test_pods_that_want_to_be_apart_take_a_node_each_and_the_last_one_waits() -> None:
    cluster = Cluster(host("n1"), host("n2"), host("n3"))
    wanted = [app(f"web-{one}", "web", affinity=apart(term("web"))) for one in range(4)]
    assert {cluster.place(one) for one in wanted[:3]} == {"n1", "n2", "n3"}
    assert cluster.refusal(wanted[3]) == sentence(f"3 {NOT_APART}", f"3 {NO_VICTIMS}", 3)


def test_running_pods_keep_others_away_that_do_not_mind_them() -> None:
    loner = app("loner", affinity=apart(term("web", ZONE)))
    nodes = host("n1", "a"), host("n2", "a"), host("n3", "b")
    cluster = Cluster(*nodes, running={"n1": [loner]})
    assert cluster.place(app("web")) == "n3"
    assert cluster.place(app("other")) != ""
    lonely = Cluster(host("n1", "a"), running={"n1": [loner]})
    assert lonely.refusal(app("web")) == sentence(f"1 {REPELLED}", f"1 {NO_VICTIMS}", 1)


def test_pods_of_other_namespaces_count_only_where_a_term_says_so() -> None:
    there = pod("web-1", namespace="shop", labels={"app": "web"})
    for fields, refused in (
        ({}, False),
        ({"namespaces": ["shop"]}, True),
        ({"namespaceSelector": {}}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "x"}}}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "y"}}}, False),
        ({"namespaceSelector": {"matchLabels": {"team": "y"}}, "namespaces": ["shop"]}, True),
    ):
        cluster = Cluster(host("n1"))
        cluster.surroundings.population.set_namespace("shop", {"team": "x"})
        cluster.usage.set_pod(facts_of(there), "n1")
        wanted = app("web-2", "web", affinity=apart(term("web", **fields)))
        assert bool(cluster.refusal(wanted)) is refused, fields


def test_namespaces_get_other_labels_and_pods_get_other_neighbours() -> None:
    cluster = Cluster(host("n1"))
    chosen = term("web", namespaceSelector={"matchLabels": {"team": "x"}})
    cluster.usage.set_pod(facts_of(pod("w", namespace="shop", labels={"app": "web"})), "n1")
    wanted = app("other", affinity=apart(chosen))
    assert cluster.refusal(wanted) == ""
    assert cluster.surroundings.population.set_namespace("shop", {"team": "x"})
    assert NOT_APART in cluster.refusal(wanted)
    assert not cluster.surroundings.population.set_namespace("shop", {"team": "x"})
    assert cluster.surroundings.population.remove_namespace("shop")
    assert cluster.refusal(wanted) == ""


def test_a_selector_that_is_missing_or_impossible_means_no_pod() -> None:
    for selector in (None, {"matchExpressions": [{"key": "app", "operator": "Like"}]}):
        there = app("web", affinity=apart({"labelSelector": selector, "topologyKey": HOST}))
        cluster = Cluster(host("n1"), running={"n1": [there]})
        assert cluster.place(app("web-2", "web")) == "n1"


@pytest.mark.parametrize(
    ("affinity", "there", "chosen"),
    [
        (wish("podAffinity", 50, term("cache")), {}, "n2"),
        (wish("podAntiAffinity", 50, term("cache")), {}, "n1"),
        ({}, wish("podAffinity", 50, term("web")), "n2"),
        ({}, wish("podAntiAffinity", 50, term("web")), "n1"),
        ({}, near(term("web")), "n2"),
    ],
)
def test_wishes_of_both_sides_and_needs_of_running_pods_make_nodes_better_or_worse(
    affinity: dict[str, Any], there: dict[str, Any], chosen: str
) -> None:
    nodes = [host("n1"), host("n2")]
    first = app("cache", affinity=there)
    cluster = Cluster(*nodes, running={"n2": [first]})
    assert cluster.decide(app("web", affinity=affinity)).node == chosen


def test_preemption_sees_the_nodes_without_the_pods_that_would_go() -> None:
    low = app("web-1", "web", affinity=apart(term("web")), priority=1)
    cluster = Cluster(host("n1"), running={"n1": [low]})
    wanted = app("web-2", "web", affinity=apart(term("web")), priority=5)
    assert cluster.victims(wanted) == {"n1": ["web-1"]}
    assert cluster.victims(app("web-3", "web", priority=5)) == {"n1": ["web-1"]}


def test_who_is_nominated_keeps_others_away_before_it_is_there() -> None:
    cluster = Cluster(host("n1"), host("n2"))
    promised = facts_of(app("p", affinity=apart(term("web"))))
    view = cluster.usage.view()
    for node_name, other in (("n1", "n2"), ("n2", "n1")):
        wanted = incoming(app("web"))
        assert cluster.decider.decide(wanted, view, {node_name: [promised]}).node == other
    assert cluster.decider.decide(incoming(app("x")), view, {"n1": [promised]}).fitting == 2


def helps(wanted: Any, kind: Kind, **fields: Any) -> bool:
    return InterPodAffinity(Population()).helps(incoming(wanted), Change(kind, **fields))


def test_a_refused_pod_is_looked_at_when_its_neighbour_comes_or_who_is_in_its_way_goes() -> None:
    follows, avoids = app("f", affinity=near(term("a"))), app("v", affinity=apart(term("a")))
    a, b = facts_of(app("a")), facts_of(app("b"))
    assert helps(follows, Kind.POD_ADDED, pod=a)
    assert not helps(follows, Kind.POD_ADDED, pod=b)
    assert not helps(follows, Kind.POD_REMOVED, pod=a)
    for there, wakes in (a, True), (b, False):
        assert helps(follows, Kind.NODE_ADDED, state=NodeState(node(), [there])) is wakes
    assert helps(avoids, Kind.POD_REMOVED, pod=a)
    assert not helps(avoids, Kind.POD_REMOVED, pod=b)
    assert not helps(avoids, Kind.POD_ADDED, pod=a)
    assert helps(app("x"), Kind.POD_REMOVED, pod=facts_of(app("y", affinity=apart(term("x")))))
    group = app("g-2", "g", affinity=near(term("g")))
    assert helps(group, Kind.POD_REMOVED, pod=facts_of(app("g-1", "g")))
