"""Which nodes are judged lost: those that were silent while the master listened."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from minikube8s.api.resources import NODES
from minikube8s.api.views import Node
from minikube8s.nodes.config import NodesConfig
from minikube8s.nodes.lifecycle import Lifecycle
from minikube8s.nodes.registration import Registration
from minikube8s.registry.events import EventRecorder
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster

GRACE = 40.0


@asynccontextmanager
async def judged(
    cluster: LiveCluster, *nodes: str, cut: Callable[[str], None]
) -> AsyncIterator[Lifecycle]:
    """The judge at work, these nodes being ready and just heard."""
    registry, clock = cluster.registry, cluster.clock
    recorder = EventRecorder(registry, "node-controller")
    registration = Registration(registry, clock, NodesConfig(grace=GRACE))
    lifecycle = Lifecycle(registry, clock, registration, recorder, lambda _: (), cut, GRACE)
    for node in nodes:
        await cluster.add_node(node)
        lifecycle.heard(node)
    task = asyncio.create_task(lifecycle.run())
    try:
        yield lifecycle
    finally:
        task.cancel()
        await asyncio.wait([task])
        await recorder.close()


def ready(cluster: LiveCluster) -> list[str]:
    return [one.name for one in cluster.registry.list(NODES, None) if one.view(Node).ready]


def test_a_node_that_speaks_while_another_is_written_off_stays_ready() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:

            def cut(node: str) -> None:
                lost.append(node)
                lifecycle.heard("b")

            lost: list[str] = []
            async with judged(cluster, "a", "b", cut=cut) as lifecycle:
                await asyncio.sleep(GRACE + 1)
                assert lost == ["a"]
                assert ready(cluster) == ["b"]

    virtualtime.run(main())


def test_no_node_is_lost_because_the_master_itself_stood_still() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            lost: list[str] = []
            async with judged(cluster, "a", "b", cut=lost.append) as lifecycle:
                loop = asyncio.get_running_loop()
                assert isinstance(loop, virtualtime.VirtualLoop)
                loop.call_later(GRACE - 0.1, loop.stand_still, 2 * GRACE)
                # what "a" said meanwhile is read a moment after the judge's own timer
                loop.call_later(3 * GRACE + 0.5, lifecycle.heard, "a")
                await asyncio.sleep(3 * GRACE + 1)
                assert ready(cluster) == ["a", "b"]
                await asyncio.sleep(GRACE / 2)
                assert lost == ["b"]
                assert ready(cluster) == ["a"]

    virtualtime.run(main())
