"""Where a pod goes, and the sentence that says why it goes nowhere."""

from typing import Any

import pytest

from minikube8s.api.views import Node, Pod, from_dict
from minikube8s.scheduler.amounts import ASSUMED, requested
from minikube8s.scheduler.decision import decide
from minikube8s.scheduler.snapshot import NodeState
from minikube8s.scheduler.usage import Usage

NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"


def node(name: str = "n1", **fields: Any) -> Node:
    labels = fields.pop("labels", {})
    images = fields.pop("images", [])
    allocatable = {"cpu": "2", "memory": "4Gi", "pods": "10", **fields.pop("allocatable", {})}
    return from_dict(
        Node,
        {
            "metadata": {"name": name, "labels": labels},
            "spec": fields,
            "status": {"allocatable": allocatable, "images": images},
        },
    )


def pod(
    name: str = "p", *, cpu: str = "", memory: str = "", host_port: int = 0, **spec: Any
) -> Pod:
    asked = {"cpu": cpu, "memory": memory}
    requests = {key: value for key, value in asked.items() if value}
    ports = [{"containerPort": 80, "hostPort": host_port, "hostIP": spec.pop("host_ip", "")}]
    container = {"name": "c", "image": "nginx", "resources": {"requests": requests}}
    if host_port:
        container["ports"] = ports
    return from_dict(
        Pod,
        {
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"containers": [container], **spec},
        },
    )


def states(*nodes: Node, running: dict[str, list[Pod]] | None = None) -> list[NodeState]:
    usage = Usage()
    for one in nodes:
        usage.set_node(one)
    for name, pods in (running or {}).items():
        for one in pods:
            usage.set_pod(one, name)
    return usage.states()


def refusal(wanted: Pod, *nodes: Node, running: dict[str, list[Pod]] | None = None) -> str:
    decision = decide(wanted, states(*nodes, running=running))
    assert decision.node == ""
    return decision.message


def sentence(reasons: str, *hopes: str, nodes: int = 1) -> str:
    end = ", ".join(hopes)
    found = f"0/{nodes} nodes are available"
    return f"{found}: {reasons}. preemption: {found}: {end}."


def test_without_nodes_there_is_nothing_to_choose() -> None:
    assert decide(pod(), []).message == "no nodes available to schedule pods"


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
    assert decide(pod(tolerations=[toleration]), states(tainted)).node == "n1"


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
    assert bool(decide(pod(affinity=affinity), states(host)).node) is fits


@pytest.mark.parametrize(
    ("taken", "asked", "fits"),
    [("", "", False), ("10.0.0.1", "10.0.0.2", True), ("", "10.0.0.2", False)],
)
def test_host_ports_conflict_by_address(taken: str, asked: str, fits: bool) -> None:
    running = {"n1": [pod("a", host_port=80, host_ip=taken)]}
    decision = decide(pod(host_port=80, host_ip=asked), states(node(), running=running))
    assert bool(decision.node) is fits


def test_the_node_with_most_left_is_chosen_and_equal_ones_in_turn() -> None:
    running: dict[str, list[Pod]] = {"n1": [], "n2": [], "n3": []}
    for number in range(6):
        hosts = [node(name) for name in running]
        running[decide(pod(), states(*hosts, running=running)).node].append(pod(str(number)))
    assert [len(pods) for pods in running.values()] == [2, 2, 2]


def test_preferences_outweigh_a_little_load() -> None:
    image = {"names": ["nginx:latest"], "sizeBytes": 10**9}
    assert decide(pod(), states(node("n1"), node("n2", images=[image]))).node == "n2"
    avoid = [{"key": "x", "effect": "PreferNoSchedule"}]
    assert decide(pod(), states(node("n1", taints=avoid), node("n2"))).node == "n2"
    wish = {"weight": 1, "preference": {"matchExpressions": [{"key": "ssd", "operator": "Exists"}]}}
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}}
    hosts = states(node("n1"), node("n2", labels={"ssd": ""}))
    assert decide(pod(affinity=affinity), hosts).node == "n2"


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


def test_usage_follows_a_pod_from_node_to_node_and_away() -> None:
    usage = Usage()
    usage.set_node(node("n1"))
    usage.set_node(node("n2"))
    usage.set_pod(pod(cpu="1"), "n1")
    usage.set_pod(pod(cpu="1"), "n2")
    assert [(one.name, one.pods, dict(one.requests)) for one in usage.states()] == [
        ("n1", 0, {}),
        ("n2", 1, {"cpu": 1000}),
    ]
    assert usage.remove_pod(("default", "p"))
    assert not usage.remove_pod(("default", "p"))
    usage.remove_node("n2")
    assert [one.name for one in usage.states()] == ["n1"]


def test_pods_of_an_unknown_node_count_once_the_node_is_known() -> None:
    usage = Usage()
    usage.set_pod(pod(cpu="1"), "late")
    assert usage.states() == []
    usage.set_node(node("late"))
    assert usage.states()[0].requests == {"cpu": 1000}
