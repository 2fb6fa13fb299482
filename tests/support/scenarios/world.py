"""What a scenario happens in: a store, the lives of a master above it, and played nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from minikube8s.nodes.config import NodesConfig
from minikube8s.registry import Registry
from tests.support.scenarios.agent import Agent
from tests.support.scenarios.master import Master
from tests.support.scenarios.mortalstore import MortalStore
from tests.support.scenarios.naming import Names
from tests.support.virtualtime import VirtualClock

Json = dict[str, Any]

SETTLED = 0.1
"""Virtual seconds after a command, in which everything happens that nothing else delays."""


class Down(Exception):
    """There is no master to ask."""


class World:
    """The cluster as a whole."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.names = Names()
        self.agents: dict[str, Agent] = {}
        self.config = NodesConfig()
        self.store = MortalStore(self.names)
        self._master: Master | None = None
        self._lives = 0

    @property
    def registry(self) -> Registry:
        """The objects, as clients of the master see them. Raises Down."""
        if self._master is None:
            raise Down("the master is down")
        return self._master.registry

    async def start(self) -> None:
        """Start the master; agents dial it as soon as they notice."""
        if self._master is not None:
            raise ValueError("the master runs already")
        self._lives += 1
        self.store.dead.clear()
        await self.store.open()
        self._master = Master(self.store, self.clock, self._cut, self.config, self._lives)
        await self._master.start()
        for agent in self.agents.values():
            agent.dial(self._master)

    async def close(self) -> None:
        """End everything."""
        for agent in self.agents.values():
            agent.power_off()
        self.store.die()
        await self._bury()

    async def while_it_lives(self, work: Awaitable[str]) -> str:
        """Do `work` and let things settle; if the master dies of it, say so and clear up."""
        task = asyncio.ensure_future(self._settled(work))
        death = asyncio.ensure_future(self.store.dead.wait())
        try:
            if self._master is None:
                return await task
            await asyncio.wait({task, death}, return_when=asyncio.FIRST_COMPLETED)
            if not self.store.dead.is_set():
                return task.result()
        finally:
            death.cancel()
        answer = task.result() if task.done() else ""
        task.cancel()
        if self._master is not None:
            await self._bury()
            return f"{answer}\nthe master died".strip()
        return answer

    async def _settled(self, work: Awaitable[str]) -> str:
        answer = await work
        await self.clock.sleep(SETTLED)
        return answer

    def add(self, name: str, status: Json, labels: Json) -> None:
        """Add a machine, whose agent dials the master."""
        agent = Agent(name, len(self.agents) + 1, self.clock, status, labels)
        self.agents[name] = agent
        agent.dial(self._master)

    def redial(self, name: str) -> None:
        """Have a node's agent begin anew, as far as machine and network let it."""
        self.agents[name].dial(self._master)

    def _cut(self, node: str) -> None:
        """End the session of a node, as the master does that does not believe it any more."""
        if node in self.agents:
            self.redial(node)

    async def _bury(self) -> None:
        master, self._master = self._master, None
        for agent in self.agents.values():
            agent.dial(None)
        if master is not None:
            await master.close()
        await self.store.close()
