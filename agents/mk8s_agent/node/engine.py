"""Meets the container engine whenever it answers again. Without it the node is not ready."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from mk8s_agent.network.errors import NetworkError
from mk8s_agent.node.keeper import NodeKeeper
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.interface import Runtime

log = logging.getLogger(__name__)

_PART = "engine"
_DOWN = "container runtime is down: "


class Engine:
    """The node's container engine, which comes and goes.

    `prepare` has it ready for pods; `repair` puts the pods' network in order, because an engine
    that starts makes its firewall anew.
    """

    def __init__(
        self,
        runtime: Runtime,
        node: NodeKeeper,
        prepare: Callable[[], Awaitable[None]],
        repair: Callable[[], Awaitable[None]],
    ) -> None:
        self._runtime = runtime
        self._node = node
        self._prepare = prepare
        self._repair = repair
        node.state.trouble[_PART] = f"{_DOWN}it has not answered yet"

    def lost(self) -> None:
        """It does not answer any more."""
        self._node.trouble(_PART, f"{_DOWN}it does not answer")

    async def meet(self) -> None:
        """Ask it what it is, now that it answers."""
        try:
            self._node.met_engine(await self._runtime.info())
            self._node.trouble(_PART, "")
            await self._prepare()
            await self._repair()
        except RuntimeFault as error:
            self._node.trouble(_PART, f"{_DOWN}{error}")
        except NetworkError as error:
            log.warning("pods may be cut off: %s", error)
