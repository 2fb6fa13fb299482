"""Background tasks that somebody answers for.

Owns the life of tasks: none is lost, none fails in silence, all end with their supervisor. Knows
nothing of what they do.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from minikube8s.kit.backoff import Backoff

log = logging.getLogger(__name__)

RESTART_BACKOFF = Backoff(initial=0.05, maximum=30.0)
HEALTHY_AFTER = 60.0
"""Seconds after which a run counts as healthy: its fault starts the back-off anew."""
CLOSE_DEADLINE = 10.0
"""Seconds that cancelled tasks get to end in `close`."""


class Supervisor:
    """Runs named tasks; an eternal one that ends or raises is reported and started again."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def spawn(
        self, name: str, factory: Callable[[], Awaitable[None]], restart: bool = True
    ) -> asyncio.Task[None]:
        """Start `factory()` as a task; cancel the returned task to stop it for good.

        With `restart` the task is eternal. Without, its end is fine and its failure is logged.
        Raises RuntimeError on a closed supervisor.
        """
        if self._closed:
            raise RuntimeError(f"supervisor {self._name} is closed: it cannot start {name}")
        label = f"{self._name}/{name}"
        work = self._eternal(label, factory) if restart else self._once(label, factory)
        task = asyncio.get_running_loop().create_task(work, name=label)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Cancel all tasks and wait for their end, at most CLOSE_DEADLINE seconds."""
        self._closed = True
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if not tasks:
            return
        _, stuck = await asyncio.wait(tasks, timeout=CLOSE_DEADLINE)
        for task in stuck:
            log.error("task %s did not end within %gs of its cancellation", task, CLOSE_DEADLINE)

    async def _once(self, label: str, factory: Callable[[], Awaitable[None]]) -> None:
        try:
            await factory()
        except Exception:
            log.exception("task %s failed", label)

    async def _eternal(self, label: str, factory: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        faults = 0
        while True:
            started = loop.time()
            try:
                await factory()
            except Exception:
                log.exception("task %s failed; it will be started again", label)
            else:
                log.error("task %s ended, though it should not; it will be started again", label)
            if loop.time() - started >= HEALTHY_AFTER:
                faults = 0
            await asyncio.sleep(RESTART_BACKOFF.delay(faults))
            faults += 1
