"""Keeps the routes to other nodes' pods true: when the master tells of nodes, and when somebody
else changes routes, links or addresses.

Owns the loop and what the last look found wrong. Decides nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from minikube8s.kit.backoff import Backoff
from mk8s_agent.network import route_news
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.routes import Choice, Peer

log = logging.getLogger(__name__)

_SETTLE_SECONDS = 0.05
"""A link that comes up makes a dozen changes; they are answered once."""
_RETRY = Backoff(initial=0.5, maximum=30.0)


class Network(Protocol):
    """Where routes are made, see `mk8s_agent.network.pods`."""

    async def reach(self, peers: Sequence[Peer]) -> tuple[Choice, int]:
        """Make the routes to the peers' pods be there; the VXLAN link's index, 0 without one."""
        ...


class Routing:
    """The routes of one node.

    `told` hears, when that changed, why nodes cannot be reached, and whether none can; `news` that
    links, addresses or routes are others than before.
    """

    def __init__(
        self,
        network: Network,
        told: Callable[[tuple[str, ...], bool], None],
        news: Callable[[], None],
    ) -> None:
        self._network = network
        self._told = told
        self._news = news
        self._peers: tuple[Peer, ...] | None = None
        self._wanted = asyncio.Event()
        self._tunnel = 0
        self._known: tuple[str, ...] = ()

    def set_peers(self, peers: Sequence[Peer]) -> None:
        """Take over which other nodes there are. Until the first call routes stay as they are."""
        self._peers = tuple(peers)
        self._wanted.set()

    def again(self) -> None:
        """Look again: the node's own network was set up, perhaps for another range."""
        if self._peers is not None:
            self._wanted.set()

    async def run(self) -> None:
        """Apply what is wanted, and apply it again when it was undone; an eternal task."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._apply())
            tasks.create_task(route_news.follow(self._changed, lambda: self._tunnel))

    def _changed(self) -> None:
        """Somebody changed something. Without other nodes no route depends on it."""
        self._news()
        if self._peers:
            self._wanted.set()

    async def _apply(self) -> None:
        failures = 0
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                choice, self._tunnel = await self._network.reach(self._peers or ())
            except (NetworkError, OSError) as error:
                self._tell((f"pods of other nodes may not be reached: {error}",), cut_off=True)
                await asyncio.sleep(_RETRY.delay(failures))
                failures += 1
                self._wanted.set()
            else:
                failures = 0
                cut_off = bool(choice.unreachable) and not choice.crossings
                self._tell(choice.unreachable, cut_off)
                await asyncio.sleep(_SETTLE_SECONDS)

    def _tell(self, sentences: tuple[str, ...], cut_off: bool) -> None:
        for sentence in sentences:
            if sentence not in self._known:
                log.error("%s", sentence)
        if sentences != self._known:
            self._known = sentences
            self._told(sentences, cut_off)
