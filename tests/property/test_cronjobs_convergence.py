"""No scheduled time is started twice and none that is due missed, wherever plans are cut off."""

from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikube8s.api import timezones
from minikube8s.api.cron import parse
from minikube8s.api.resources import CRONJOBS, JOBS
from minikube8s.api.times import now_rfc3339, parse_time
from minikube8s.api.views import CronJob, Job
from minikube8s.controllers import applying
from minikube8s.controllers.applying import Outdated
from minikube8s.controllers.cronjobs import CronJobController
from minikube8s.controllers.keys import Key
from minikube8s.controllers.runner import RegistryReader
from minikube8s.store.watching import Event
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.mortal import Killed, Mortal, Silent

KEY = Key("default", "tick")
CONTROLLER = CronJobController()
ZONE = "America/New_York"
CALM = 10**6


def body(schedule: str, policy: str, deadline: int | None) -> dict[str, Any]:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]}
    spec: dict[str, Any] = {
        "schedule": schedule,
        "concurrencyPolicy": policy,
        "timeZone": ZONE,
        "jobTemplate": {"spec": {"template": {"spec": pod}}},
    }
    if deadline is not None:
        spec["startingDeadlineSeconds"] = deadline
    return {"spec": spec}


async def look(cluster: LiveCluster, writes: int) -> None:
    snapshot = CONTROLLER.read(RegistryReader(cluster.registry), KEY)
    assert snapshot is not None
    plan = CONTROLLER.plan(snapshot, cluster.clock.now())
    with suppress(Killed, Outdated):
        await applying.apply(plan, Mortal(cluster.registry, writes), Silent())


async def end(cluster: LiveCluster, at: int, ending: str) -> None:
    names = cluster.names(JOBS)
    if not names:
        return
    now = now_rfc3339(cluster.clock.now())

    def change(job: dict[str, Any]) -> None:
        if not job["status"].get("conditions"):
            job["status"]["conditions"] = [{"type": ending, "status": "True"}]
            if ending == "Complete":
                job["status"] |= {"startTime": now, "completionTime": now}

    await cluster.change(JOBS, names[at % len(names)], change, "status")


def due(cluster: LiveCluster) -> datetime | None:
    """The last time of the schedule that must have been started by now, found the simple way."""
    cronjob = cluster.registry.get(CRONJOBS, "default", "tick").view(CronJob)
    schedule, zone, now = parse(cronjob.spec.schedule), timezones.find(ZONE), cluster.clock.now()
    assert zone is not None
    assert cronjob.metadata.creation_timestamp is not None
    since = parse_time(cronjob.metadata.creation_timestamp)
    if cronjob.spec.starting_deadline_seconds is not None:
        since = max(since, now - timedelta(seconds=cronjob.spec.starting_deadline_seconds))
    found, time = None, schedule.next(since, zone)
    while time is not None and time <= now:
        found, time = time, schedule.next(time, zone)
    return found


STEP = st.one_of(
    st.tuples(st.just("look"), st.integers(0, 4)),
    st.tuples(st.just("look"), st.integers(0, 4)),
    st.tuples(st.just("wait"), st.integers(20, 150)),
    st.tuples(st.just("wait"), st.integers(1, 9000)),
    st.tuples(st.just("Complete"), st.integers(0, 9)),
    st.tuples(st.just("Failed"), st.integers(0, 9)),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=st.lists(STEP, min_size=30, max_size=100),
    schedule=st.sampled_from(["* * * * *", "*/7 * * * *", "30 1-3 * * *", "@hourly"]),
    policy=st.sampled_from(["Allow", "Forbid", "Replace"]),
    deadline=st.sampled_from([None, 15, 100, 5000]),
)
def test_every_due_time_is_started_once(
    script: list[tuple[str, int]], schedule: str, policy: str, deadline: int | None
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            started: Counter[str] = Counter()

            def note(event: Event) -> None:
                if event.type == "ADDED" and event.entry.key.startswith(JOBS.prefix):
                    started[event.entry.name] += 1

            cluster.cache.observe("", note)
            await cluster.create(CRONJOBS, "tick", **body(schedule, policy, deadline))
            for kind, number in script:
                match kind:
                    case "look":
                        await look(cluster, number)
                    case "wait":
                        await cluster.clock.sleep(number)
                    case _:
                        await end(cluster, number, kind)
                assert set(started.values()) <= {1}, "a time was started twice"
            await settle(cluster, policy)
            expected = due(cluster)
            if expected is not None and policy != "Forbid":
                assert started[f"tick-{int(expected.timestamp()) // 60}"] == 1, "a time was missed"
            check(cluster, policy)

    virtualtime.run(main())


async def settle(cluster: LiveCluster, policy: str) -> None:
    """Look uninterrupted until nothing changes; replacing takes a look for each of its steps."""
    for _ in range(10):
        before = cluster.registry.revision
        await look(cluster, CALM)
        for job in cluster.registry.list(JOBS, "default"):
            if job.meta.deletion_timestamp is not None:
                await cluster.delete(JOBS, job.name)
        if cluster.registry.revision == before:
            return
    raise AssertionError("still changing")


def check(cluster: LiveCluster, policy: str) -> None:
    status = cluster.registry.get(CRONJOBS, "default", "tick").view(CronJob).status
    jobs = [entry.view(Job) for entry in cluster.registry.list(JOBS, "default")]
    running = {job.metadata.uid for job in jobs if job.ending is None}
    assert {one.uid for one in status.active} == running
    if policy != "Allow":
        assert len(running) <= 1
    assert sum(job.ending is not None and job.ending.type == "Complete" for job in jobs) <= 3
    assert sum(job.ending is not None and job.ending.type == "Failed" for job in jobs) <= 1
