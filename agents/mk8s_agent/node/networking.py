"""Sets the node's pod network up once the master has said which addresses are the node's.

Owns the attempts. Without it the node is not ready.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from minikube8s.kit.backoff import Backoff
from minikube8s.kit.clock import Clock
from mk8s_agent.assignments import Assignments, ClusterInfo
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.pods import PodNetwork
from mk8s_agent.network.routes import Overlay

log = logging.getLogger(__name__)

_RETRY = Backoff(initial=0.5, maximum=30.0)


class Networking:
    """The network of a node's pods, set up anew whenever the master tells of it.

    `trouble` hears what keeps it from being used, and "" when nothing does; `ready` is called with
    what it was set up for, each time.
    """

    def __init__(
        self,
        network: PodNetwork,
        assignments: Assignments,
        trouble: Callable[[str], None],
        ready: Callable[[ClusterInfo], None],
        clock: Clock,
    ) -> None:
        self._network = network
        self._assignments = assignments
        self._trouble = trouble
        self._ready = ready
        self._clock = clock
        self._wanted = asyncio.Event()

    def again(self) -> None:
        """The master has told of the cluster."""
        self._wanted.set()

    async def run(self) -> None:
        """Set the network up when it is wanted, and again until that works, for ever."""
        failures = 0
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            cluster = self._assignments.cluster
            if cluster is None:
                continue
            try:
                await self._set_up(cluster)
            except (NetworkError, OSError) as error:
                log.error("the pod network cannot be set up: %s", error)
                self._trouble(f"container runtime network not ready: {error}")
                await self._clock.sleep(_RETRY.delay(failures))
                failures += 1
                self._wanted.set()
            else:
                failures = 0
                self._ready(cluster)
                self._trouble("")

    async def _set_up(self, cluster: ClusterInfo) -> None:
        overlay = Overlay(cluster.pod_network, cluster.vxlan_id, cluster.vxlan_port)
        first, *second = cluster.pod_cidrs[:2]
        await self._network.setup(first, overlay, cluster.cluster_dns, *second)
