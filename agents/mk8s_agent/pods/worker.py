"""One worker a pod: look, decide (`next_step`), begin what was decided, report, wait.

Owns the pod's tasks. Between two looks it waits for a change of what is wanted, for news of a
container, for one of its actions to end, or for the time that the last step named.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from minikube8s.api.times import parse_time
from minikube8s.api.views import Pod
from mk8s_agent.pods.actions import VOLUMES, Action, CreateContainer, image_target
from mk8s_agent.pods.clockwork import Clockwork, shift
from mk8s_agent.pods.conditions import Previous, previous, previous_of
from mk8s_agent.pods.examining import Examining
from mk8s_agent.pods.faults import EXPECTED, fault_of
from mk8s_agent.pods.identity import POD_UID, Labels, PodRef, addresses_of, uid_here
from mk8s_agent.pods.lifecycle import DOOMS, all_containers, doom_of, grace_of
from mk8s_agent.pods.memory import Memory
from mk8s_agent.pods.next_step import next_step
from mk8s_agent.pods.node_context import NodeContext, recorder
from mk8s_agent.pods.performing import perform
from mk8s_agent.pods.resizing import pending
from mk8s_agent.pods.restarts import begun_before
from mk8s_agent.pods.sandbox import has_network
from mk8s_agent.pods.status import pod_status
from mk8s_agent.pods.telling import Telling
from mk8s_agent.pods.values import (
    Desired,
    Doom,
    Network,
    Observed,
    Pending,
    VolumeState,
    is_running,
)
from mk8s_agent.runtime.errors import (
    ContainerNotFound,
    EngineUnavailable,
    ImageNotFound,
    NameTaken,
    RuntimeFault,
)
from mk8s_agent.runtime.vocabulary import Container, Phase, RuntimeEvent
from mk8s_agent.volumes.content import differ, names

log = logging.getLogger(__name__)

ORPHAN_GRACE = timedelta(seconds=2)
"""What a pod that the master has forgotten gets to end: nobody waits for it."""
_ENGINE_PATIENCE = 5.0
_PHASES = {"create": Phase.CREATED, "start": Phase.RUNNING, "die": Phase.EXITED}
_NEWS = (
    "phase",
    "reason",
    "containerStatuses",
    "initContainerStatuses",
    "ephemeralContainerStatuses",
)
"""The parts of a status that are reported at once; others wait for actions under way."""


class PodWorker:
    """The life of one pod on this node; `run` returns when nothing of it is left.

    `left` are the labels of the containers that an earlier agent has left. A `static` one is wanted
    by a file of the node, not by the master.
    """

    def __init__(
        self, ref: PodRef, context: NodeContext, left: Sequence[Labels], *, static: bool = False
    ) -> None:
        self.ref = ref
        self.static = static
        self._ctx = context
        self._memory = Memory()
        self._pod: Pod | None = None
        self._stop_by: datetime | None = None
        self._forced = False
        self._doom: Doom | None = None
        self._pending: Pending | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._examining = Examining(context, self._changed.set)
        self._before = Previous()
        self._reported: dict[str, Any] = {}
        self._telling = Telling(ref, context.reporter)
        self._told_end = False
        self.adopted = bool(left)
        """Whether something of the pod was there before: it had been let in."""
        self._clockwork = Clockwork(context.clock)
        if left:
            self._memory.stale = True
            self._memory.network = Network.UNKNOWN
        if left or context.volumes.exist(ref.uid):
            self._memory.volumes = VolumeState.UNKNOWN
        for labels in left:
            context.addresses.adopt(ref.uid, *addresses_of(labels))

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        return self.ref.namespace

    @property
    def containers(self) -> tuple[Container, ...]:
        """All that is there of the pod, its pause container too."""
        return tuple(self._memory.found.values())

    @property
    def leaving(self) -> bool:
        """Whether the pod has ended or is about to."""
        ended = self._pod is None or self._pod.terminal
        return ended or self._doom is not None or self._stop_by is not None

    @property
    def still_runs(self) -> bool:
        """Whether a container of the pod runs, its pause container aside."""
        return any(is_running(one) for one in self._memory.observed(()).everything())

    @property
    def is_ending(self) -> bool:
        """Whether the node lets the pod fail, and some of it still runs."""
        return self._doom is not None and self.still_runs

    def spare_containers(self) -> list[str]:
        """The ids of dead containers that only their logs speak for."""
        observed = self._memory.observed(())
        ended = self._pod is not None and self._pod.terminal
        attempts = observed.containers.values()
        spare = [one for each in attempts for one in (each if ended else each[1:])]
        return [one.id for one in spare if one.phase is Phase.EXITED]

    def want(self, pod: Pod) -> None:
        """This is what the master wants of the pod now."""
        if pod is self._pod:
            if self._pending is not None:
                # Another pod may have made room.
                self._changed.set()
            return
        if self._pod is None:
            self._before = previous_of(pod)
            for name, attempts in begun_before(pod).items():
                self._memory.count(name, attempts)
            if pod.status.reason in DOOMS and not pod.terminal:
                # An earlier agent has begun to let it fail.
                self.doom(pod.status.reason, pod.status.message, grace_of(pod))
        elif differ(self._pod, pod):
            self._memory.volumes_changed()
        self._pod = pod
        if deletion := pod.metadata.deletion_timestamp:
            grace = timedelta(seconds=pod.metadata.deletion_grace_period_seconds or 0)
            # The timestamp has lost its fraction of a second, which belongs to the grace period.
            # Clocks of two machines differ: never wait longer than that period from now.
            latest = parse_time(deletion) + timedelta(seconds=1)
            self._forced = not grace
            self._stop(min(latest, self._ctx.clock.now() + grace))
        self._changed.set()

    def doom(self, reason: str, message: str, grace: timedelta, *, disrupts: bool = False) -> None:
        """Let the pod fail for good; the first reason counts. Its containers get `grace` to end."""
        if self._doom is None:
            by = self._ctx.clock.now() + grace
            self._doom = Doom(reason=reason, message=message, by=by, disrupts=disrupts)
            self._changed.set()

    def retire(self) -> None:
        """The pod's file is gone: it ends as one that is deleted."""
        grace = ORPHAN_GRACE if self._pod is None else grace_of(self._pod)
        self._stop(self._ctx.clock.now() + grace)
        self._changed.set()

    def refuse(self, reason: str, message: str) -> None:
        """Let the pod fail before anything of it was begun."""
        now = self._ctx.clock.now()
        self._doom = Doom(reason=reason, message=message, by=now, refused=True)

    def abandon(self) -> None:
        """The master does not know the pod any more.

        One that it takes away under our eyes was deleted without grace: what has any is told so,
        and taken away when it is gone. Others may have been forgotten.
        """
        self._forced |= self._pod is not None
        self._stop(self._ctx.clock.now() + (timedelta() if self._forced else ORPHAN_GRACE))
        self._changed.set()

    def notice(self, event: RuntimeEvent) -> None:
        """Something happened to one of the pod's containers."""
        if event.action == "destroy":
            self._memory.forget(event.container_id)
        else:
            self._memory.look_at(event.container_id, _PHASES.get(event.action))
        self._changed.set()

    def link_lost(self) -> None:
        """The pod's link is gone: somebody took it, or its last process has ended."""
        sandbox = self._memory.observed(()).sandbox
        if sandbox is None or not has_network(sandbox.pid):
            return
        if self._memory.network is Network.PLUGGED:
            self._memory.network = Network.UNKNOWN
            self._changed.set()

    def look_again(self) -> None:
        """News may have been missed: look at everything, try again what failed."""
        self._memory.stale = True
        self._memory.faults.clear()
        self._changed.set()

    def configuration_changed(self, resource: str, name: str) -> None:
        """A ConfigMap or Secret of the namespace changed: what was missing may be there."""
        pod = self._pod
        if pod is not None and any(names(one, resource, name) for one in pod.spec.volumes):
            self._memory.volumes_changed()
            self._changed.set()
        if self._memory.faults:
            self._memory.faults.clear()
            self._changed.set()

    def storage_changed(self) -> None:
        """A claim or a volume changed: what could not be mounted may be there."""
        if VOLUMES in self._memory.faults:
            self._memory.faults.clear()
            self._changed.set()

    def _stop(self, by: datetime) -> None:
        if self._stop_by is None:
            self._memory.faults.clear()
            for container in all_containers(self._pod) if self._pod else ():
                if task := self._tasks.get(image_target(container.name)):
                    task.cancel()
        self._stop_by = by if self._stop_by is None else min(by, self._stop_by)

    async def run(self) -> None:
        """Work until nothing of the pod is left; then the master has been told."""
        try:
            while True:
                self._changed.clear()
                if not await self._look():
                    await self._wait(_ENGINE_PATIENCE)
                    continue
                self._follow_clock()
                now = self._ctx.clock.now()
                desired = self._desired()
                seen = self._memory.observed(self._tasks)
                observed = self._examining.examine(seen, desired, self._memory, now)
                self._pending = self._room(observed)
                desired = msgspec.structs.replace(desired, pending=self._pending)
                step = next_step(desired, observed, now)
                if step.gone:
                    self._leave()
                    return
                self._telling.sandbox_lost(desired, observed, now)
                for action in step.actions:
                    self._begin(action)
                self._report(observed, doom_of(desired, now), now)
                await self._wait(
                    None if step.wake_at is None else (step.wake_at - now).total_seconds()
                )
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            await self._examining.close()

    def _follow_clock(self) -> None:
        """Move what is waited for when somebody has set the clock."""
        jump = self._clockwork.jump()
        if not jump:
            return
        log.warning("pod %s: the machine's clock was set by %s", self.ref, jump)
        shift(self._memory, jump)
        if self._stop_by is not None:
            self._stop_by += jump
        if self._doom is not None:
            self._doom = msgspec.structs.replace(self._doom, by=self._doom.by + jump)

    def _desired(self) -> Desired:
        started = self._before.start_time
        return Desired(
            ref=self.ref,
            pod=self._pod,
            stop_by=self._stop_by,
            forced=self._forced,
            doom=self._doom,
            started_at=parse_time(started) if started else None,
        )

    def _room(self, observed: Observed) -> Pending | None:
        """Why the pod cannot be resized as it is wanted, if it cannot."""
        if self._pod is None:
            return None
        pods = self._ctx.assignments.pods().values()
        others = (one.view for one in pods if uid_here(one.view.metadata) != self.ref.uid)
        return pending(self._pod, observed, others, self._ctx.facts.allocatable)

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(None if seconds is None else max(seconds, 0)):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _look(self) -> bool:
        """See what may have changed; False when the engine does not answer."""
        memory = self._memory
        try:
            if memory.stale:
                memory.begin_look()
                wanted = {**self._ctx.owner, POD_UID: self.ref.uid}
                memory.see_all(await self._ctx.runtime.containers(wanted))
            while memory.dirty:
                await asyncio.gather(*(self._look_at(one) for one in memory.due()))
            if self._pod is not None:
                await self._ctx.last_words.collect(memory, self._pod)
        except RuntimeFault as error:
            log.warning("pod %s: cannot be looked at: %s", self.ref, error)
            memory.stale = True
            return False
        if memory.network is Network.PLUGGED and not is_running(memory.observed(()).sandbox):
            memory.network = Network.UNKNOWN
        return True

    async def _look_at(self, container_id: str) -> None:
        try:
            self._memory.see(await self._ctx.runtime.inspect(container_id))
        except ContainerNotFound:
            self._memory.forget(container_id)
        except RuntimeFault:
            self._memory.look_at(container_id)
            raise

    def _begin(self, action: Action) -> None:
        task = asyncio.create_task(self._carry_out(action), name=f"{self.ref} {action}")
        self._tasks[action.target] = task
        # Not at the end of the work itself: what is cancelled in time never begins.
        task.add_done_callback(lambda _: self._ended(action.target))

    def _ended(self, target: str) -> None:
        self._tasks.pop(target, None)
        self._changed.set()

    async def _carry_out(self, action: Action) -> None:
        try:
            await perform(action, self.ref, self._pod, self._ctx, self._memory)
        except EXPECTED as error:
            self._failed(action, error)
        except Exception as error:
            log.exception("pod %s: %s failed in a way that was not foreseen", self.ref, action)
            self._failed(action, RuntimeFault(f"internal error: {error}"))
        else:
            self._memory.faults.pop(action.target, None)

    def _failed(self, action: Action, error: Exception) -> None:
        """Note the failure, and when to try again; say it where people look."""
        memory, target = self._memory, action.target
        log.warning("pod %s: %s: %s", self.ref, type(action).__name__, error)
        if isinstance(error, NameTaken | EngineUnavailable | ContainerNotFound):
            memory.stale = True
        if isinstance(error, ImageNotFound) and isinstance(action, CreateContainer):
            memory.images.pop(action.container.name, None)
        now = self._ctx.clock.now()
        memory.faults[target] = fault_of(action, error, memory.faults.get(target), now)
        if self._pod is not None:
            self._telling.failed(self._pod, action, error)

    def _report(self, observed: Observed, doom: Doom | None, now: datetime) -> None:
        pod = self._pod
        if pod is None or self._told_end or (pod.terminal and not observed.containers):
            return
        # When all have ended and are being removed, their end stays the last thing said of them.
        self._told_end = self._stop_by is not None and not any(
            is_running(one) for one in observed.everything()
        )
        status = pod_status(
            pod, observed, self._ctx.facts.addresses, self._before, doom, self._pending, now
        )
        if status == self._reported:
            return
        if self._tasks and all(status.get(part) == self._reported.get(part) for part in _NEWS):
            # More is about to change: the master writes each status to disk.
            return
        if doom is not None and "reason" not in self._reported and doom is not self._doom:
            # Who calls `doom` tells people why; the deadline is the pod's own.
            recorder(self._ctx.reporter, pod)("Normal", doom.reason, doom.message)
        self._reported, self._before = status, previous(status)
        self._ctx.reporter.pod_status(self.ref.namespace, self.ref.name, self.ref.uid, status)
        self._telling.backing_off(pod, observed, now)

    def _leave(self) -> None:
        try:
            self._ctx.last_words.remove_all(self.ref.uid)
            self._ctx.files.remove(self.ref.uid)
        except OSError as error:
            log.warning("pod %s: its files stay behind: %s", self.ref, error)
        # Opened for what an earlier agent had connected, of which nothing was found.
        self._ctx.host_ports.shut(self.ref.uid)
        self._ctx.addresses.release(self.ref.uid)
        self._ctx.reporter.pod_gone(self.ref.namespace, self.ref.name, self.ref.uid)
