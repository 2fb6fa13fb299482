"""Every pod's end is counted exactly once, wherever plans were cut off; no bound is passed."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import JOBS, PODS
from minikube8s.api.views import Job, Pod
from minikube8s.controllers import applying
from minikube8s.controllers.applying import Outdated
from minikube8s.controllers.jobs import JobController, JobOrphanController
from minikube8s.controllers.jobs.indexes import Indexes
from minikube8s.controllers.jobs.jobpod import FINALIZER, job_pod_of
from minikube8s.controllers.keys import Key
from minikube8s.controllers.podfacts import facts_of
from minikube8s.controllers.runner import Controller, RegistryReader
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.mortal import Killed, Mortal, Silent

ROUNDS = 120
JOB = Key("default", "work")


@dataclass
class Truth:
    """What really became of pods: uids by how they ended while they were tracked."""

    ends: dict[str, set[str]] = field(default_factory=dict)
    """How it may count: a pod that succeeds after its deletion may be seen before or after."""
    indexes: dict[str, int | None] = field(default_factory=dict)

    def note(self, pod: Pod, phase: str) -> None:
        """Remember an end, if the job has not let go of the pod."""
        if FINALIZER in pod.metadata.finalizers and not pod.terminal:
            self.ends.setdefault(pod.metadata.uid, set()).add(phase)
            self.indexes[pod.metadata.uid] = job_pod_of(pod).index

    def bounds(self, phase: str) -> range:
        """Return how many may have ended so."""
        sure = sum(ends == {phase} for ends in self.ends.values())
        return range(sure, sum(phase in ends for ends in self.ends.values()) + 1)


async def look(
    cluster: LiveCluster, truth: Truth, controller: Controller, key: Any, writes: int
) -> bool:
    """Carry out a plan until it is cut off; tell whether it wrote anything."""
    before = cluster.registry.revision
    snapshot = controller.read(RegistryReader(cluster.registry), key)
    if snapshot is not None:
        plan = controller.plan(snapshot, cluster.clock.now())
        with suppress(Killed, Outdated):
            await applying.apply(plan, Mortal(cluster.registry, writes), Silent())
    check_bounds(cluster)
    for pod in cluster.pods():
        # A job that fails deletes its pods, and counts them.
        if pod.metadata.deletion_timestamp is not None:
            truth.note(pod, "Failed")
    return cluster.registry.revision != before


def check_bounds(cluster: LiveCluster) -> None:
    job = cluster.registry.get(JOBS, "default", "work").view(Job)
    if job.status.completion_time:
        return
    active = [pod for pod in cluster.pods() if facts_of(pod).active]
    assert len(active) <= MOST_ACTIVE


MOST_ACTIVE = 3
"""The highest parallelism that any script sets."""


async def disturb(cluster: LiveCluster, truth: Truth, kind: str, at: int) -> None:
    pods = cluster.pods()
    pod = pods[at % len(pods)] if pods else None
    try:
        match kind:
            case "succeed" | "fail" if pod is not None and not pod.terminal:
                phase = "Succeeded" if kind == "succeed" else "Failed"
                truth.note(pod, phase)
                await cluster.change(
                    PODS, pod.metadata.name, lambda p: p["status"].update(phase=phase), "status"
                )
            case "delete" if pod is not None:
                truth.note(pod, "Failed")
                await cluster.delete(PODS, pod.metadata.name)
            case "bind" if pod is not None and not pod.spec.node_name:
                await cluster.change(
                    PODS, pod.metadata.name, lambda p: p["spec"].update(nodeName="n"), "binding"
                )
            case "size":
                await cluster.change(
                    JOBS, "work", lambda j: j["spec"].update(parallelism=1 + at % MOST_ACTIVE)
                )
            case "wait":
                await cluster.clock.sleep(at * 20)
            case "suspend":
                await cluster.change(JOBS, "work", lambda j: j["spec"].update(suspend=at % 2 == 0))
    except ApiError as error:
        if error.reason not in {"NotFound", "Invalid", "BadRequest"}:
            raise


def body(*, indexed: bool, completions: int, limit: int) -> dict[str, Any]:
    container = {"name": "c", "image": "busybox"}
    mode = {"completionMode": "Indexed"} if indexed else {}
    return {
        "spec": {
            "completions": completions,
            "parallelism": 2,
            "backoffLimit": limit,
            **mode,
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
        }
    }


LOOK = st.tuples(st.just("look"), st.integers(0, 30), st.integers(0, 5))
TROUBLE = st.tuples(
    st.sampled_from(["succeed", "succeed", "fail", "wait", "delete", "bind", "size", "suspend"]),
    st.integers(0, 30),
    st.just(0),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=st.lists(st.one_of(LOOK, LOOK, TROUBLE), min_size=10, max_size=60),
    indexed=st.booleans(),
    completions=st.integers(1, 6),
    limit=st.integers(0, 4),
)
def test_every_end_is_counted_once_whoever_is_interrupted_when(
    script: list[tuple[str, int, int]], indexed: bool, completions: int, limit: int
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            truth, controller = Truth(), JobController()
            shape = body(indexed=indexed, completions=completions, limit=limit)
            await cluster.create(JOBS, "work", **shape)
            for kind, at, writes in script:
                if kind == "look":
                    await look(cluster, truth, controller, JOB, writes)
                else:
                    await disturb(cluster, truth, kind, at)
            await settle(cluster, controller, truth)
            check(cluster, truth, limit)

    virtualtime.run(main())


async def settle(cluster: LiveCluster, controller: JobController, truth: Truth) -> None:
    """Let the job come to its end, its pods succeed, and nothing more be written."""
    await cluster.change(JOBS, "work", lambda j: j["spec"].update(suspend=False))
    for _ in range(ROUNDS):
        await cluster.clock.sleep(700)
        wrote = await look(cluster, truth, controller, JOB, 10**6)
        for number, pod in enumerate(cluster.pods()):
            if pod.metadata.deletion_timestamp is not None:
                await cluster.finish(pod.metadata.name)
            elif not pod.terminal:
                await disturb(cluster, truth, "succeed", number)
        if not wrote and cluster.registry.get(JOBS, "default", "work").view(Job).ending:
            return
    raise AssertionError(f"still changing after {ROUNDS} rounds")


INDEX_TROUBLE = st.tuples(
    st.sampled_from(["succeed", "fail", "fail", "wait", "wait", "bind"]),
    st.integers(0, 30),
    st.just(0),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=st.lists(st.one_of(LOOK, LOOK, INDEX_TROUBLE), min_size=20, max_size=90),
    completions=st.integers(1, 4),
    limit=st.integers(0, 2),
)
def test_no_index_is_tried_more_often_than_allowed_and_each_is_done_or_lost(
    script: list[tuple[str, int, int]], completions: int, limit: int
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            truth, controller = Truth(), JobController()
            shape = body(indexed=True, completions=completions, limit=2**31 - 1)
            shape["spec"]["backoffLimitPerIndex"] = limit
            await cluster.create(JOBS, "work", **shape)
            for kind, at, writes in script:
                if kind == "look":
                    await look(cluster, truth, controller, JOB, writes)
                else:
                    await disturb(cluster, truth, kind, at)
            await settle(cluster, controller, truth)
            check_indexes(cluster, truth, completions, limit)

    virtualtime.run(main())


def check_indexes(cluster: LiveCluster, truth: Truth, completions: int, limit: int) -> None:
    job = cluster.registry.get(JOBS, "default", "work").view(Job)
    done = Indexes.parse(job.status.completed_indexes, completions)
    lost = Indexes.parse(job.status.failed_indexes or "", completions)
    assert done.common(lost) == 0
    assert len(done) + len(lost) == completions
    assert job.ending is not None
    assert job.ending.type == ("Failed" if len(lost) else "Complete")
    failures = Counter(truth.indexes[uid] for uid, ends in truth.ends.items() if "Failed" in ends)
    for index in range(completions):
        assert failures[index] <= limit + 1
        assert (index in lost) == (failures[index] == limit + 1)
    assert job.status.failed == failures.total()
    assert job.status.succeeded == len(done)
    assert not any(FINALIZER in pod.metadata.finalizers for pod in cluster.pods())


def check(cluster: LiveCluster, truth: Truth, limit: int) -> None:
    job = cluster.registry.get(JOBS, "default", "work").view(Job)
    ended = job.ending
    assert ended is not None
    if job.indexed:
        done = {truth.indexes[uid] for uid, ends in truth.ends.items() if "Succeeded" in ends}
        assert job.status.succeeded <= len(done)
    else:
        assert job.status.succeeded in truth.bounds("Succeeded")
        assert job.status.succeeded + job.status.failed == len(truth.ends)
    assert job.status.failed in truth.bounds("Failed")
    assert job.status.active == 0
    assert job.status.uncounted_terminated_pods is not None
    assert not job.status.uncounted_terminated_pods.succeeded
    assert not job.status.uncounted_terminated_pods.failed
    if ended.type == "Complete":
        assert job.status.failed <= limit
        assert job.status.succeeded >= (job.spec.completions or 0)
    else:
        assert ended.reason == "BackoffLimitExceeded"
        assert job.status.failed > limit
    assert not any(FINALIZER in pod.metadata.finalizers for pod in cluster.pods())


def test_pods_of_a_job_that_went_are_let_go_wherever_that_was_cut_off() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            shape = body(indexed=False, completions=4, limit=1)
            await cluster.create(JOBS, "work", **shape)
            await look(cluster, Truth(), JobController(), JOB, 10**6)
            names = cluster.names(PODS)
            await cluster.delete(JOBS, "work", propagation="Background")
            for writes in (0, 0, 1, 1, 1):
                for name in names:
                    await look_at_orphan(cluster, Key("default", name), writes)
            assert len(names) == 2
            assert not any(pod.metadata.finalizers for pod in cluster.pods())

    virtualtime.run(main())


async def look_at_orphan(cluster: LiveCluster, key: Key, writes: int) -> None:
    orphans = JobOrphanController()
    snapshot = orphans.read(RegistryReader(cluster.registry), key)
    if snapshot is not None:
        with suppress(Killed):
            plan = orphans.plan(snapshot, cluster.clock.now())
            await applying.apply(plan, Mortal(cluster.registry, writes), Silent())
