"""Hears what happens to containers, and has everything looked at when news may have been missed.

Owns the subscription to the engine's events, and what is done where events are not enough: an
engine that hangs closes nothing, and one that nobody listened to has dropped events.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from minikube8s.kit.backoff import Backoff
from minikube8s.kit.clock import Clock
from mk8s_agent.runtime.errors import EngineUnavailable, RuntimeFault
from mk8s_agent.runtime.interface import Runtime
from mk8s_agent.runtime.vocabulary import RuntimeEvent

log = logging.getLogger(__name__)

RESYNC_SECONDS = 300.0
"""How often everything is looked at although nothing was heard."""
TOUCH_SECONDS = 10.0
"""How often the engine is asked whether it is still there."""
STALL_SECONDS = 5.0
_RECONNECT = Backoff(initial=0.1, maximum=2.0)


class _Stalled(Exception):
    """Events may have been missed."""


class Listening:
    """News of the containers that are labelled `owner`.

    `look` looks at everything and may raise RuntimeFault, `changed` takes one event; `answers` is
    called with True once the engine answers and with False when it stops to.
    """

    def __init__(
        self,
        runtime: Runtime,
        owner: Mapping[str, str],
        clock: Clock,
        look: Callable[[], Awaitable[None]],
        changed: Callable[[RuntimeEvent], None],
        answers: Callable[[bool], None],
    ) -> None:
        self._runtime = runtime
        self._owner = owner
        self._clock = clock
        self._look = look
        self._changed = changed
        self._answers = answers

    async def run(self) -> None:
        """Keep subscribed to the engine's events; after every gap look at everything."""
        failures = 0
        while True:
            try:
                async with self._runtime.events(self._owner) as events:
                    await self._look()
                    failures = 0
                    self._answers(True)
                    await self._listen(events)
            except _Stalled:
                log.warning("the agent did not run for a while: it looks at everything again")
                continue
            except EngineUnavailable as error:
                log.warning("%s", error)
            except RuntimeFault as error:
                log.warning("the container engine refused to report events: %s", error)
            self._answers(False)
            await self._clock.sleep(_RECONNECT.delay(failures))
            failures += 1

    async def resync(self) -> None:
        """The safety net under the events."""
        while True:
            await self._clock.sleep(RESYNC_SECONDS)
            try:
                await self._look()
            except RuntimeFault as error:
                log.warning("the slow look at everything failed: %s", error)

    async def _listen(self, events: AsyncIterator[RuntimeEvent]) -> None:
        """Pass on events until they end, the engine falls silent, or some may have been missed."""
        work = {
            asyncio.create_task(self._pass_on(events), name="pods/events"),
            asyncio.create_task(self._keep_in_touch(), name="pods/touch"),
        }
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in work:
                task.cancel()
            await asyncio.wait(work)
        for task in done:
            task.result()

    async def _pass_on(self, events: AsyncIterator[RuntimeEvent]) -> None:
        async for event in events:
            self._changed(event)
        log.warning("the container engine closed its event stream: it may be restarting")

    async def _keep_in_touch(self) -> None:
        """Raise _Stalled when this process did not run for a while, EngineUnavailable when the
        engine falls silent.
        """
        while True:
            before = self._clock.monotonic()
            await self._clock.sleep(TOUCH_SECONDS)
            if self._clock.monotonic() - before > TOUCH_SECONDS + STALL_SECONDS:
                raise _Stalled
            await self._runtime.ping()
