"""The numbers of store, scheduler and controllers, as /metrics tells them."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from minikube8s.api.resources import PODS
from minikube8s.cluster import figures
from minikube8s.controllers import Controllers
from minikube8s.registry.events import EventRecorder
from minikube8s.scheduler import Scheduler
from minikube8s.server.metrics import Family
from minikube8s.store.interface import Blob
from minikube8s.store.sqlite import SqliteStore
from tests.support import virtualtime
from tests.support.livecluster import live_cluster
from tests.support.objects import template


def told(families: Iterable[Family]) -> dict[tuple[str, ...], float]:
    """Return the values by name and labels."""
    return {
        (f"{family.name}{sample.suffix}", *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


async def test_writes_commits_and_the_files_size_are_told(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    await store.open()
    try:
        empty = told(figures.of_store(store))
        blobs = [Blob(f"v{number}".encode(), b";") for number in range(50)]
        await asyncio.gather(*(store.put(f"x/{n}", blob, 0) for n, blob in enumerate(blobs)))
        found = told(figures.of_store(store))
    finally:
        await store.close()
    assert empty["mk8s_store_writes_total",] == 0
    assert found["mk8s_store_writes_total",] == 50
    commits = found["mk8s_store_commit_duration_seconds_count",]
    assert 1 <= commits <= 50
    assert found["mk8s_store_commit_duration_seconds_sum",] > 0
    assert found["mk8s_store_queue_length",] == 0
    assert found["apiserver_storage_size_bytes", "sqlite"] > 0


def test_pods_without_a_node_and_attempts_are_told() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            recorder = EventRecorder(cluster.registry, "default-scheduler")
            scheduler = Scheduler(cluster.registry, recorder, cluster.clock)
            task = asyncio.ensure_future(scheduler.run())
            await cluster.add_node("n1")
            spec = template()["spec"]
            await cluster.create(PODS, "fits", spec=spec)
            await cluster.create(PODS, "waits", spec=spec | {"nodeSelector": {"no": "such"}})
            await asyncio.sleep(1)
            found = told(figures.of_scheduler(scheduler))
            await scheduler.close()
            await recorder.close()
            task.cancel()
        assert found["scheduler_pending_pods", "active"] == 0
        assert found["scheduler_pending_pods", "unschedulable"] == 1
        attempts = "scheduler_schedule_attempts_total", "default-scheduler"
        assert found[*attempts, "scheduled"] == 1
        assert found[*attempts, "unschedulable"] == 1

    virtualtime.run(main())


def test_every_controller_tells_its_depth_and_retries() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            controllers = Controllers(cluster.registry, cluster.clock)
            task = asyncio.ensure_future(controllers.run())
            await asyncio.sleep(1)
            found = told(figures.of_controllers(controllers))
            await controllers.close()
            task.cancel()
        assert found["workqueue_depth", "deployment"] == 0
        assert found["workqueue_retries_total", "replicaset"] == 0

    virtualtime.run(main())
