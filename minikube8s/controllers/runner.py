"""Runs controllers: from changes to keys, from keys to plans, from plans to writes.

Owns the watches, the one work queue and the workers. Knows nothing of what a controller is for.
Level-triggered: a change only says which key to look at; what to do is decided from the state at
the time of the look, which includes every write this process made before (the registry shows a
write before it returns).

The queue holds at most one entry a controller and key. A watch that was cut off for lagging (its
buffer is bounded) is opened anew, and everything that its controllers watch is looked at again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Protocol

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import Resource
from minikube8s.api.selectors import Selector
from minikube8s.controllers import applying
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.applying import Outdated, Recorder
from minikube8s.kit.backoff import Backoff
from minikube8s.kit.clock import Clock
from minikube8s.kit.tasks import Supervisor
from minikube8s.kit.workqueue import WorkQueue
from minikube8s.registry import Registry
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

log = logging.getLogger(__name__)

WORKERS = 8
"""How many keys are worked on at a time; writes of several workers share commits."""
RETRY = Backoff(initial=0.005, maximum=300.0)


class Reader(Protocol):
    """What controllers may ask of the registry: reads from the cache, without waiting."""

    def find(self, resource: Resource, namespace: str, name: str) -> Entry | None:
        """Return the object, or None."""
        ...

    def list(self, resource: Resource, namespace: str | None) -> list[Entry]:
        """Return the objects of one namespace, or with None of all."""
        ...

    def dependents(self, uid: str) -> Sequence[Entry]:
        """Return the objects of all kinds that have `uid` among their owners."""
        ...

    def claimable(self, resource: Resource, namespace: str, uid: str) -> Sequence[Entry]:
        """Return the objects of a namespace that `uid` owns, or that have no controller."""
        ...

    def selected(self, resource: Resource, namespace: str, selector: Selector) -> Sequence[Entry]:
        """Return the objects of a namespace whose labels match."""
        ...

    def pods_on(self, node: str) -> Sequence[Entry]:
        """Return the pods that are bound to a node."""
        ...


class Controller(Protocol):
    """One controller: what wakes it, what it reads, what it plans. It never writes."""

    @property
    def name(self) -> str:
        """For logs; with `-controller` appended also the source of its Events."""
        ...

    @property
    def watches(self) -> Sequence[Resource]:
        """The kinds whose changes matter."""
        ...

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Hashable]:
        """Return the keys to look at after `event`."""
        ...

    def read(self, reader: Reader, key: Any) -> Any:
        """Return everything a plan for `key` depends on, as one value; None when there is none."""
        ...

    def plan(self, snapshot: Any, now: datetime, failure: str = "") -> Plan:
        """Return what to do, from nothing but the arguments.

        `failure` is why the plan made before from the same key could not be carried out.
        """
        ...


class Figures(NamedTuple):
    """How busy a controller is: keys that wait now, and looks that had to be repeated so far."""

    name: str
    waiting: int
    retries: int


class RegistryReader:
    """The registry as a Reader."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def find(self, resource: Resource, namespace: str, name: str) -> Entry | None:
        """Return the object, or None."""
        try:
            return self._registry.get(resource, namespace or None, name)
        except ApiError:
            return None

    def list(self, resource: Resource, namespace: str | None) -> list[Entry]:
        """Return the objects of one namespace, or with None of all."""
        return self._registry.list(resource, namespace)

    def dependents(self, uid: str) -> Sequence[Entry]:
        """Return the objects of all kinds that have `uid` among their owners."""
        return self._registry.dependents(uid)

    def claimable(self, resource: Resource, namespace: str, uid: str) -> Sequence[Entry]:
        """Return the objects of a namespace that `uid` owns, or that have no controller."""
        return self._registry.claimable(resource, namespace, uid)

    def selected(self, resource: Resource, namespace: str, selector: Selector) -> Sequence[Entry]:
        """Return the objects of a namespace whose labels match."""
        return self._registry.selected(resource, namespace, selector)

    def pods_on(self, node: str) -> Sequence[Entry]:
        """Return the pods that are bound to a node."""
        return self._registry.pods_on(node)


class Runner:
    """Runs any number of controllers on shared watches and workers."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        controllers: Sequence[tuple[Controller, Recorder]],
    ) -> None:
        self._registry = registry
        self._reader: Reader = RegistryReader(registry)
        self._clock = clock
        self._recorders = dict(controllers)
        self._queue: WorkQueue[tuple[Controller, Hashable]] = WorkQueue(RETRY)
        self._retries: Counter[str] = Counter()
        self._resources = list(
            dict.fromkeys(resource for one in self._recorders for resource in one.watches)
        )

    def start(self, supervisor: Supervisor) -> None:
        """Start following changes and working, as tasks of `supervisor`."""
        for resource in self._resources:
            supervisor.spawn(f"watch {resource.plural}", partial(self._follow, resource))
        for number in range(WORKERS):
            supervisor.spawn(f"worker {number}", self._work)

    def figures(self) -> list[Figures]:
        """Return how busy each controller is."""
        waiting = Counter(controller.name for controller, _ in self._queue)
        names = (controller.name for controller in self._recorders)
        return [Figures(name, waiting[name], self._retries[name]) for name in names]

    def close(self) -> None:
        """Drop what is queued; call it after the supervisor's close."""
        self._queue.close()

    async def _follow(self, resource: Resource) -> None:
        interested = [one for one in self._recorders if resource in one.watches]
        while True:
            # No await between opening the watch and the lists: there is no gap between them.
            with closing(self._registry.watch(resource, None, None)) as watch:
                for controller in interested:
                    self._look_at_everything(controller)
                try:
                    async for event in watch:
                        for controller in interested:
                            self._enqueue(controller, resource, event)
                except ApiError as error:
                    if error.code != 410:
                        raise
                    log.warning("watching %s lagged behind; looking at all", resource.plural)

    def _look_at_everything(self, controller: Controller) -> None:
        for resource in controller.watches:
            for entry in self._registry.list(resource, None):
                event = Event("ADDED", entry, None, entry.revision)
                self._enqueue(controller, resource, event)

    def _enqueue(self, controller: Controller, resource: Resource, event: Event) -> None:
        for key in controller.keys(resource, event, self._reader):
            self._queue.add((controller, key))

    async def _work(self) -> None:
        while True:
            item = await self._queue.get()
            controller, key = item
            try:
                await self._look(controller, key)
            except Outdated:
                self._retry(item)
            except ApiError as error:
                seconds = self._retry(item)
                log.warning(
                    "%s %s: %s; trying again in %gs", controller.name, key, error.message, seconds
                )
            except Exception:
                seconds = self._retry(item)
                log.exception("%s %s failed; trying again in %gs", controller.name, key, seconds)
            else:
                self._queue.forget(item)
            finally:
                self._queue.done(item)

    def _retry(self, item: tuple[Controller, Hashable]) -> float:
        self._retries[item[0].name] += 1
        return self._queue.retry(item)

    async def _look(self, controller: Controller, key: Hashable) -> None:
        plan = self._plan(controller, key)
        if plan is None:
            return
        if plan.requeue_after is not None:
            self._queue.add_after((controller, key), plan.requeue_after)
        try:
            await applying.apply(plan, self._registry, self._recorders[controller])
        except ApiError as error:
            await self._tell_failure(controller, key, error)
            raise

    async def _tell_failure(self, controller: Controller, key: Hashable, error: ApiError) -> None:
        plan = self._plan(controller, key, error.message)
        if plan is not None and plan.status is not None:
            await applying.apply_status(plan.status, self._registry)

    def _plan(self, controller: Controller, key: Hashable, failure: str = "") -> Plan | None:
        snapshot = controller.read(self._reader, key)
        if snapshot is None:
            return None
        return controller.plan(snapshot, self._clock.now(), failure)
