"""How long the scheduler takes to decide, by the number of nodes.

    python -m tests.bench.bench_scheduler [pods]

Pods of one template, each counted where it goes; then pods that all differ, so that nothing that
was found for one holds for the next; then a pod that no node can take; then pods that look at other
pods: of a Service, spread over zones and nodes, ten of a group that is kept apart, one group that
wants to be together. Prints medians.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterable

from minikube8s.api.views import Node, Pod
from minikube8s.scheduler.pods import facts_of, incoming
from tests.support.scheduling import Cluster, node, pod

NODES = (10, 100, 1000)
ZONE, HOSTNAME = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
LARGE = {"cpu": "1000", "memory": "1000Gi", "pods": "10000"}


def measured(cluster: Cluster, pods: Iterable[Pod]) -> float:
    """Return the median microseconds of a decision."""
    seconds = []
    for one in pods:
        wanted = incoming(one)
        start = time.perf_counter()
        decision = cluster.decider.decide(wanted, cluster.usage.view())
        seconds.append(time.perf_counter() - start)
        if decision.node:
            cluster.usage.set_pod(wanted.facts, decision.node)
    return statistics.median(seconds) * 1e6


def facts_only(pods: Iterable[Pod]) -> float:
    """Return the median microseconds that it takes to see what a pod is."""
    seconds = []
    for one in pods:
        start = time.perf_counter()
        facts_of(one)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1e6


def host(number: int) -> Node:
    """Return a node in one of three zones."""
    name = f"n{number:05}"
    return node(name, labels={HOSTNAME: name, ZONE: f"z{number % 3}"}, allocatable=LARGE)


def alike(number: int) -> Pod:
    """Return a pod of the one template."""
    return pod(f"p{number}", cpu="100m", memory="64Mi")


def different(number: int) -> Pod:
    """Return a pod like no other."""
    return pod(f"p{number}", cpu=f"{number + 1}m", memory="64Mi")


def too_large(number: int) -> Pod:
    """Return a pod that fits nowhere."""
    return pod(f"p{number}", cpu="2000")


def of_a_service(number: int) -> Pod:
    """Return a pod that is spread by what Kubernetes takes for those of Services."""
    return pod(f"p{number}", cpu="100m", labels={"app": "web"})


def spread(number: int) -> Pod:
    """Return a pod that has to be spread over zones, and is better spread over nodes."""
    chosen = {"labelSelector": {"matchLabels": {"app": "web"}}, "maxSkew": 1}
    hard = {**chosen, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule"}
    soft = {**chosen, "topologyKey": HOSTNAME, "whenUnsatisfiable": "ScheduleAnyway"}
    return pod(f"p{number}", labels={"app": "web"}, topologySpreadConstraints=[hard, soft])


def kept_apart(number: int) -> Pod:
    """Return a pod that bears no other one of its group on its node; ten are a group."""
    group = {"group": f"g{number // 10}"}
    term = {"labelSelector": {"matchLabels": group}, "topologyKey": HOSTNAME}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    return pod(f"p{number}", labels=group, affinity=affinity)


def together(number: int) -> Pod:
    """Return a pod that wants the zone that its group has."""
    term = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": ZONE}
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    return pod(f"p{number}", labels={"app": "web"}, affinity=affinity)


CASES: dict[str, Callable[[int], Pod]] = {
    "one template": alike,
    "all different": different,
    "fits nowhere": too_large,
    "of a Service": of_a_service,
    "spread": spread,
    "kept apart": kept_apart,
    "together": together,
}


def main() -> None:
    """Print a line for each case and number of nodes."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{'what is kept of a pod':34}{facts_only(map(alike, range(count))):10.0f} us")
    for name, make in CASES.items():
        for number in NODES:
            cluster = Cluster(*map(host, range(number)))
            cluster.surroundings.services.put(("default", "web"), {"app": "web"})
            found = measured(cluster, map(make, range(count)))
            print(f"{name + ', ' + str(number) + ' nodes':34}{found:10.0f} us")


if __name__ == "__main__":
    main()
