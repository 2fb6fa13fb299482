"""What inter-pod affinity and topology spread mean, told from all pods each time: the oracle.

Slow and simple on purpose: it keeps nothing, and reads Kubernetes' JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import log
from typing import Any

from minikube8s.api.selectors import from_label_selector

Json = dict[str, Any]
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
HOSTNAME = "kubernetes.io/hostname"


@dataclass
class World:
    """Nodes by name, pods by node (of existing nodes), labels of namespaces."""

    nodes: dict[str, Json] = field(default_factory=dict)
    pods: dict[str, list[Json]] = field(default_factory=dict)
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)

    def running(self) -> Iterator[tuple[Json, Json]]:
        for name, pods in self.pods.items():
            if name in self.nodes:
                yield from ((self.nodes[name], pod) for pod in pods)

    def without(self, node: str, gone: list[Json], come: list[Json]) -> World:
        left = [one for one in self.pods.get(node, []) if one not in gone]
        return World(self.nodes, {**self.pods, node: left + come}, self.namespaces)

    def means(self, term: Json, owner: Json, other: Json) -> bool:
        """Tell whether a term of `owner` means the pod `other`."""
        namespace = other["metadata"]["namespace"]
        named = term.get("namespaces") or []
        chooses = term.get("namespaceSelector")
        if not named and chooses is None:
            named = [owner["metadata"]["namespace"]]
        around = self.namespaces.get(namespace, {})
        if namespace not in named and not from_label_selector(chooses).matches(around):
            return False
        return selected(term.get("labelSelector"), other)


def labels(thing: Json) -> dict[str, str]:
    found: dict[str, str] = thing["metadata"].get("labels") or {}
    return found


def selected(selector: Json | None, pod: Json) -> bool:
    return from_label_selector(selector).matches(labels(pod))


def required(pod: Json, kind: str) -> list[Json]:
    affinity = pod["spec"].get("affinity") or {}
    return list((affinity.get(kind) or {}).get(REQUIRED) or [])


def preferred(pod: Json, kind: str) -> list[tuple[int, Json]]:
    affinity = pod["spec"].get("affinity") or {}
    wishes = (affinity.get(kind) or {}).get(PREFERRED) or []
    return [(wish["weight"], wish["podAffinityTerm"]) for wish in wishes]


def together(term: Json, one: Json, other: Json) -> bool:
    """Tell whether two nodes have the same value of the term's label."""
    key = term["topologyKey"]
    return key in labels(one) and labels(one)[key] == labels(other).get(key)


def affinity_refusal(world: World, pod: Json, node: Json) -> str:
    near = required(pod, "podAffinity")
    if any(term["topologyKey"] not in labels(node) for term in near):
        return "node(s) didn't match pod affinity rules"
    friends = [
        (where, other)
        for where, other in world.running()
        if all(world.means(term, pod, other) for term in near)
    ]
    if near and not all(any(together(term, node, where) for where, _ in friends) for term in near):
        anywhere = any(
            term["topologyKey"] in labels(where) for where, _ in friends for term in near
        )
        if anywhere or not all(world.means(term, pod, pod) for term in near):
            return "node(s) didn't match pod affinity rules"
    for where, other in world.running():
        for term in required(pod, "podAntiAffinity"):
            if world.means(term, pod, other) and together(term, node, where):
                return "node(s) didn't match pod anti-affinity rules"
    for where, other in world.running():
        for term in required(other, "podAntiAffinity"):
            if world.means(term, other, pod) and together(term, node, where):
                return "node(s) didn't satisfy existing pods anti-affinity rules"
    return ""


def affinity_numbers(world: World, pod: Json, nodes: list[Json]) -> list[int]:
    return [
        sum(
            weight
            for where, other in world.running()
            for weight, term in _wishes(world, pod, other)
            if together(term, node, where)
        )
        for node in nodes
    ]


def _wishes(world: World, pod: Json, other: Json) -> Iterator[tuple[int, Json]]:
    for kind, sign in (("podAffinity", 1), ("podAntiAffinity", -1)):
        for owner, meant in ((pod, other), (other, pod)):
            for weight, term in preferred(owner, kind):
                if world.means(term, owner, meant):
                    yield sign * weight, term
    for term in required(other, "podAffinity"):
        if world.means(term, other, pod):
            yield 1, term


def constraints(pod: Json, unsatisfied: str) -> list[Json]:
    own = pod["spec"].get("topologySpreadConstraints") or []
    return [one for one in own if one["whenUnsatisfiable"] == unsatisfied]


def spread_selector(constraint: Json, pod: Json) -> Json | None:
    selector: Json | None = constraint.get("labelSelector")
    keys = [key for key in constraint.get("matchLabelKeys") or [] if key in labels(pod)]
    if selector is None or not keys:
        return selector
    more = [{"key": key, "operator": "In", "values": [labels(pod)[key]]} for key in keys]
    return {**selector, "matchExpressions": [*selector.get("matchExpressions", []), *more]}


def included(constraint: Json, pod: Json, node: Json) -> bool:
    if constraint.get("nodeAffinityPolicy", "Honor") == "Honor":
        wanted = pod["spec"].get("nodeSelector") or {}
        if any(labels(node).get(key) != value for key, value in wanted.items()):
            return False
    taints = node["spec"].get("taints") or []
    honors = constraint.get("nodeTaintsPolicy", "Ignore") == "Honor"
    return not (honors and any(taint["effect"] != "PreferNoSchedule" for taint in taints))


def spread_pods(world: World, constraint: Json, pod: Json, node: Json) -> int:
    selector = spread_selector(constraint, pod)
    if selector is not None and from_label_selector(selector).empty:
        return 0
    return sum(
        where is node
        and "deletionTimestamp" not in other["metadata"]
        and other["metadata"]["namespace"] == pod["metadata"]["namespace"]
        and selected(selector, other)
        for where, other in world.running()
    )


def spread_refusal(world: World, pod: Json, node: Json) -> str:
    why = "node(s) didn't match pod topology spread constraints"
    hard = constraints(pod, "DoNotSchedule")
    for one in hard:
        key = one["topologyKey"]
        if key not in labels(node):
            return f"{why} (missing required label)"
        domains: dict[str, int] = {}
        for other in world.nodes.values():
            has_all = all(each["topologyKey"] in labels(other) for each in hard)
            if has_all and included(one, pod, other):
                value = labels(other)[key]
                domains[value] = domains.get(value, 0) + spread_pods(world, one, pod, other)
        least = min(domains.values(), default=0)
        if len(domains) < (one.get("minDomains") or 1):
            least = 0
        itself = selected(spread_selector(one, pod), pod)
        if domains.get(labels(node)[key], 0) + itself - least > one["maxSkew"]:
            return why
    return ""


def spread_scores(world: World, pod: Json, nodes: list[Json]) -> list[float] | None:
    """Return the scores by the pod's own constraints; None when it has none of that kind."""
    soft = constraints(pod, "ScheduleAnyway")
    if not soft:
        return None
    keys = [one["topologyKey"] for one in soft]
    compared = [node for node in nodes if all(key in labels(node) for key in keys)]
    numbers = []
    for node in compared:
        total = 0.0
        for one in soft:
            key = one["topologyKey"]
            values = {labels(each)[key] for each in compared}
            size = len(compared) if key == HOSTNAME else len(values)
            if key == HOSTNAME:
                pods = spread_pods(world, one, pod, node)
            else:
                pods = sum(
                    spread_pods(world, one, pod, other)
                    for other in world.nodes.values()
                    if all(each in labels(other) for each in keys)
                    and included(one, pod, other)
                    and labels(other)[key] == labels(node)[key]
                )
            total += pods * log(size + 2) + one["maxSkew"] - 1
        numbers.append(round(total))
    least, most = min(numbers, default=0), max(numbers, default=0)
    rated = {
        node["metadata"]["name"]: 100 * (most + least - one) / most if most else 100
        for node, one in zip(compared, numbers, strict=True)
    }
    return [rated.get(node["metadata"]["name"], 0) for node in nodes]
