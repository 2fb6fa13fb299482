"""Heartbeats of all nodes on their way into the registry.

Owns that those which come close together are written together: one commit for many Leases.
"""

import asyncio
from collections.abc import Awaitable, Callable

from minikube8s.kit.clock import Clock

GATHERING = 0.001
"""Seconds for each agent that the first heartbeat waits for others; a tenth of their interval at
most."""


class Heartbeats:
    """Hands heartbeats to `write` in turns. `agents` tells how many agents there are."""

    def __init__(
        self,
        clock: Clock,
        write: Callable[[str], Awaitable[None]],
        agents: Callable[[], int],
        interval: float,
    ) -> None:
        self._clock = clock
        self._write = write
        self._agents = agents
        self._longest = interval / 10
        self._turn: asyncio.Future[None] | None = None

    async def beat(self, node: str) -> None:
        """Return when the node's heartbeat is written. Raises what `write` raises."""
        if self._turn is None or self._turn.done():
            pause = min(GATHERING * self._agents(), self._longest)
            self._turn = asyncio.ensure_future(self._clock.sleep(pause))
        # whoever gives up must not end the turn of the others
        await asyncio.shield(self._turn)
        await self._write(node)
