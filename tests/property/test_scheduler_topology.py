"""What affinity and spreading say of nodes is what all pods together say, however they came."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from minikube8s.api.views import Node, Pod, from_dict
from minikube8s.scheduler.framework import Refusal
from minikube8s.scheduler.pods import PodFacts, facts_of, incoming
from minikube8s.scheduler.states import NodeState
from minikube8s.scheduler.topology.affinity import InterPodAffinity
from minikube8s.scheduler.topology.affinityscore import PreferredPods
from minikube8s.scheduler.topology.companions import Companions, Services
from minikube8s.scheduler.topology.population import Population
from minikube8s.scheduler.topology.spread import PodTopologySpread
from minikube8s.scheduler.topology.spreadscore import EvenSpread
from minikube8s.scheduler.usage import Usage
from tests.support import naiveplacing as naive
from tests.support.naiveplacing import Json, World

NAMES = ("n1", "n2", "n3", "n4", "n5")
NAMESPACES = ("default", "default", "default", "shop")
KEYS = ("zone", "rack", naive.HOSTNAME)
seeds = st.integers(0, 2**32 - 1).map(Random)


def labels(random: Random) -> dict[str, str]:
    app = {"app": random.choice("ab")} if random.random() < 0.9 else {}
    return {**app, **({"tier": random.choice("ab")} if random.random() < 0.3 else {})}


def expression(random: Random) -> Json:
    key = random.choice(("app", "app", "tier"))
    operator = random.choice(("In", "In", "NotIn", "Exists", "DoesNotExist"))
    if "In" not in operator:
        return {"key": key, "operator": operator}
    return {"key": key, "operator": operator, "values": random.sample("ab", random.randint(1, 2))}


def selector(random: Random) -> Json | None:
    match random.randint(0, 9):
        case 0:
            return None
        case 1:
            return {}
        case 2 | 3 | 4:
            return {"matchExpressions": [expression(random)]}
        case _:
            return {"matchLabels": {"app": random.choice("ab")}}


def term(random: Random) -> Json:
    made: Json = {"topologyKey": random.choice(KEYS), "labelSelector": selector(random)}
    if random.random() < 0.2:
        made["namespaces"] = random.sample(("default", "shop"), random.randint(0, 2))
    if random.random() < 0.3:
        made["namespaceSelector"] = selector(random)
    return made


def side(random: Random) -> Json:
    wishes = [
        {"weight": random.randint(1, 100), "podAffinityTerm": term(random)}
        for _ in range(random.randint(0, 1))
    ]
    needed = [term(random) for _ in range(random.choice((0, 0, 1, 1, 2)))]
    return {naive.REQUIRED: needed, naive.PREFERRED: wishes}


def affinity(random: Random, share: float) -> Json:
    kinds = ("podAffinity", "podAntiAffinity")
    return {kind: side(random) for kind in kinds if random.random() < share}


def constraint(random: Random) -> Json:
    hard = random.random() < 0.6
    made = {
        "topologyKey": random.choice(KEYS),
        "maxSkew": random.choice((1, 1, 2, 5)),
        "whenUnsatisfiable": "DoNotSchedule" if hard else "ScheduleAnyway",
        "labelSelector": selector(random),
        "nodeAffinityPolicy": random.choice(("Honor", "Ignore")),
        "nodeTaintsPolicy": random.choice(("Honor", "Ignore")),
    }
    if made["labelSelector"] is not None and random.random() < 0.2:
        made["matchLabelKeys"] = [random.choice(("app", "tier"))]
    if hard:
        made["minDomains"] = random.choice((None, None, 1, 3))
    return made


def pod(random: Random, name: str, share: float = 0.2) -> Json:
    metadata: Json = {
        "name": name,
        "namespace": random.choice(NAMESPACES),
        "uid": f"{random.getrandbits(64)}",
        "labels": labels(random),
    }
    if random.random() < 0.15:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"metadata": metadata, "spec": {"affinity": affinity(random, share)}}


def asking(random: Random) -> Json:
    made = pod(random, "asking", share=0.5)
    made["metadata"].pop("deletionTimestamp", None)
    keys = [constraint(random) for _ in range(random.randint(0, 2))]
    made["spec"]["topologySpreadConstraints"] = keys
    if random.random() < 0.3:
        made["spec"]["nodeSelector"] = {"zone": random.choice("ab")}
    return made


def node(random: Random, name: str) -> Json:
    has = {key: random.choice("ab") for key in ("zone", "rack") if random.random() < 0.85}
    if random.random() < 0.9:
        has[naive.HOSTNAME] = name
    effects = ("NoSchedule", "PreferNoSchedule")
    taints = [{"key": "k", "effect": random.choice(effects)}] if random.random() < 0.3 else []
    return {"metadata": {"name": name, "labels": has}, "spec": {"taints": taints}}


class Both:
    """The oracle's world, and the same kept by the scheduler change by change."""

    def __init__(self, kept: int) -> None:
        self.world = World()
        self.usage = Usage()
        self.population = Population(kept, kept)
        self.usage.observe(self.population)
        self.homes: dict[tuple[str, str], str] = {}

    def set_node(self, node: Json) -> None:
        self.world.nodes[node["metadata"]["name"]] = node
        self.usage.set_node(from_dict(Node, node))

    def remove_node(self, name: str) -> None:
        self.world.nodes.pop(name, None)
        self.usage.remove_node(name)

    def remove_pod(self, key: tuple[str, str]) -> None:
        for there in self.world.pods.values():
            there[:] = [one for one in there if _key(one) != key]
        self.usage.remove_pod(key)

    def set_pod(self, pod: Json, node: str) -> None:
        for there in self.world.pods.values():
            there[:] = [one for one in there if _key(one) != _key(pod)]
        self.world.pods.setdefault(node, []).append(pod)
        self.usage.set_pod(_facts(pod), node)

    def set_namespace(self, name: str, labels: dict[str, str]) -> None:
        self.world.namespaces[name] = labels
        self.population.set_namespace(name, labels)

    def judge(self, pod: Json) -> dict[str, tuple[str, str]]:
        """Return what affinity and spreading say of each node."""
        wanted, view = incoming(from_dict(Pod, pod)), self.usage.view()
        rules = InterPodAffinity(self.population).prepare(wanted, view)
        spread = PodTopologySpread(self.population).prepare(wanted, view)
        return {state.name: (_why(rules, state), _why(spread, state)) for state in view.states}


def _key(pod: Json) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["metadata"]["name"]


def _facts(pod: Json) -> PodFacts:
    return facts_of(from_dict(Pod, pod))


def _why(prepared: Any, state: NodeState) -> str:
    assert not isinstance(prepared, Refusal)
    refusal = prepared.check(state) if prepared is not None else None
    return refusal.reasons[0] if refusal else ""


def _expected(world: World, pod: Json) -> dict[str, tuple[str, str]]:
    return {
        name: (naive.affinity_refusal(world, pod, node), naive.spread_refusal(world, pod, node))
        for name, node in world.nodes.items()
    }


def history(random: Random) -> tuple[Both, list[Json]]:
    """Return what came of some changes, among which all questions were asked already."""
    both = Both(random.choice((1, 3, 100)))
    for name in NAMES[: random.randint(1, 5)]:
        both.set_node(node(random, name))
    questions = [asking(random) for _ in range(3)]
    for number in range(random.randint(0, 25)):
        match random.choice(("pod",) * 8 + ("same", "gone", "node", "lost", "namespace", "ask")):
            case "pod":
                both.set_pod(pod(random, f"p{number}"), random.choice(NAMES))
            case "same":
                both.set_pod(pod(random, f"p{random.randint(0, number)}"), random.choice(NAMES))
            case "gone":
                both.remove_pod((random.choice(NAMESPACES), f"p{random.randint(0, number)}"))
            case "node":
                both.set_node(node(random, random.choice(NAMES)))
            case "lost":
                both.remove_node(random.choice(NAMES))
            case "namespace":
                both.set_namespace(random.choice(NAMESPACES), labels(random))
            case "ask":
                for question in questions:
                    both.judge(question)
    return both, questions


@given(seeds)
@settings(max_examples=300, deadline=None)
def test_nodes_are_refused_as_if_all_pods_were_looked_at(random: Random) -> None:
    both, questions = history(random)
    for question in questions:
        assert both.judge(question) == _expected(both.world, question)


@given(seeds)
@settings(max_examples=400, deadline=None)
def test_supposed_changes_count_as_if_they_were_made(random: Random) -> None:
    both, questions = history(random)
    view = both.usage.view()
    if not view.states:
        return
    state = random.choice(view.states)
    there = both.world.pods.get(state.name, [])
    gone = random.sample(there, random.randint(0, len(there)))
    come = [pod(random, "new", share=0.5)] if random.random() < 0.5 else []
    removed, added = [_facts(one) for one in gone], [_facts(one) for one in come]
    then = state.changed(removed, added)
    after = both.world.without(state.name, gone, come)
    for question in questions:
        wanted = incoming(from_dict(Pod, question))
        rules = InterPodAffinity(both.population).rules(wanted.facts, view)
        moved = rules.moved(then, removed, ()).moved(then, (), added)
        node = both.world.nodes[state.name]
        assert _why(moved, then) == naive.affinity_refusal(after, question, node)
        spread = PodTopologySpread(both.population).prepare(wanted, view)
        if spread is not None:
            assert not isinstance(spread, Refusal)
            found = _why(spread.moved(then, removed, added), then)
            assert found == naive.spread_refusal(after, question, node)


@given(seeds)
@settings(max_examples=300, deadline=None)
def test_scores_are_those_of_all_pods(random: Random) -> None:
    both, questions = history(random)
    view = both.usage.view()
    nodes = [both.world.nodes[state.name] for state in view.states]
    if not nodes:
        return
    companions = Companions(Services(), None)
    for question in questions:
        wanted = incoming(from_dict(Pod, question))
        even = EvenSpread(both.population, companions).rate(wanted, view, view.states)
        expected = naive.spread_scores(both.world, question, nodes)
        assert even == (expected if expected and len(set(expected)) > 1 else None)
        liked = PreferredPods(both.population).rate(wanted, view, view.states)
        numbers = naive.affinity_numbers(both.world, question, nodes)
        least, width = min(numbers), max(numbers) - min(numbers)
        assert liked == ([100 * (one - least) / width for one in numbers] if width else None)
