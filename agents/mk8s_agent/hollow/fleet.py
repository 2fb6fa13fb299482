"""All hollow nodes of one process, and their links.

Owns how many of them dial at a time for the first time: a master that shakes hands with a thousand
agents at once answers the last ones too late.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

from minikube8s.kit.tasks import Supervisor
from mk8s_agent.hollow.config import HollowConfig
from mk8s_agent.hollow.node import HollowAgent
from mk8s_agent.link.client import Link

AT_A_TIME = 32
"""So many nodes may have dialled and not yet been told what to run."""
PATIENCE = 15.0
"""Seconds after which the next one dials although an earlier one was told nothing."""


class Fleet:
    """Runs the nodes of a configuration."""

    def __init__(self, config: HollowConfig) -> None:
        self._config = config
        self._places = asyncio.Semaphore(AT_A_TIME)
        self._tasks = Supervisor("hollow")

    async def run(self) -> None:
        """Keep all nodes' sessions until cancelled."""
        try:
            for one in self._config.nodes:
                await self._places.acquire()
                agent = HollowAgent(self._config, one)
                link = Link(one.name, self._config.master, agent.dial)
                self._tasks.spawn(one.name, partial(link.run, agent))
                self._tasks.spawn(f"{one.name} comes", partial(self._come, agent), restart=False)
            await asyncio.Event().wait()
        finally:
            await self._tasks.close()

    async def _come(self, agent: HollowAgent) -> None:
        """Let the next node dial when this one knows what it runs."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await agent.assignments.synced.wait()
        self._places.release()
