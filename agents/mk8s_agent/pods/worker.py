"""One worker a pod: look, decide (`next_step`), begin what was decided, report, wait.

Owns the pod's tasks. Between two looks it waits for a change of what is wanted, for news of a
container, for one of its actions to end, or for the time that the last step named.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from minikube8s.api.views import Pod
from mk8s_agent.pods.actions import VOLUMES, Action, CreateContainer, image_target
from mk8s_agent.pods.clockwork import Clockwork, shift
from mk8s_agent.pods.examining import Examining
from mk8s_agent.pods.faults import EXPECTED, fault_of
from mk8s_agent.pods.identity import Labels, PodRef, addresses_of, uid_here
from mk8s_agent.pods.lifecycle import all_containers
from mk8s_agent.pods.looking import look
from mk8s_agent.pods.memory import Memory
from mk8s_agent.pods.next_step import next_step
from mk8s_agent.pods.node_context import NodeContext
from mk8s_agent.pods.performing import perform
from mk8s_agent.pods.reporting import Reporting
from mk8s_agent.pods.resizing import pending
from mk8s_agent.pods.restarts import begun_before
from mk8s_agent.pods.sandbox import has_network
from mk8s_agent.pods.telling import Telling
from mk8s_agent.pods.values import Network, Observed, Pending, VolumeState, is_running
from mk8s_agent.pods.wanted import Wanted
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

_ENGINE_PATIENCE = 5.0
_PHASES = {"create": Phase.CREATED, "start": Phase.RUNNING, "die": Phase.EXITED}


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
        self._wanted = Wanted(ref, context.clock)
        self._stops = False
        self._pending: Pending | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._examining = Examining(context, self._changed.set)
        self._telling = Telling(ref, context.reporter)
        self._reporting = Reporting(ref, context.reporter, context.facts, self._telling)
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
        return self._wanted.leaving

    @property
    def still_runs(self) -> bool:
        """Whether a container of the pod runs, its pause container aside."""
        return any(is_running(one) for one in self._memory.observed(()).everything())

    @property
    def is_ending(self) -> bool:
        """Whether the node lets the pod fail, and some of it still runs."""
        return self._wanted.doomed and self.still_runs

    def spare_containers(self) -> list[str]:
        """The ids of dead containers that only their logs speak for."""
        observed = self._memory.observed(())
        pod = self._wanted.pod
        ended = pod is not None and pod.terminal
        attempts = observed.containers.values()
        spare = [one for each in attempts for one in (each if ended else each[1:])]
        return [one.id for one in spare if one.phase is Phase.EXITED]

    def want(self, pod: Pod) -> None:
        """This is what the master wants of the pod now."""
        known = self._wanted.pod
        if pod is known:
            if self._pending is not None:
                # Another pod may have made room.
                self._changed.set()
            return
        if known is None:
            self._reporting.follow(pod)
            for name, attempts in begun_before(pod).items():
                self._memory.count(name, attempts)
        elif differ(known, pod):
            self._memory.volumes_changed()
        self._wanted.take(pod)
        self._decided()

    def doom(self, reason: str, message: str, grace: timedelta, *, disrupts: bool = False) -> None:
        """Let the pod fail for good; the first reason counts. Its containers get `grace` to end."""
        self._wanted.fail(reason, message, grace, disrupts=disrupts)
        self._decided()

    def retire(self) -> None:
        """The pod's file is gone: it ends as one that is deleted."""
        self._wanted.retire()
        self._decided()

    def refuse(self, reason: str, message: str) -> None:
        """Let the pod fail before anything of it was begun."""
        self._wanted.refuse(reason, message)

    def abandon(self) -> None:
        """The master does not know the pod any more: it ends, at once if it was wanted before."""
        self._wanted.abandon()
        self._decided()

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
        pod = self._wanted.pod
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

    def _decided(self) -> None:
        """Something else may be wanted: a pod that has to go waits for nothing that it needed."""
        if self._wanted.stops and not self._stops:
            self._stops = True
            self._memory.faults.clear()
            for container in all_containers(self._wanted.pod) if self._wanted.pod else ():
                if task := self._tasks.get(image_target(container.name)):
                    task.cancel()
        self._changed.set()

    async def run(self) -> None:
        """Work until nothing of the pod is left; then the master has been told."""
        try:
            while True:
                self._changed.clear()
                if not await look(self.ref, self._wanted.pod, self._ctx, self._memory):
                    await self._wait(_ENGINE_PATIENCE)
                    continue
                self._follow_clock()
                now = self._ctx.clock.now()
                desired = self._wanted.desired(self._reporting.started_at)
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
                self._reporting.report(desired, observed, now, busy=bool(self._tasks))
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
        self._wanted.shift(jump)

    def _room(self, observed: Observed) -> Pending | None:
        """Why the pod cannot be resized as it is wanted, if it cannot."""
        pod = self._wanted.pod
        if pod is None:
            return None
        pods = self._ctx.assignments.pods().values()
        others = (one.view for one in pods if uid_here(one.view.metadata) != self.ref.uid)
        return pending(pod, observed, others, self._ctx.facts.allocatable)

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(None if seconds is None else max(seconds, 0)):
                await self._changed.wait()
        except TimeoutError:
            return

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
            await perform(action, self.ref, self._wanted.pod, self._ctx, self._memory)
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
        if self._wanted.pod is not None:
            self._telling.failed(self._wanted.pod, action, error)

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
