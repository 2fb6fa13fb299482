"""StatefulSets keep their order and DaemonSets their bounds, whatever the timing of pods."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikube8s.api.resources import DAEMONSETS, NODES, PODS, STATEFULSETS, Resource
from minikube8s.api.views import Pod
from minikube8s.controllers.daemonsets import DaemonSetController
from minikube8s.controllers.runner import Runner
from minikube8s.controllers.statefulsets import StatefulSetController
from minikube8s.kit.tasks import Supervisor
from minikube8s.registry.events import EventRecorder
from minikube8s.store.watching import Event
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.sets import daemon_body, play, stateful_body

DELAYS = st.lists(st.sampled_from([0.0, 0.001, 0.5, 3.0]), min_size=1, max_size=7)


@asynccontextmanager
async def running() -> AsyncIterator[LiveCluster]:
    """A cluster with both controllers, before any node plays its pods."""
    async with live_cluster() as cluster:
        supervisor = Supervisor("test")
        recorder = EventRecorder(cluster.registry, "test")
        controllers = (StatefulSetController(cluster.clock), DaemonSetController(cluster.clock))
        runner = Runner(cluster.registry, cluster.clock, [(one, recorder) for one in controllers])
        runner.start(supervisor)
        try:
            yield cluster
        finally:
            await recorder.close()
            await supervisor.close()
            runner.close()


def number(pod: Pod) -> int:
    return int(pod.metadata.name.rpartition("-")[2])


def stays(pod: Pod) -> bool:
    return pod.metadata.deletion_timestamp is None and not pod.terminal


def serves(pod: Pod) -> bool:
    return pod.ready and stays(pod)


class Order:
    """Checks at every change of a pod that an ordered set went step by step."""

    def __init__(self, cluster: LiveCluster) -> None:
        self.cluster = cluster
        self.broken: list[str] = []
        self.going: set[str] = set()
        cluster.cache.observe(PODS.prefix, self.look)

    def look(self, event: Event) -> None:
        pods = {number(one): one for one in self.cluster.pods()}
        pod = event.entry.view(Pod)
        mine = number(pod)
        if event.type == "ADDED":
            before = [pods.get(one) for one in range(mine)]
            if not all(one is not None and serves(one) for one in before):
                self.broken.append(f"{pod.metadata.name} came before one that it follows")
            if any(one.metadata.uid != pod.metadata.uid for one in pods.values()
                   if number(one) == mine):  # fmt: skip
                self.broken.append(f"{pod.metadata.name} is doubled")
        (obj,) = self.cluster.objects(STATEFULSETS)
        leaves = event.type == "MODIFIED" and pod.metadata.deletion_timestamp is not None
        if leaves and pod.metadata.uid not in self.going:
            self.going.add(pod.metadata.uid)
            if mine >= obj["spec"]["replicas"] and max(pods) > mine:
                self.broken.append(f"{pod.metadata.name} went before one that follows it")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    delays=DELAYS,
    changes=st.lists(
        st.tuples(st.sampled_from(["scale", "roll"]), st.integers(0, 5), st.sampled_from([0.1, 9])),
        min_size=1,
        max_size=5,
    ),
)
def test_an_ordered_set_never_skips_a_pod_up_or_down(
    delays: list[float], changes: list[tuple[str, int, float]]
) -> None:
    async def main() -> None:
        async with running() as cluster:
            supervisor = Supervisor("nodes")
            supervisor.spawn("play", lambda: play(cluster, delays))
            await asyncio.sleep(0)
            await cluster.create(STATEFULSETS, "web", **stateful_body(2))
            order = Order(cluster)
            for kind, value, pause in changes:
                if kind == "scale":
                    edit: Any = lambda s, v=value: s["spec"].update(replicas=v)  # noqa: E731
                else:
                    edit = lambda s, v=value: set_image(s, v)  # noqa: E731
                await cluster.change(STATEFULSETS, "web", edit)
                await asyncio.sleep(pause)
            await cluster.until(lambda: settled(cluster), 600)
            assert order.broken == []
            await quiet(cluster)
            await supervisor.close()

    virtualtime.run(main())


def set_image(obj: dict[str, Any], version: int) -> None:
    obj["spec"]["template"]["spec"]["containers"][0]["image"] = f"nginx:{version}"


def settled(cluster: LiveCluster) -> bool:
    (obj,) = cluster.objects(STATEFULSETS)
    spec, status = obj["spec"], obj["status"]
    pods = cluster.pods()
    image = spec["template"]["spec"]["containers"][0]["image"]
    return (
        status.get("observedGeneration") == obj["metadata"]["generation"]
        and status["replicas"] == status.get("updatedReplicas", 0) == spec["replicas"]
        and status["availableReplicas"] == status.get("readyReplicas", 0) == spec["replicas"]
        and status["currentRevision"] == status["updateRevision"]
        and sorted(number(one) for one in pods) == list(range(spec["replicas"]))
        and all(serves(one) and one.spec.containers[0].image == image for one in pods)
    )


async def quiet(cluster: LiveCluster) -> None:
    """Nothing is written any more, once the nodes have said their last word."""
    await asyncio.sleep(10)
    before = written(cluster)
    await asyncio.sleep(3600)
    assert written(cluster) == before


def written(cluster: LiveCluster) -> list[tuple[str, int]]:
    kinds: tuple[Resource, ...] = (PODS, STATEFULSETS, DAEMONSETS)
    return [(one.key, one.revision) for kind in kinds for one in cluster.registry.list(kind, None)]


class Bounds:
    """Checks at every change how many nodes miss their pod, or have two."""

    def __init__(self, cluster: LiveCluster) -> None:
        self.cluster = cluster
        self.fewest: float = math.inf
        self.doubled = 0
        self.twins = 0
        self.guarding = False
        cluster.cache.observe(PODS.prefix, self.look)

    def look(self, _: Event) -> None:
        pods = [one for one in self.cluster.pods() if stays(one) and one.spec.node_name]
        alike = Counter(
            (one.spec.node_name, one.metadata.labels["controller-revision-hash"]) for one in pods
        )
        self.twins = max([self.twins, *alike.values()])
        if self.guarding:
            homes = Counter(one.spec.node_name for one in pods)
            self.doubled = max(self.doubled, sum(count > 1 for count in homes.values()))
            self.fewest = min(self.fewest, len({o.spec.node_name for o in pods if serves(o)}))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    nodes=st.integers(1, 5),
    bound=st.one_of(st.integers(1, 3), st.sampled_from(["20%", "50%", "100%"])),
    surge=st.booleans(),
    delays=DELAYS,
    updates=st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from([0.0, 0.5, 40.0])), min_size=1, max_size=3
    ),
)
def test_an_update_of_a_daemon_set_keeps_its_bounds_and_never_makes_twins(
    nodes: int, bound: int | str, surge: bool, delays: list[float], updates: list[tuple[int, float]]
) -> None:
    most = bound if isinstance(bound, int) else math.ceil(int(bound[:-1]) * nodes / 100)

    async def main() -> None:
        async with running() as cluster:
            supervisor = Supervisor("nodes")
            supervisor.spawn("play", lambda: play(cluster, delays))
            for one in range(nodes):
                await cluster.add_node(f"n{one}")
            rolling = {"maxUnavailable": 0 if surge else bound, "maxSurge": bound if surge else 0}
            strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
            bounds = Bounds(cluster)
            await cluster.create(DAEMONSETS, "web", **daemon_body(updateStrategy=strategy))
            await cluster.until(lambda: everywhere(cluster, nodes))
            bounds.guarding = True
            for version, pause in updates:
                await cluster.change(DAEMONSETS, "web", lambda d, v=version: set_image(d, v))
                await asyncio.sleep(pause)
            await cluster.until(lambda: everywhere(cluster, nodes))
            await quiet(cluster)
            assert bounds.twins == 1
            assert bounds.fewest >= (nodes if surge else nodes - most)
            assert bounds.doubled <= (most if surge else 0)
            await supervisor.close()

    virtualtime.run(main())


def everywhere(cluster: LiveCluster, nodes: int) -> bool:
    (obj,) = cluster.objects(DAEMONSETS)
    status, pods = obj["status"], cluster.pods()
    image = obj["spec"]["template"]["spec"]["containers"][0]["image"]
    return (
        status.get("observedGeneration") == obj["metadata"]["generation"]
        and status.get("updatedNumberScheduled") == status.get("numberAvailable") == nodes
        and len(pods) == nodes
        and all(serves(one) and one.spec.containers[0].image == image for one in pods)
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    delays=DELAYS,
    changes=st.lists(
        st.tuples(
            st.sampled_from(["come", "go", "taint", "bare", "roll"]),
            st.integers(0, 4),
            st.sampled_from([0.0, 0.5, 9.0]),
        ),
        max_size=10,
    ),
)
def test_nodes_that_come_and_go_never_have_twins_and_all_end_with_their_pod(
    delays: list[float], changes: list[tuple[str, int, float]]
) -> None:
    async def main() -> None:
        async with running() as cluster:
            supervisor = Supervisor("nodes")
            supervisor.spawn("play", lambda: play(cluster, delays))
            bounds = Bounds(cluster)
            await cluster.add_node("n5")
            await cluster.create(DAEMONSETS, "web", **daemon_body())
            for kind, at, pause in changes:
                await change_node(cluster, kind, f"n{at}", at)
                await asyncio.sleep(pause)
            await asyncio.sleep(600)
            nodes = cluster.objects(NODES, None)
            homes = Counter(one.spec.node_name for one in cluster.pods() if stays(one))
            for node in nodes:
                name = node["metadata"]["name"]
                assert homes[name] == (0 if node["spec"].get("taints") else 1), name
            await quiet(cluster)
            assert bounds.twins <= 1
            await supervisor.close()

    virtualtime.run(main())


async def change_node(cluster: LiveCluster, kind: str, name: str, at: int) -> None:
    known = cluster.registry.list(NODES, None)
    exists = name in {one.name for one in known}
    taints = [{"key": "k", "effect": "NoExecute"}] if kind == "taint" else []
    match kind:
        case "come" if not exists:
            await cluster.add_node(name)
        case "go" if exists:
            await cluster.delete(NODES, name)
            for pod in cluster.pods():
                # Its agent is gone, too: somebody collects what was there.
                if pod.spec.node_name == name:
                    await cluster.finish(pod.metadata.name)
        case "taint" | "bare" if exists:
            await cluster.change(NODES, name, lambda n: n["spec"].update(taints=taints))
        case "roll":
            await cluster.change(DAEMONSETS, "web", lambda d: set_image(d, at))
