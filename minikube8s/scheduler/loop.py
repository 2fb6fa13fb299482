"""The scheduler's loop: from changes to decisions to bindings.

Owns the watches, the queue of unbound pods and the workers. Event-driven: a pod is looked at when
it appears, and again when a change may help it. A decision is made and counted in one step of the
event loop, so several bindings can be on their way at once and share commits.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODS
from minikube8s.api.views import Pod
from minikube8s.kit.clock import Clock
from minikube8s.kit.tasks import Supervisor
from minikube8s.registry import Registry
from minikube8s.scheduler import record
from minikube8s.scheduler.decision import Decision
from minikube8s.scheduler.following import Follower
from minikube8s.scheduler.framework import Change, Kind
from minikube8s.scheduler.knowledge import Knowledge
from minikube8s.scheduler.parking import Parking, Woken
from minikube8s.scheduler.plugins import all_plugins
from minikube8s.scheduler.pods import Incoming, PodKey, incoming
from minikube8s.scheduler.preempting import Preemptor
from minikube8s.scheduler.profiles import Profile, deciders
from minikube8s.scheduler.queue import PodQueue
from minikube8s.scheduler.storage import Unprepared, VolumeBinder
from minikube8s.scheduler.volumefilters import VolumeBinding
from minikube8s.scheduler.volumes import ClaimKey
from minikube8s.scheduler.writing import Recorder, Writer
from minikube8s.store.entry import Entry

log = logging.getLogger(__name__)

WORKERS = 128
"""How many bindings may be on their way at once."""
GATED = "Scheduling is blocked due to non-empty scheduling gates"


class Figures(NamedTuple):
    """Where the pods without a node are, and how the decisions so far came out."""

    active: int
    backing_off: int
    unschedulable: int
    attempts: Mapping[tuple[str, str], int]
    """Decisions by profile and result: scheduled, unschedulable, error."""


class Scheduler:
    """Binds every pod that asks for it to the node that suits it best.

    Raises ValueError for a profile with a plugin that there is not.
    """

    def __init__(
        self,
        registry: Registry,
        recorder: Recorder,
        clock: Clock,
        profiles: Sequence[Profile] = (Profile(),),
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._writer = Writer(registry, recorder, clock)
        self._knowledge = Knowledge()
        plugins = all_plugins(self._knowledge.usage, registry, self._knowledge.surroundings)
        self._deciders = deciders(profiles, plugins)
        self._parking = Parking([*plugins.local_filters, *plugins.filters])
        self._queue = PodQueue()
        self._binding: set[PodKey] = set()
        """What counts on a node already, and is not bound yet."""
        self._known: dict[PodKey, int] = {}
        """The revisions of pods that were taken in."""
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._supervisor = Supervisor("scheduler")
        self._volumes = VolumeBinder(registry, self._claim_changed)
        self._preemptor = Preemptor(registry, self._knowledge, self._writer, self)
        self._follower = Follower(registry, self._knowledge, self)

    async def run(self) -> None:
        """Start scheduling; never returns, so that a supervisor can own it."""
        self._follower.start(self._supervisor)
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
        return Figures(
            len(self._queue), self._queue.delayed, len(self._parking), dict(self._attempts)
        )

    def asks(self, pod: Pod) -> bool:
        """Tell whether the pod waits for this scheduler."""
        return (
            pod.spec.scheduler_name in self._deciders
            and not pod.spec.node_name
            and not pod.terminal
            and pod.metadata.deletion_timestamp is None
        )

    def pod_changed(self, key: PodKey, *, anew: bool = False) -> None:
        """Take in a pod's newest state, which may be newer than what was told of it.

        `anew`: also one that was taken in, because something else was assumed since.
        """
        entry = self._find(key)
        self._volumes.pod_changed(key)
        if entry is None:
            self._known.pop(key, None)
            self._happened(self._knowledge.remove_pod(key))
            self._parking.forget(key)
            self._queue.remove(key)
            return
        if self._known.get(key) == entry.revision and not anew:
            return
        pod = entry.view(Pod)
        if not self.asks(pod):
            # Somebody else gave it a node, or it has ended.
            self._parking.forget(key)
        assumed = key in self._binding or key in self._preemptor.promising
        if pod.spec.node_name or not assumed:
            self._known[key] = entry.revision
            self._happened(self._knowledge.set_pod(pod))

    def pod_asks(self, key: PodKey, pod: Pod) -> None:
        """Look at a pod that is new, or that a decision may come out differently for."""
        self._parking.forget(key)
        self._queue.add(key, pod.spec.priority or 0)

    def changed(self, changes: Iterable[Change]) -> None:
        """Look again at the pods that something may help."""
        self._happened(changes)

    def look_again(self, key: PodKey) -> None:
        """Look again at a pod that was refused."""
        self._wake(self._parking.release_one(key, self._clock.monotonic()))

    def missed(self) -> None:
        """Look again at all pods that were refused."""
        self._wake(self._parking.release_all(self._clock.monotonic()))

    def waiting(self) -> set[PodKey]:
        """Return the pods that are known and may be gone."""
        return self._parking.keys() | self._knowledge.nominations.keys() | self._known.keys()

    def _happened(self, changes: Iterable[Change]) -> None:
        now = self._clock.monotonic()
        for change in changes:
            self._wake(self._parking.release(change, now))
            if change.state is not None and change.kind in (Kind.POD_REMOVED, Kind.NODE_REMOVED):
                # Its place may be free, or has to be made on another node.
                for pod in self._knowledge.nominations.on(change.state.name):
                    self._wake(self._parking.release_one(pod.key, now))

    def _claim_changed(self, claim: ClaimKey | None) -> None:
        self._happened([Change(Kind.CLAIM, claim=claim)])

    def _wake(self, woken: Iterable[Woken]) -> None:
        for one in woken:
            self._queue.add_after(one.key, one.priority, one.pause)

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
                self._queue.settle(key)
                self._parking.forget(key)
            else:
                seconds = self._again(key)
                log.info("pod %s/%s: %s; again in %gs", *key, error.message, seconds)
        except Exception:
            self._again(key)
            log.exception("pod %s/%s was not scheduled; it will be tried again", *key)
        else:
            if key not in self._binding:
                # Nothing of it goes on beside this, which may fail yet.
                self._queue.settle(key)

    def _again(self, key: PodKey) -> float:
        entry = self._find(key)
        spec = entry.view(Pod).spec if entry is not None else Pod().spec
        self._attempts[spec.scheduler_name, "error"] += 1
        return self._queue.retry(key, spec.priority or 0)

    async def _schedule(self, key: PodKey) -> None:
        entry = self._find(key)
        if key in self._binding or entry is None or not self.asks(pod := entry.view(Pod)):
            return
        if pod.spec.scheduling_gates:
            await self._writer.refuse(entry, "SchedulingGated", GATED)
            return
        wanted = incoming(pod, self._volumes.wanted(pod))
        nominations = self._knowledge.nominations
        nominated = nominations.respected_by(wanted.facts)
        decider = self._deciders[pod.spec.scheduler_name]
        view = self._knowledge.usage.view()
        decision = decider.decide(wanted, view, nominated, nominations.node(key))
        if not decision.node:
            await self._preemptor.refuse(entry, wanted, decision, decider, nominated)
            return
        self._assume(wanted, decision.node)
        if wanted.volumes.awaited:
            # That may take long, and holds up no other pod.
            work = partial(self._bind_with_volumes, key, entry, wanted, decision)
            self._supervisor.spawn(f"bind {entry.key}", work, restart=False)
        else:
            await self._bind(key, entry, decision)

    def park(self, wanted: Incoming, refused_by: frozenset[str]) -> None:
        """Have a pod wait for what may turn the refusals of these filters."""
        self._attempts[wanted.pod.spec.scheduler_name, "unschedulable"] += 1
        self._parking.park(wanted, refused_by, self._clock.monotonic())

    def _assume(self, wanted: Incoming, node: str) -> None:
        """Count the pod on the node from now on."""
        self._binding.add(wanted.facts.key)
        self._happened(self._knowledge.count(wanted.facts, node))
        self._happened(self._knowledge.nominate(wanted.facts, ""))

    async def _bind_with_volumes(
        self, key: PodKey, entry: Entry, wanted: Incoming, decision: Decision
    ) -> None:
        await self._attempt(key, self._prepare_and_bind(key, entry, wanted, decision))

    async def _prepare_and_bind(
        self, key: PodKey, entry: Entry, wanted: Incoming, decision: Decision
    ) -> None:
        try:
            await self._volumes.prepare(entry, decision.node)
        except BaseException as error:
            self._binding.discard(key)
            self.pod_changed(key, anew=True)
            if isinstance(error, ApiError) and error.reason == "NotFound":
                # Another pod may have taken the name, and found it in use here.
                self._queue.add(key, wanted.facts.priority)
            if not isinstance(error, Unprepared):
                raise
            self.park(wanted, frozenset({VolumeBinding.name}))
            await self._writer.refuse(entry, "Unschedulable", str(error))
            # What it waited for has come already, or comes never: time is what may help.
            self._wake(self._parking.release_one(key, self._clock.monotonic()))
        else:
            await self._bind(key, entry, decision)

    async def _bind(self, key: PodKey, entry: Entry, decision: Decision) -> None:
        try:
            await self._writer.bind(entry, decision.node, record.write(decision))
        finally:
            self._binding.discard(key)
            self.pod_changed(key, anew=True)
        self._attempts[entry.view(Pod).spec.scheduler_name, "scheduled"] += 1
        self._parking.forget(key)

    def _find(self, key: PodKey) -> Entry | None:
        try:
            return self._registry.get(PODS, *key)
        except ApiError:
            return None
