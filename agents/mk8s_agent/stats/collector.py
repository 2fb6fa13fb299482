"""Answers the master's question for the node's use.

Nothing is sampled while nobody asks. A use of processors takes two samples: the earlier one is that
of the question before, or, where that was too long ago, one a second earlier.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from minikube8s.kit.clock import Clock
from mk8s_agent.link.errors import StreamError
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.interface import Runtime
from mk8s_agent.runtime.vocabulary import Container
from mk8s_agent.stats import sampling
from mk8s_agent.stats.sampling import Sample
from mk8s_agent.stats.summary import summary

FRESH_SECONDS = 10.0
"""How long an answer is good for; samples closer to each other say little."""
LONGEST_WINDOW = 60.0
FIRST_WINDOW = 1.0


class _Answer(NamedTuple):
    taken: Sample
    told: bytes


class Stats:
    """Serves the stream `stats` of one node.

    `owner`: the labels of its containers; `disks` tells how full the disks of its files are.
    """

    def __init__(
        self,
        node: str,
        runtime: Runtime,
        owner: dict[str, str],
        clock: Clock,
        disks: Callable[[], Mapping[str, Mapping[str, int]]],
    ) -> None:
        self._node = node
        self._runtime = runtime
        self._owner = owner
        self._clock = clock
        self._disks = disks
        self._asking = asyncio.Lock()
        self._last: _Answer | None = None

    async def open(self, _: dict[str, Any]) -> AsyncIterator[bytes]:
        """Return the kubelet's stats/summary, and over how many seconds. Raises StreamError."""
        async with self._asking:
            try:
                told = await self._tell()
            except RuntimeFault as fault:
                raise StreamError("InternalError", str(fault), 500) from fault
        return _once(told)

    async def _tell(self) -> bytes:
        last = self._last
        if last is not None and self._clock.monotonic() - last.taken.at < FRESH_SECONDS:
            return last.told
        containers = await self._runtime.containers(self._owner)
        after = await self._sample(containers)
        if last is not None and after.at - last.taken.at <= LONGEST_WINDOW:
            before = last.taken
        else:
            before = after
            await self._clock.sleep(FIRST_WINDOW)
            after = await self._sample(containers)
        told = msgspec.json.encode(
            {
                "windowSeconds": round(after.at - before.at, 3),
                "summary": summary(
                    self._node, before, after, containers, self._disks(), self._clock.now()
                ),
            }
        )
        self._last = _Answer(after, told)
        return told

    async def _sample(self, containers: list[Container]) -> Sample:
        return await asyncio.to_thread(sampling.take, containers, self._clock.monotonic())


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
