"""Nodes, pods and decisions for tests of the scheduler's pure parts."""

from typing import Any

from minikube8s.api.views import Node, Pod, from_dict
from minikube8s.scheduler import preemption, wording
from minikube8s.scheduler.decision import Decider, Decision
from minikube8s.scheduler.plugins import all_plugins
from minikube8s.scheduler.pods import facts_of, incoming
from minikube8s.scheduler.topology.surroundings import Surroundings
from minikube8s.scheduler.usage import Usage
from minikube8s.scheduler.volumes import NONE, PodVolumes


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
    name: str = "p",
    *,
    namespace: str = "default",
    labels: dict[str, str] | None = None,
    cpu: str = "",
    memory: str = "",
    host_port: int = 0,
    started: str = "",
    **spec: Any,
) -> Pod:
    asked = {"cpu": cpu, "memory": memory}
    requests = {key: value for key, value in asked.items() if value}
    ports = [{"containerPort": 80, "hostPort": host_port, "hostIP": spec.pop("host_ip", "")}]
    container = {"name": "c", "image": "nginx", "resources": {"requests": requests}}
    if host_port:
        container["ports"] = ports
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": labels or {}}
    status = {"startTime": started} if started else {}
    return from_dict(
        Pod,
        {
            "metadata": metadata,
            "spec": {"containers": [container], **spec},
            "status": status,
        },
    )


class Cluster:
    """Nodes and pods, and a decider with all plugins that sees them."""

    def __init__(self, *nodes: Node, running: dict[str, list[Pod]] | None = None) -> None:
        self.usage = Usage()
        self.surroundings = Surroundings()
        self.decider = Decider(all_plugins(self.usage, None, self.surroundings))
        for one in nodes:
            self.usage.set_node(one)
        for name, pods in (running or {}).items():
            for there in pods:
                self.usage.set_pod(facts_of(there), name)

    def decide(self, wanted: Pod, volumes: PodVolumes = NONE) -> Decision:
        return self.decider.decide(incoming(wanted, volumes), self.usage.view())

    def place(self, wanted: Pod) -> str:
        """Have the pod count where it goes, and return that."""
        name = self.decide(wanted).node
        if name:
            self.usage.set_pod(facts_of(wanted), name)
        return name

    def refusal(self, wanted: Pod, volumes: PodVolumes = NONE) -> str:
        """Return the sentence that says why the pod goes nowhere; "" when it goes somewhere."""
        decision = self.decide(wanted, volumes)
        if decision.node:
            return ""
        plan = preemption.plan(incoming(wanted, volumes), self.usage.view(), decision, self.decider)
        assert plan.chosen is None, "others would end for it"
        return wording.refused(decision, plan.why)

    def victims(self, wanted: Pod) -> dict[str, list[str]]:
        """Return whose end would make room for the pod, by the node that it gets then."""
        decision = self.decide(wanted)
        plan = preemption.plan(incoming(wanted), self.usage.view(), decision, self.decider)
        if plan.chosen is None:
            return {}
        return {plan.chosen.node: [victim.key[1] for victim in plan.chosen.victims]}
