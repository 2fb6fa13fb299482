"""What is done when the node runs short: first what nobody misses goes, then pods, one by one.

The order and the words are `ranking`'s.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from minikube8s.kit.clock import Clock
from mk8s_agent.node import usage
from mk8s_agent.node.conditions import CONDITION_OF, DISK
from mk8s_agent.node.ranking import (
    is_limited,
    limit_message,
    limits_containers,
    low_message,
    ranked,
    resource_of,
)
from mk8s_agent.node.tenants import Tenant, is_critical
from mk8s_agent.node.thresholds import Crossed
from mk8s_agent.pods.lifecycle import grace_of
from mk8s_agent.pods.node_context import Reporter, recorder
from mk8s_agent.pods.residents import Resident
from mk8s_agent.runtime.interface import Runtime

log = logging.getLogger(__name__)

EVICTED = "Evicted"
_AT_ONCE = timedelta(seconds=1)
_LIMIT_SHARE = 20
"""Looking at the disks of pods with limits may take a twentieth of the time."""


class Pods(Protocol):
    """The node's pods, see `mk8s_agent.pods.manager`."""

    def residents(self) -> list[Resident]:
        """Those that are to run on."""
        ...

    def doom(
        self, uid: str, reason: str, message: str, grace: timedelta, *, disrupts: bool = False
    ) -> None:
        """Let a pod fail."""
        ...


class Evictions:
    """Makes room on one node."""

    def __init__(
        self,
        pods: Pods,
        runtime: Runtime,
        clock: Clock,
        reporter: Reporter,
        pods_dir: Path,
        longest_grace: int,
    ) -> None:
        self._pods = pods
        self._runtime = runtime
        self._clock = clock
        self._reporter = reporter
        self._pods_dir = pods_dir
        self._longest_grace = timedelta(seconds=longest_grace)
        self._limits_at = 0.0

    async def enforce_limits(self) -> bool:
        """Evict the pods that use more of the disk than they may; whether there were any."""
        now = self._clock.monotonic()
        limited = [
            # What nothing limits costs the engine some work to find out.
            one if limits_containers(one.pod) else one._replace(containers=())
            for one in self._pods.residents()
            if is_limited(one.pod) and not is_critical(one.pod)
        ]
        if not limited or now < self._limits_at:
            return False
        tenants = await usage.with_storage(limited, self._runtime, self._pods_dir)
        done = self._clock.monotonic()
        self._limits_at = done + _LIMIT_SHARE * (done - now)
        evicted = False
        for one in tenants:
            if message := limit_message(one):
                self._evict(one, message, _AT_ONCE, disrupts=False)
                evicted = True
        return evicted

    async def make_room(self, crossed: Crossed) -> bool:
        """Evict the pod that has to go first; False when there is none."""
        resource = resource_of(crossed.threshold.signal)
        victims = ranked(resource, await self._measured(crossed, self._pods.residents()))
        if not victims:
            log.warning("the node is low on %s, and no pod can be evicted", resource)
            return False
        grace = _AT_ONCE
        if crossed.threshold.soft:
            grace = min(self._longest_grace, grace_of(victims[0].pod))
        self._evict(victims[0], low_message(crossed, victims[0]), grace, disrupts=True)
        return True

    async def _measured(self, crossed: Crossed, residents: Sequence[Resident]) -> list[Tenant]:
        if CONDITION_OF[crossed.threshold.signal] == DISK:
            return await usage.with_storage(residents, self._runtime, self._pods_dir)
        return await usage.with_memory(residents)

    def _evict(self, victim: Tenant, message: str, grace: timedelta, *, disrupts: bool) -> None:
        pod = victim.pod
        log.warning("evicting pod %s/%s: %s", pod.metadata.namespace, pod.metadata.name, message)
        recorder(self._reporter, pod)("Warning", EVICTED, message)
        self._pods.doom(pod.metadata.uid, EVICTED, message, grace, disrupts=disrupts)
