"""One controller's work: its queue, its workers, and the looks they take.

Every controller has a lane of its own, so that one with many keys, or with long plans, keeps no
other waiting. Within a lane a key waits in order of arrival; one that fails waits by itself, ever
longer. A key that is dear to look at rests after a look: it never takes more than about a tenth of
the processor, however often what it looks at changes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from minikube8s.api.errors import ApiError
from minikube8s.controllers import applying
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.applying import Outdated, Recorder
from minikube8s.kit.backoff import Backoff
from minikube8s.kit.tasks import Supervisor
from minikube8s.kit.workqueue import WorkQueue
from minikube8s.registry import Registry

if TYPE_CHECKING:
    from minikube8s.controllers.runner import Controller, Reader

log = logging.getLogger(__name__)

WORKERS = 5
"""How many keys of a controller are worked on at a time; writes of several share commits."""
RETRY = Backoff(initial=0.005, maximum=300.0)
DEAR = 0.005
"""Seconds of the processor from which on a look is followed by a rest."""
REST = 9.0
"""How many times as long as the look took its key rests."""
LONGEST_REST = 1.0
"""Seconds: so stale may be what is told of thousands of objects."""


class Figures(NamedTuple):
    """How busy a controller is: keys that wait now, and looks that had to be repeated so far."""

    name: str
    waiting: int
    retries: int


class Surroundings(NamedTuple):
    """What all lanes share."""

    registry: Registry
    reader: Reader
    now: Callable[[], datetime]
    stopwatch: Callable[[], float] = time.thread_time
    """Seconds of the processor that this thread has used."""


class Lane:
    """Looks at the keys of one controller."""

    def __init__(
        self, controller: Controller, recorder: Recorder, surroundings: Surroundings
    ) -> None:
        self.controller = controller
        self._recorder = recorder
        self._around = surroundings
        self._queue: WorkQueue[Hashable] = WorkQueue(RETRY)
        self._retries = 0

    @property
    def figures(self) -> Figures:
        """How busy the controller is."""
        return Figures(self.controller.name, len(self._queue), self._retries)

    def start(self, supervisor: Supervisor) -> None:
        """Start working, as tasks of `supervisor`."""
        for number in range(WORKERS):
            supervisor.spawn(f"{self.controller.name} {number}", self._work)

    def add(self, key: Hashable) -> None:
        """Have `key` looked at."""
        self._queue.add(key)

    def close(self) -> None:
        """Drop what is queued."""
        self._queue.close()

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            rest = 0.0
            try:
                rest = await self._look(key)
            except Outdated:
                self._retry(key)
            except ApiError as error:
                seconds = self._retry(key)
                told = (self.controller.name, key, error.message, seconds)
                log.warning("%s %s: %s; trying again in %gs", *told)
            except Exception:
                seconds = self._retry(key)
                log.exception(
                    "%s %s failed; trying again in %gs", self.controller.name, key, seconds
                )
            else:
                self._queue.forget(key)
            finally:
                self._queue.done(key, rest)

    def _retry(self, key: Hashable) -> float:
        self._retries += 1
        return self._queue.retry(key)

    async def _look(self, key: Hashable) -> float:
        """Look at `key` and do what is due; return for how long it rests (seconds)."""
        started = self._around.stopwatch()
        plan = self._plan(key)
        spent = self._around.stopwatch() - started
        if plan is None:
            return 0.0
        if plan.requeue_after is not None:
            self._queue.add_after(key, plan.requeue_after)
        try:
            await applying.apply(plan, self._around.registry, self._recorder)
        except ApiError as error:
            await self._tell_failure(key, error)
            raise
        # Who makes or deletes something mostly has more of it to do right away.
        unfinished = plan.creates or plan.deletes
        return 0.0 if unfinished or spent < DEAR else min(REST * spent, LONGEST_REST)

    async def _tell_failure(self, key: Hashable, error: ApiError) -> None:
        plan = self._plan(key, error.message)
        if plan is not None and plan.status is not None:
            await applying.apply_status(plan.status, self._around.registry)

    def _plan(self, key: Hashable, failure: str = "") -> Plan | None:
        snapshot = self.controller.read(self._around.reader, key)
        if snapshot is None:
            return None
        return self.controller.plan(snapshot, self._around.now(), failure)
