"""The scheduler's loop: from changes to decisions to bindings.

Owns the watches, the queue of unbound pods and the writes. Event-driven: a pod is looked at when
it appears, and again when a change may help it. A decision is made and counted in one step of the
event loop, so several bindings can be on their way at once and share commits.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Mapping
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple, Protocol

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.meta import now_rfc3339, set_condition
from minikube8s.api.persistence import claims_of
from minikube8s.api.resources import NODES, PODS
from minikube8s.api.views import Node, Pod
from minikube8s.kit.backoff import Backoff
from minikube8s.kit.clock import Clock
from minikube8s.kit.tasks import Supervisor
from minikube8s.kit.workqueue import WorkQueue
from minikube8s.registry import Registry
from minikube8s.scheduler import wording
from minikube8s.scheduler.decision import Decider
from minikube8s.scheduler.news import asks, is_news, offer
from minikube8s.scheduler.parking import Parking
from minikube8s.scheduler.plugins import all_plugins
from minikube8s.scheduler.pods import PodFacts, PodKey, facts_of, incoming
from minikube8s.scheduler.storage import Unprepared, VolumeBinder
from minikube8s.scheduler.usage import Usage
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

log = logging.getLogger(__name__)

WORKERS = 16
"""How many bindings may be on their way at once."""
RETRY = Backoff(initial=0.01, maximum=10.0)
GATED = "Scheduling is blocked due to non-empty scheduling gates"


class Recorder(Protocol):
    """What the scheduler needs of the EventRecorder."""

    def event(self, about: Mapping[str, Any], type: str, reason: str, message: str, /) -> None:
        """Record an Event about an object."""
        ...


class Figures(NamedTuple):
    """Where the pods without a node are, and how the decisions so far came out."""

    active: int
    unschedulable: int
    attempts: Mapping[str, int]
    """Decisions by result: scheduled, unschedulable, error."""


class Scheduler:
    """Binds every pod that asks for it to the node that suits it best."""

    def __init__(self, registry: Registry, recorder: Recorder, clock: Clock) -> None:
        self._registry = registry
        self._recorder = recorder
        self._clock = clock
        self._usage = Usage()
        self._decider = Decider(all_plugins(self._usage, registry))
        self._parking = Parking()
        self._binding: set[PodKey] = set()
        self._queue: WorkQueue[PodKey] = WorkQueue(RETRY)
        self._attempts: Counter[str] = Counter()
        self._supervisor = Supervisor("scheduler")
        self._volumes = VolumeBinder(registry, self._wake_users_of_claims)

    async def run(self) -> None:
        """Start scheduling; never returns, so that a supervisor can own it."""
        self._supervisor.spawn("watch nodes", self._follow_nodes)
        self._supervisor.spawn("watch pods", self._follow_pods)
        self._volumes.start(self._supervisor)
        for number in range(WORKERS):
            self._supervisor.spawn(f"worker {number}", self._work)
        await asyncio.get_running_loop().create_future()

    async def close(self) -> None:
        """Stop; pods that were not bound yet are found by the next start."""
        await self._supervisor.close()
        self._queue.close()

    def figures(self) -> Figures:
        """Return what waits now and what was decided so far."""
        return Figures(len(self._queue), len(self._parking), dict(self._attempts))

    async def _follow_nodes(self) -> None:
        while True:
            with closing(self._registry.watch(NODES)) as watch:
                known = {entry.name for entry in self._registry.list(NODES)}
                for state in self._usage.view().states:
                    if state.name not in known:
                        self._usage.remove_node(state.name)
                for entry in self._registry.list(NODES):
                    self._usage.set_node(entry.view(Node))
                self._wake()
                try:
                    async for event in watch:
                        self._node_changed(event)
                except ApiError as error:
                    if error.code != 410:
                        raise

    async def _follow_pods(self) -> None:
        while True:
            with closing(self._registry.watch(PODS)) as watch:
                known = {_key(entry) for entry in self._registry.list(PODS)}
                for key in self._usage.pods() - known:
                    self._usage.remove_pod(key)
                for entry in self._registry.list(PODS):
                    self._pod_changed(Event("ADDED", entry, None, entry.revision))
                self._wake()
                try:
                    async for event in watch:
                        self._pod_changed(event)
                except ApiError as error:
                    if error.code != 410:
                        raise

    def _node_changed(self, event: Event) -> None:
        node = event.entry.view(Node)
        if event.type == "DELETED":
            self._usage.remove_node(node.metadata.name)
            return
        self._usage.set_node(node)
        if event.previous is None or offer(node) != offer(event.previous.view(Node)):
            self._wake()

    def _pod_changed(self, event: Event) -> None:
        key = _key(event.entry)
        # The newest state counts, not the event's: a binding made here is known already.
        if self._count(key):
            self._wake()
        self._volumes.pod_changed(key)
        if event.type == "DELETED":
            self._parking.forget(key)
        elif asks(event.entry.view(Pod)) and is_news(event):
            self._parking.forget(key)
            self._queue.add(key)

    def _count(self, key: PodKey) -> bool:
        """Count a pod where it is now; tell whether that freed something."""
        entry = self._find(key)
        pod = entry.view(Pod) if entry is not None else None
        if pod is not None and pod.spec.node_name and not pod.terminal:
            self._usage.set_pod(facts_of(pod), pod.spec.node_name)
            return False
        if pod is not None and key in self._binding:
            return False
        return self._usage.remove_pod(key) is not None

    def _wake(self) -> None:
        """Look again at the pods that were refused."""
        for key, pause in self._parking.release(self._clock.monotonic()):
            self._queue.add_after(key, pause)

    def _wake_users_of_claims(self) -> None:
        for key, pause in self._parking.release(self._clock.monotonic(), claims=True):
            self._queue.add_after(key, pause)

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            try:
                await self._attempt(key, self._schedule(key))
            finally:
                self._queue.done(key)

    async def _attempt(self, key: PodKey, work: Awaitable[None]) -> None:
        """Do something for a pod; what fails is tried again."""
        try:
            await work
        except ApiError as error:
            if error.reason == "NotFound":
                self._queue.forget(key)
                self._parking.forget(key)
            else:
                self._attempts["error"] += 1
                seconds = self._queue.retry(key)
                log.info("pod %s/%s: %s; again in %gs", *key, error.message, seconds)
        except Exception:
            self._attempts["error"] += 1
            self._queue.retry(key)
            log.exception("pod %s/%s was not scheduled; it will be tried again", *key)
        else:
            if key not in self._binding:
                # Nothing of it goes on beside this, which may fail yet.
                self._queue.forget(key)

    async def _schedule(self, key: PodKey) -> None:
        entry = self._find(key)
        if key in self._binding or entry is None or not asks(pod := entry.view(Pod)):
            return
        if pod.spec.scheduling_gates:
            await self._tell(entry, "SchedulingGated", GATED)
            return
        volumes = self._volumes.wanted(pod)
        wanted = incoming(pod, volumes)
        decision = self._decider.decide(wanted, self._usage.view())
        if not decision.node:
            why = wording.refused(decision, wording.preemption(wanted, decision))
            await self._refuse(key, entry, why)
        elif volumes.awaited:
            # That may take long, and holds up no other pod.
            self._assume(wanted.facts, decision.node)
            work = partial(self._bind_with_volumes, key, entry, decision.node)
            self._supervisor.spawn(f"bind {entry.key}", work, restart=False)
        else:
            self._assume(wanted.facts, decision.node)
            await self._bind(key, entry, decision.node)

    async def _refuse(self, key: PodKey, entry: Entry, message: str) -> None:
        self._attempts["unschedulable"] += 1
        claims = bool(claims_of(entry.view(Pod)))
        self._parking.park(key, self._clock.monotonic(), claims=claims)
        self._recorder.event(entry.object, "Warning", "FailedScheduling", message)
        await self._tell(entry, "Unschedulable", message)

    def _assume(self, pod: PodFacts, node: str) -> None:
        """Count the pod on the node from now on."""
        self._usage.set_pod(pod, node)
        self._binding.add(pod.key)

    async def _bind_with_volumes(self, key: PodKey, entry: Entry, node: str) -> None:
        await self._attempt(key, self._prepare_and_bind(key, entry, node))

    async def _prepare_and_bind(self, key: PodKey, entry: Entry, node: str) -> None:
        try:
            await self._volumes.prepare(entry, node)
        except BaseException as error:
            self._binding.discard(key)
            if self._count(key):
                self._wake()
            if isinstance(error, ApiError) and error.reason == "NotFound":
                # Another pod may have taken the name, and found it in use here.
                self._queue.add(key)
            if not isinstance(error, Unprepared):
                raise
            await self._refuse(key, entry, str(error))
            # What it waited for has come already, or comes never: time is what may help.
            self._wake_users_of_claims()
        else:
            await self._bind(key, entry, node)

    async def _bind(self, key: PodKey, entry: Entry, node: str) -> None:
        try:
            bound = await self._update(entry, "binding", _binding(node, self._now()))
        finally:
            self._binding.discard(key)
            self._count(key)
        self._attempts["scheduled"] += 1
        self._parking.forget(key)
        message = f"Successfully assigned {entry.namespace}/{entry.name} to {node}"
        self._recorder.event(bound.object, "Normal", "Scheduled", message)

    async def _tell(self, entry: Entry, reason: str, message: str) -> None:
        """Say in the pod's status why it is not scheduled; unchanged, nothing is written."""

        def change(pod: dict[str, Any]) -> dict[str, Any]:
            status = pod.setdefault("status", {})
            set_condition(
                status, "PodScheduled", "False", now=self._now(), reason=reason, message=message
            )
            return pod

        await self._update(entry, "status", change)

    async def _update(self, entry: Entry, subresource: str, change: _Change) -> Entry:
        def guarded(pod: dict[str, Any]) -> dict[str, Any]:
            if pod["metadata"]["uid"] != entry.uid:
                raise errors.conflict(PODS, entry.name, "the pod was replaced by another one")
            if pod["spec"].get("nodeName"):
                raise errors.conflict(PODS, entry.name, "the pod is bound to a node already")
            return change(pod)

        return await self._registry.update(PODS, entry.namespace, entry.name, guarded, subresource)

    def _find(self, key: PodKey) -> Entry | None:
        try:
            return self._registry.get(PODS, *key)
        except ApiError:
            return None

    def _now(self) -> str:
        return now_rfc3339(self._clock.now())


class _Change(Protocol):
    def __call__(self, pod: dict[str, Any]) -> dict[str, Any]: ...


def _binding(node: str, now: str) -> _Change:
    def change(pod: dict[str, Any]) -> dict[str, Any]:
        if pod["metadata"].get("deletionTimestamp"):
            name = pod["metadata"]["name"]
            raise errors.conflict(PODS, name, "the pod is being deleted, it gets no node")
        pod["spec"]["nodeName"] = node
        set_condition(pod.setdefault("status", {}), "PodScheduled", "True", now=now)
        return pod

    return change


def _key(entry: Entry) -> PodKey:
    return (entry.namespace, entry.name)
