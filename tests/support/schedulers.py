"""A scheduler at work in a live cluster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from minikube8s.registry.events import EventRecorder
from minikube8s.scheduler import Scheduler
from minikube8s.scheduler.profiles import Profile
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster


@asynccontextmanager
async def scheduled(cluster: LiveCluster, *profiles: Profile) -> AsyncIterator[Scheduler]:
    """Run a scheduler with these profiles, or with the default one."""
    recorder = EventRecorder(cluster.registry, "default-scheduler")
    scheduler = Scheduler(cluster.registry, recorder, cluster.clock, profiles or (Profile(),))
    task = asyncio.ensure_future(scheduler.run())
    try:
        yield scheduler
    finally:
        await scheduler.close()
        await recorder.close()
        task.cancel()


def play(scenario: Callable[[LiveCluster], Awaitable[None]]) -> None:
    """Play a scenario in a cluster with a scheduler, on virtual time."""

    async def main() -> None:
        async with live_cluster() as cluster, scheduled(cluster):
            await scenario(cluster)

    virtualtime.run(main())
