"""Runs controllers: from changes to keys, from keys to plans, from plans to writes.

Owns the watches and who is told of which change; the work itself is a lane's (`lane.py`), one a
controller. Knows nothing of what a controller is for.
Level-triggered: a change only says which key to look at; what to do is decided from the state at
the time of the look, which includes every write this process made before (the registry shows a
write before it returns).

A queue holds at most one entry a key. A watch that was cut off for lagging (its
buffer is bounded) is opened anew, and everything that its controllers watch is looked at again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import Resource
from minikube8s.api.selectors import Selector
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.applying import Recorder
from minikube8s.controllers.lane import Figures, Lane, Surroundings
from minikube8s.kit.clock import Clock
from minikube8s.kit.tasks import Supervisor
from minikube8s.registry import Registry
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

log = logging.getLogger(__name__)


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

    def claimable(
        self, resource: Resource, namespace: str, uid: str, selector: Selector | None = None
    ) -> Sequence[Entry]:
        """Return the objects of a namespace that `uid` owns, or that have no controller.

        With `selector` the latter only if it may match them.
        """
        ...

    def selected(self, resource: Resource, namespace: str, selector: Selector) -> Sequence[Entry]:
        """Return the objects of a namespace whose labels match."""
        ...

    def selecting(
        self,
        resource: Resource,
        namespace: str,
        labels: Mapping[str, str],
        selector_of: Callable[[Entry], Selector],
    ) -> Sequence[Entry]:
        """Return the objects of a namespace whose selector, as `selector_of` tells, matches."""
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

    def claimable(
        self, resource: Resource, namespace: str, uid: str, selector: Selector | None = None
    ) -> Sequence[Entry]:
        """Return the objects of a namespace that `uid` owns, or that have no controller."""
        return self._registry.claimable(resource, namespace, uid, selector)

    def selected(self, resource: Resource, namespace: str, selector: Selector) -> Sequence[Entry]:
        """Return the objects of a namespace whose labels match."""
        return self._registry.selected(resource, namespace, selector)

    def selecting(
        self,
        resource: Resource,
        namespace: str,
        labels: Mapping[str, str],
        selector_of: Callable[[Entry], Selector],
    ) -> Sequence[Entry]:
        """Return the objects of a namespace whose selector, as `selector_of` tells, matches."""
        return self._registry.selecting(resource, namespace, labels, selector_of)

    def pods_on(self, node: str) -> Sequence[Entry]:
        """Return the pods that are bound to a node."""
        return self._registry.pods_on(node)


class Runner:
    """Runs any number of controllers on shared watches, each with workers of its own."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        controllers: Sequence[tuple[Controller, Recorder]],
    ) -> None:
        self._registry = registry
        self._reader: Reader = RegistryReader(registry)
        around = Surroundings(registry, self._reader, clock.now)
        self._lanes = [Lane(one, recorder, around) for one, recorder in controllers]
        self._resources = list(
            dict.fromkeys(resource for one, _ in controllers for resource in one.watches)
        )
        self._followed: set[Resource] = set()

    def start(self, supervisor: Supervisor) -> None:
        """Start following changes and working, as tasks of `supervisor`."""
        for resource in self._resources:
            supervisor.spawn(f"watch {resource.plural}", partial(self._follow, resource))
        for lane in self._lanes:
            lane.start(supervisor)

    def figures(self) -> list[Figures]:
        """Return how busy each controller is."""
        return [lane.figures for lane in self._lanes]

    def look_at(self, controller: Controller, key: Hashable) -> None:
        """Have a controller look at a key for another reason than a change."""
        next(lane for lane in self._lanes if lane.controller is controller).add(key)

    def close(self) -> None:
        """Drop what is queued; call it after the supervisor's close."""
        for lane in self._lanes:
            lane.close()

    async def _follow(self, resource: Resource) -> None:
        interested = [lane for lane in self._lanes if resource in lane.controller.watches]
        while True:
            # All watches begin in one turn of the event loop, each with its own kind. Who begins
            # anew may have missed that an object went: other kinds tell whom that concerns.
            again = resource in self._followed
            self._followed.add(resource)
            # No await between opening the watch and the lists: there is no gap between them.
            with closing(self._registry.watch(resource, None, None)) as watch:
                for lane in interested:
                    self._look_at_all(lane, lane.controller.watches if again else (resource,))
                try:
                    async for event in watch:
                        for lane in interested:
                            self._enqueue(lane, resource, event)
                except ApiError as error:
                    if error.code != 410:
                        raise
                    log.warning("watching %s lagged behind; looking at all", resource.plural)

    def _look_at_all(self, lane: Lane, resources: Iterable[Resource]) -> None:
        for resource in resources:
            for entry in self._registry.list(resource, None):
                event = Event("ADDED", entry, None, entry.revision)
                self._enqueue(lane, resource, event)

    def _enqueue(self, lane: Lane, resource: Resource, event: Event) -> None:
        try:
            for key in lane.controller.keys(resource, event, self._reader):
                lane.add(key)
        except Exception:
            # One object that one controller cannot read must not keep others from the changes.
            log.exception("%s cannot tell whom %s concerns", lane.controller.name, event.entry)
