"""Making room when the node runs short: in which order what is tried, and that it was enough.

What nobody misses goes first: dead containers, images that nothing uses. Then pods, one at a time,
each time with a look whether that was enough.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from minikube8s.kit.clock import Clock
from mk8s_agent.node.conditions import CONDITION_OF, DISK
from mk8s_agent.node.evictions import Evictions
from mk8s_agent.node.ranking import resource_of
from mk8s_agent.node.thresholds import Crossed
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.interface import Runtime

log = logging.getLogger(__name__)

Tell = Callable[[str, str, str], None]
"""Records an event about the node: (type, reason, message)."""
_MOMENT = 1.0
_LONGEST_END = 30
"""Seconds to wait for an evicted pod's end before the next one is chosen."""


class Pods(Protocol):
    """The node's pods, see `mk8s_agent.pods.manager`."""

    def is_ending(self) -> bool:
        """Whether containers of a pod that its node lets fail still run."""
        ...

    def spare_containers(self) -> list[str]:
        """The ids of dead containers that are kept only for their logs."""
        ...


class Room:
    """Makes room on one node. `unused_images` removes those that nothing uses."""

    def __init__(
        self,
        pods: Pods,
        evictions: Evictions,
        runtime: Runtime,
        clock: Clock,
        tell: Tell,
        unused_images: Callable[[], Awaitable[None]],
    ) -> None:
        self._pods = pods
        self._evictions = evictions
        self._runtime = runtime
        self._clock = clock
        self._tell = tell
        self._unused_images = unused_images

    async def make(self, crossed: Sequence[Crossed], look: Callable[[], Sequence[Crossed]]) -> bool:
        """Do one thing about it; True when pods had to go, so that it is time to look again."""
        evicted = await self._evictions.enforce_limits()
        if crossed and not evicted:
            evicted = await self._relieve(crossed[0], look)
        if evicted:
            await self._see_them_end()
        return evicted

    async def _relieve(self, worst: Crossed, look: Callable[[], Sequence[Crossed]]) -> bool:
        signal = worst.threshold.signal
        self._tell(
            "Warning", "EvictionThresholdMet", f"Attempting to reclaim {resource_of(signal)}"
        )
        if CONDITION_OF[signal] == DISK:
            await self._drop_what_nobody_misses()
            left = [one for one in look() if CONDITION_OF[one.threshold.signal] == DISK]
            if not left:
                return False
            worst = left[0]
        return await self._evictions.make_room(worst)

    async def _drop_what_nobody_misses(self) -> None:
        try:
            for container in self._pods.spare_containers():
                await self._runtime.remove(container)
            await self._unused_images()
        except RuntimeFault as error:
            log.warning("dead containers and unused images cannot be removed: %s", error)

    async def _see_them_end(self) -> None:
        """Wait for the end of what was evicted; only then can be seen whether that was enough."""
        for _ in range(_LONGEST_END):
            await self._clock.sleep(_MOMENT)
            if not self._pods.is_ending():
                return
