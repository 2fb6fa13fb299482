"""What holds for every decision, whatever happened before and whoever was killed when."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import NODES, PODS, PRIORITYCLASSES
from minikube8s.api.views import Node, Pod
from minikube8s.registry import DeleteOptions
from minikube8s.scheduler import Scheduler, preemption
from minikube8s.scheduler.amounts import amounts, requested
from minikube8s.scheduler.framework import LocalFilter
from minikube8s.scheduler.plugins import all_plugins
from minikube8s.scheduler.pods import PodFacts, facts_of, incoming
from minikube8s.scheduler.states import NodeState
from minikube8s.scheduler.usage import Usage
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.mortal import Killed, Mortal, Silent
from tests.support.registries import a_namespace
from tests.support.scheduling import Cluster, node, pod

FILTERS: list[LocalFilter] = list(all_plugins(Usage()).local_filters)
NODES_NAMED = ("n1", "n2", "n3")

cpus = st.sampled_from(["250m", "500m", "1", "2"])
pods = st.builds(
    lambda cpu, port, priority, selector, tolerates: pod(
        cpu=cpu,
        host_port=port,
        priority=priority,
        nodeSelector=selector,
        tolerations=[{"operator": "Exists"}] if tolerates else [],
    ),
    cpus,
    st.sampled_from([0, 0, 0, 80]),
    st.sampled_from([0, 1, 5, 100]),
    st.sampled_from([{}, {}, {}, {"disk": "ssd"}]),
    st.sampled_from([False, False, False, True]),
)
nodes = st.fixed_dictionaries(
    {
        "allocatable": st.builds(
            lambda cpu, most: {"cpu": cpu, "pods": most},
            st.sampled_from(["1", "2", "4"]),
            st.sampled_from(["2", "5"]),
        ),
        "labels": st.sampled_from([{}, {"disk": "ssd"}]),
        "unschedulable": st.sampled_from([False, False, True]),
        "taints": st.sampled_from([[], [], [], [{"key": "x", "effect": "NoSchedule"}]]),
    }
)
few = st.builds(lambda cpu: pod(cpu=cpu), cpus)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("place"), pods),
        st.tuples(st.just("place"), few),
        st.tuples(st.just("node"), st.sampled_from(NODES_NAMED), nodes),
        st.tuples(st.just("remove"), st.integers(0, 20)),
        st.tuples(st.just("lose"), st.sampled_from(NODES_NAMED)),
    ),
    min_size=10,
    max_size=60,
)


def named(one: Pod, number: int) -> Pod:
    fields = {name: getattr(one.spec, name) for name in one.spec.__struct_fields__}
    meta = {name: getattr(one.metadata, name) for name in one.metadata.__struct_fields__}
    meta |= {"name": f"p{number}", "uid": f"uid{number}"}
    return Pod(metadata=type(one.metadata)(**meta), spec=type(one.spec)(**fields))


def fits(wanted: PodFacts, state: NodeState, gone: tuple[PodFacts, ...] = ()) -> bool:
    """Ask all filters about the node made anew, so that nothing that was kept is asked."""
    there = [one for one in state.pods.values() if one not in gone]
    fresh = NodeState(state.node, there)
    return all(one.check(wanted.shape, fresh) is None for one in FILTERS)


@settings(max_examples=150, deadline=None)
@given(steps)
def test_the_chosen_node_fits_and_only_when_none_fits_none_is_chosen(
    history: list[tuple[Any, ...]],
) -> None:
    cluster = Cluster()
    for number, (step, *what) in enumerate(history):
        if step == "node":
            cluster.usage.set_node(node(what[0], **what[1]))
        elif step == "lose":
            cluster.usage.remove_node(what[0])
        elif step == "remove":
            there = sorted(cluster.usage.pods())
            if there:
                cluster.usage.remove_pod(there[what[0] % len(there)])
        else:
            wanted = named(what[0], number)
            facts = facts_of(wanted)
            states = cluster.usage.view().states
            before = {state.name for state in states if fits(facts, state)}
            chosen = cluster.place(wanted)
            assert chosen in before if before else chosen == ""
    for state in cluster.usage.view().states:
        fresh = NodeState(state.node, state.pods.values())
        for part in ("requests", "assumed", "ports", "claims", "priorities"):
            assert getattr(state, part) == getattr(fresh, part), part


@settings(max_examples=150, deadline=None)
@given(
    st.lists(nodes, min_size=1, max_size=3),
    st.lists(st.tuples(pods, st.integers(0, 2)), max_size=12),
    pods,
)
def test_preemption_ends_only_what_is_lower_only_where_it_helps_and_no_one_too_many(
    hosts: list[dict[str, Any]], running: list[tuple[Pod, int]], wanted: Pod
) -> None:
    cluster = Cluster(*(node(f"n{number}", **host) for number, host in enumerate(hosts)))
    for number, (one, place) in enumerate(running):
        cluster.usage.set_pod(facts_of(named(one, number)), f"n{place % len(hosts)}")
    decision = cluster.decide(wanted)
    if decision.node:
        return
    asked, view = incoming(wanted), cluster.usage.view()
    plan = preemption.plan(asked, view, decision, cluster.decider)
    if plan.chosen is None:
        for state in view.states:
            lower = tuple(state.below(asked.facts.priority))
            assert not lower or not fits(asked.facts, state, lower)
        return
    state = view.find(plan.chosen.node)
    victims = plan.chosen.victims
    assert state is not None and victims
    assert all(one.priority < asked.facts.priority for one in victims)
    assert fits(asked.facts, state, victims)
    for one in victims:
        others = tuple(other for other in victims if other is not one)
        assert not fits(asked.facts, state, others), "one of them might have stayed"


async def add_pod(cluster: LiveCluster, name: str, cpu: str, priority: int) -> None:
    container = {"name": "c", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}
    kind = "system-node-critical" if priority else ""
    spec = {"containers": [container], **({"priorityClassName": kind} if kind else {})}
    namespace = "kube-system" if priority else "default"
    await cluster.registry.create(PODS, namespace, {"metadata": {"name": name}, "spec": spec})


def overcommitted(cluster: LiveCluster) -> list[str]:
    taken: dict[str, int] = {}
    for entry in cluster.registry.list(PODS):
        one = entry.view(Pod)
        if one.spec.node_name and not one.terminal:
            cpu = requested(one).get("cpu", 0)
            taken[one.spec.node_name] = taken.get(one.spec.node_name, 0) + cpu
    offered = {
        entry.name: amounts(entry.object["status"].get("allocatable", {})).get("cpu", 0)
        for entry in cluster.registry.list(NODES)
    }
    return [name for name, cpu in taken.items() if name in offered and cpu > offered[name]]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("pods"), st.lists(cpus, min_size=1, max_size=5), st.booleans()),
            st.tuples(st.just("delete"), st.integers(0, 12)),
            st.tuples(st.just("kill"), st.integers(0, 6)),
            st.tuples(st.just("wait"), st.sampled_from([0.0, 0.001, 1.0, 30.0])),
        ),
        max_size=25,
    )
)
def test_no_node_is_ever_overcommitted_and_in_the_end_whatever_fits_has_a_node(
    history: list[tuple[Any, ...]],
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            for name in ("n1", "n2"):
                await cluster.add_node(name, cpu="2")
            seen: list[str] = []
            cluster.registry.observe(PODS, lambda _: seen.extend(overcommitted(cluster)))
            story = Story(cluster)
            await story.begin()
            for number, step in enumerate(history):
                await story.go_on(number, *step)
            await story.end_calmly()
            assert seen == []
            assert fitting_without_node(cluster) == []

    virtualtime.run(main())


def fitting_without_node(cluster: LiveCluster) -> list[str]:
    free = Cluster()
    for entry in cluster.registry.list(NODES):
        free.usage.set_node(entry.view(Node))
    waiting = []
    for entry in cluster.registry.list(PODS):
        one = entry.view(Pod)
        if one.spec.node_name:
            free.usage.set_pod(facts_of(one), one.spec.node_name)
        else:
            waiting.append(one)
    return [one.metadata.name for one in waiting if free.decide(one).node]


class Story:
    """What happens to a cluster whose scheduler dies now and then."""

    def __init__(self, cluster: LiveCluster) -> None:
        self._cluster = cluster
        self._life = Life(cluster)
        self._made: list[str] = []
        self._writes: list[asyncio.Future[None]] = []

    async def begin(self) -> None:
        await a_namespace(self._cluster.registry, "kube-system")
        critical = {"metadata": {"name": "system-node-critical"}, "value": 2_000_001_000}
        await self._cluster.registry.create(PRIORITYCLASSES, None, critical)
        self._life.start(None)

    async def go_on(self, number: int, step: str, *what: Any) -> None:
        if step == "pods":
            for other, cpu in enumerate(what[0]):
                self._made.append(f"p{number}-{other}")
                work = add_pod(self._cluster, self._made[-1], cpu, int(what[1]))
                self._writes.append(asyncio.ensure_future(work))
        elif step == "delete" and self._made:
            await finish(self._cluster, self._made[what[0] % len(self._made)])
        elif step == "kill":
            await self._life.end()
            self._life.start(what[0])
        elif step == "wait":
            await asyncio.sleep(what[0])

    async def end_calmly(self) -> None:
        """Some pods more leave; a scheduler that stays alive has the time to follow."""
        await asyncio.gather(*self._writes)
        await self._life.end()
        self._life.start(None)
        for leaving in range(5):
            await asyncio.sleep(60)
            entries = self._cluster.registry.list(PODS)
            for entry in entries:
                if entry.meta.deletion_timestamp:
                    await finish(self._cluster, entry.name)
            if entries:
                await finish(self._cluster, entries[leaving % len(entries)].name)
        await asyncio.sleep(60)
        await self._life.end()


class Life:
    """A scheduler that may die before a write, in one process after the other."""

    def __init__(self, cluster: LiveCluster) -> None:
        self._cluster = cluster
        self._scheduler: Scheduler | None = None
        self._task: asyncio.Future[None] | None = None

    def start(self, writes: int | None) -> None:
        registry: Any = self._cluster.registry
        if writes is not None:
            registry = Dying(registry, writes)
        self._scheduler = Scheduler(registry, Silent(), self._cluster.clock)
        self._task = asyncio.ensure_future(self._scheduler.run())

    async def end(self) -> None:
        assert self._scheduler is not None and self._task is not None
        await self._scheduler.close()
        self._task.cancel()


class Dying:
    """The registry of a process that writes nothing any more once its writes are used up."""

    def __init__(self, registry: Any, writes: int) -> None:
        self._registry = registry
        self._writer: Any = Mortal(registry, writes)

    def __getattr__(self, name: str) -> Any:
        if name not in ("update", "delete"):
            return getattr(self._registry, name)

        async def until_death(*args: Any, **options: Any) -> Any:
            try:
                return await getattr(self._writer, name)(*args, **options)
            except Killed:
                return await asyncio.get_running_loop().create_future()

        return until_death


async def finish(cluster: LiveCluster, name: str) -> None:
    for namespace in ("default", "kube-system"):
        try:
            await cluster.registry.delete(
                PODS, namespace, name, DeleteOptions(grace_period_seconds=0)
            )
        except ApiError:
            continue
