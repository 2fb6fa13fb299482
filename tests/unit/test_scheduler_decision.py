"""Where a pod goes, and the sentence that says why it goes nowhere."""

from typing import Any

import pytest

from minikube8s.api.views import Node, Pod, from_dict
from minikube8s.scheduler.amounts import ASSUMED, requested
from minikube8s.scheduler.decision import ALL_NODES, enough
from minikube8s.scheduler.pods import PodFacts, facts_of, shape_of
from minikube8s.scheduler.states import NodeState
from minikube8s.scheduler.usage import Observer, Usage
from tests.support.scheduling import Cluster, node, pod

NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"


def refusal(wanted: Pod, *nodes: Node, running: dict[str, list[Pod]] | None = None) -> str:
    told = Cluster(*nodes, running=running).refusal(wanted)
    assert told
    return told


def sentence(reasons: str, *hopes: str, nodes: int = 1) -> str:
    end = ", ".join(hopes)
    found = f"0/{nodes} nodes are available"
    return f"{found}: {reasons}. preemption: {found}: {end}."


def test_without_nodes_there_is_nothing_to_choose() -> None:
    assert refusal(pod()) == "no nodes available to schedule pods"


@pytest.mark.parametrize(
    ("wanted", "host", "reason"),
    [
        (pod(), node(unschedulable=True), "node(s) were unschedulable"),
        (
            pod(),
            node(taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]),
            "node(s) had untolerated taint {gpu: yes}",
        ),
        (
            pod(),
            node(taints=[{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}]),
            "node(s) had untolerated taint {node.kubernetes.io/not-ready: }",
        ),
        (
            pod(nodeSelector={"disk": "ssd"}),
            node(labels={"disk": "hdd"}),
            "node(s) didn't match Pod's node affinity/selector",
        ),
        (pod(cpu="3"), node(), "Insufficient cpu"),
        (pod(memory="5Gi"), node(), "Insufficient memory"),
    ],
)
def test_what_evicting_pods_would_not_change(wanted: Pod, host: Node, reason: str) -> None:
    assert refusal(wanted, host) == sentence(f"1 {reason}", f"1 {NOT_HELPFUL}")


def test_what_is_taken_by_other_pods() -> None:
    running = {"n1": [pod("a", cpu="1500m", host_port=80)]}
    assert refusal(pod(cpu="1"), node(), running=running) == sentence(
        "1 Insufficient cpu", f"1 {NO_VICTIMS}"
    )
    assert refusal(pod(host_port=80), node(), running=running) == sentence(
        "1 node(s) didn't have free ports for the requested pod ports", f"1 {NO_VICTIMS}"
    )
    crowded = {"n1": [pod(str(n), cpu="200m") for n in range(10)]}
    assert refusal(pod(cpu="1"), node(), running=crowded) == sentence(
        "1 Insufficient cpu, 1 Too many pods", f"1 {NO_VICTIMS}"
    )


def test_reasons_of_several_nodes_are_counted_and_sorted() -> None:
    nodes = [
        node("n1", unschedulable=True),
        node("n2", allocatable={"cpu": "1"}),
        node("n3", allocatable={"cpu": "1"}),
    ]
    running = {"n2": [pod("a", cpu="1")], "n3": [pod("b", cpu="1")]}
    assert refusal(pod(cpu="500m"), *nodes, running=running) == sentence(
        "1 node(s) were unschedulable, 2 Insufficient cpu",
        f"1 {NOT_HELPFUL}",
        f"2 {NO_VICTIMS}",
        nodes=3,
    )


def test_a_pod_that_never_preempts_is_told_so() -> None:
    message = refusal(pod(cpu="3", preemptionPolicy="Never"), node())
    assert message.endswith("preemption: not eligible due to preemptionPolicy=Never.")


@pytest.mark.parametrize(
    "toleration",
    [
        {"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"},
        {"key": "gpu", "operator": "Exists"},
        {"operator": "Exists"},
    ],
)
def test_a_tolerated_taint_does_not_refuse(toleration: dict[str, str]) -> None:
    tainted = node(taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}])
    assert Cluster(tainted).place(pod(tolerations=[toleration])) == "n1"


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ({"key": "zone", "operator": "In", "values": ["a", "b"]}, True),
        ({"key": "zone", "operator": "NotIn", "values": ["a"]}, False),
        ({"key": "zone", "operator": "Exists"}, True),
        ({"key": "zone", "operator": "DoesNotExist"}, False),
        ({"key": "cores", "operator": "Gt", "values": ["7"]}, True),
        ({"key": "cores", "operator": "Lt", "values": ["8"]}, False),
        ({"key": "zone", "operator": "Gt", "values": ["1"]}, False),
    ],
)
def test_required_node_affinity(expression: dict[str, Any], fits: bool) -> None:
    term = {"matchExpressions": [expression]}
    required = {"nodeSelectorTerms": [{}, term]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    host = node(labels={"zone": "a", "cores": "8"})
    assert bool(Cluster(host).place(pod(affinity=affinity))) is fits


@pytest.mark.parametrize(
    ("taken", "asked", "fits"),
    [("", "", False), ("10.0.0.1", "10.0.0.2", True), ("", "10.0.0.2", False)],
)
def test_host_ports_conflict_by_address(taken: str, asked: str, fits: bool) -> None:
    running = {"n1": [pod("a", host_port=80, host_ip=taken)]}
    cluster = Cluster(node(), running=running)
    assert bool(cluster.place(pod(host_port=80, host_ip=asked))) is fits


def test_the_node_with_most_left_is_chosen_and_equal_ones_in_turn() -> None:
    cluster = Cluster(*(node(name) for name in ("n1", "n2", "n3")))
    homes = [cluster.place(pod(str(number))) for number in range(6)]
    assert homes == ["n1", "n2", "n3"] * 2


def test_preferences_outweigh_a_little_load() -> None:
    image = {"names": ["nginx:latest"], "sizeBytes": 10**9}
    assert Cluster(node("n1"), node("n2", images=[image])).place(pod()) == "n2"
    avoid = [{"key": "x", "effect": "PreferNoSchedule"}]
    assert Cluster(node("n1", taints=avoid), node("n2")).place(pod()) == "n2"
    wish = {"weight": 1, "preference": {"matchExpressions": [{"key": "ssd", "operator": "Exists"}]}}
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}}
    cluster = Cluster(node("n1"), node("n2", labels={"ssd": ""}))
    assert cluster.place(pod(affinity=affinity)) == "n2"


def test_a_pod_counts_at_its_peak() -> None:
    def container(cpu: str, **fields: str) -> dict[str, Any]:
        return {"name": "c", "resources": {"requests": {"cpu": cpu}}, **fields}

    spec = {
        "initContainers": [container("3"), container("200m", restartPolicy="Always")],
        "containers": [container("1"), container("500m")],
        "overhead": {"cpu": "50m"},
    }
    assert requested(from_dict(Pod, {"spec": spec})) == {"cpu": 3050}
    spec["initContainers"].reverse()  # type: ignore[attr-defined]
    assert requested(from_dict(Pod, {"spec": spec})) == {"cpu": 3250}
    assert requested(pod(), ASSUMED) == dict(ASSUMED)


def taken(usage: Usage) -> list[tuple[str, int, dict[str, int]]]:
    return [(one.name, len(one.pods), one.requests) for one in usage.view().states]


def test_usage_follows_a_pod_from_node_to_node_and_away() -> None:
    usage = Usage()
    usage.set_node(node("n1"))
    usage.set_node(node("n2"))
    one = facts_of(pod(cpu="1"))
    usage.set_pod(one, "n1")
    usage.set_pod(one, "n2")
    assert taken(usage) == [("n1", 0, {}), ("n2", 1, {"cpu": 1000})]
    assert usage.remove_pod(("default", "p")) == (one, "n2")
    assert usage.remove_pod(("default", "p")) is None
    usage.remove_node("n2")
    assert taken(usage) == [("n1", 0, {})]


def test_pods_of_an_unknown_node_count_once_the_node_is_known() -> None:
    usage = Usage()
    usage.set_pod(facts_of(pod(cpu="1")), "late")
    assert usage.view().states == []
    usage.set_node(node("late"))
    assert taken(usage) == [("late", 1, {"cpu": 1000})]
    usage.remove_node("late")
    usage.set_node(node("late"))
    assert taken(usage) == [("late", 1, {"cpu": 1000})]
    usage.remove_node("late")
    assert usage.remove_pod(("default", "p"))
    usage.set_node(node("late"))
    assert taken(usage) == [("late", 0, {})]


class PerZone(Observer):
    """Counts pods by their nodes' zones."""

    def __init__(self) -> None:
        self.nodes: list[str] = []
        self.pods: dict[str, int] = {}

    def node_added(self, state: NodeState) -> None:
        self.nodes.append(state.node.metadata.labels["zone"])

    def node_removed(self, state: NodeState) -> None:
        self.nodes.remove(state.node.metadata.labels["zone"])

    def pod_added(self, pod: PodFacts, state: NodeState) -> None:
        zone = state.node.metadata.labels["zone"]
        self.pods[zone] = self.pods.get(zone, 0) + 1

    def pod_removed(self, pod: PodFacts, state: NodeState) -> None:
        self.pods[state.node.metadata.labels["zone"]] -= 1


def test_an_observer_that_counts_by_labels_stays_right_when_nodes_come_change_and_go() -> None:
    usage, seen = Usage(), PerZone()
    usage.observe(seen)
    usage.set_pod(facts_of(pod("early")), "n1")
    assert (seen.nodes, seen.pods) == ([], {})
    usage.set_node(node("n1", labels={"zone": "a"}))
    usage.set_pod(facts_of(pod("late")), "n1")
    assert (seen.nodes, seen.pods) == (["a"], {"a": 2})
    usage.set_node(node("n1", labels={"zone": "b"}))
    assert (seen.nodes, seen.pods) == (["b"], {"a": 0, "b": 2})
    usage.set_pod(facts_of(pod("late", labels={"new": "one"})), "n1")
    assert seen.pods == {"a": 0, "b": 2}
    usage.remove_node("n1")
    assert (seen.nodes, seen.pods) == ([], {"a": 0, "b": 0})
    usage.remove_pod(("default", "late"))
    usage.set_node(node("n1", labels={"zone": "a"}))
    assert (seen.nodes, seen.pods) == (["a"], {"a": 1, "b": 0})


def test_pods_of_one_template_share_their_shape_and_what_they_ask_of_a_node_tells_others_apart():
    assert shape_of(pod("a", cpu="1")) is shape_of(pod("b", cpu="1000m", labels={"x": "y"}))
    for other in (
        pod(cpu="2"),
        pod(cpu="1", host_port=80),
        pod(cpu="1", nodeSelector={"disk": "ssd"}),
        pod(cpu="1", tolerations=[{"operator": "Exists"}]),
    ):
        assert shape_of(other) != shape_of(pod(cpu="1"))


def test_what_is_known_of_a_node_is_forgotten_with_every_change_of_it() -> None:
    cluster = Cluster(node("n1"))
    assert cluster.place(pod("a", cpu="1500m")) == "n1"
    assert cluster.place(pod("b", cpu="1500m")) == ""
    cluster.usage.set_node(node("n1", allocatable={"cpu": "3"}))
    assert cluster.place(pod("b", cpu="1500m")) == "n1"
    assert cluster.place(pod("c", cpu="1500m")) == ""
    cluster.usage.remove_pod(("default", "a"))
    assert cluster.place(pod("c", cpu="1500m")) == "n1"
    cluster.usage.remove_node("n1")
    cluster.usage.set_node(node("n1", unschedulable=True, allocatable={"cpu": "9"}))
    assert cluster.place(pod("d", cpu="1500m")) == ""


def test_a_large_cluster_is_searched_in_turns_until_enough_nodes_fit() -> None:
    assert [enough(nodes) for nodes in (0, 3, ALL_NODES, 150, 1000, 5000, 10_000)] == [
        0, 3, 100, 100, 100, 250, 500,
    ]  # fmt: skip
    nodes = [node(f"n{number:03}", allocatable={"pods": "1"}) for number in range(200)]
    cluster = Cluster(*nodes)
    first = cluster.decide(pod())
    assert (first.node, first.fitting) == ("n000", 100)
    assert cluster.decide(pod()).node == "n100"
    homes = {cluster.place(pod(str(number))) for number in range(200)}
    assert len(homes) == 200 and "" not in homes
    assert cluster.place(pod("last")) == ""


def on_nodes(*names: str) -> dict[str, Any]:
    field = {"key": "metadata.name", "operator": "In", "values": list(names)}
    required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


def test_a_pod_that_names_its_nodes_is_decided_by_a_look_at_these_alone() -> None:
    cluster = Cluster(*(node(f"n{number:03}") for number in range(300)))
    decision = cluster.decide(pod(affinity=on_nodes("n250")))
    assert (decision.node, decision.fitting, decision.refusals) == ("n250", 1, {})
    assert cluster.decide(pod(affinity=on_nodes("n299", "gone"))).node == "n299"
    told = cluster.refusal(pod(cpu="3", affinity=on_nodes("n250")))
    assert told == sentence(
        "1 Insufficient cpu, 299 node(s) didn't satisfy plugin(s) [NodeAffinity]",
        f"300 {NOT_HELPFUL}",
        nodes=300,
    )
    gone = cluster.decide(pod(affinity=on_nodes("gone")))
    assert (gone.node, gone.refused_by) == ("", {"NodeAffinity"})
    field = on_nodes("n001")["nodeAffinity"]
    terms = field["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    terms[0]["matchExpressions"] = [{"key": "disk", "operator": "Exists"}]
    assert cluster.decide(pod(affinity={"nodeAffinity": field})).node == ""
