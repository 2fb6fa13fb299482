"""Looks after the node: measures it now and then, and tells the master when it changed.

Nothing in the kernel tells that a disk fills up, so this looks every ten seconds, as a kubelet
does; a look is some file reads. What is known at once (the engine, the network, images) is told at
once, and a kernel that sees processes stall for memory says so in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from minikube8s.kit.backoff import Backoff
from minikube8s.kit.clock import Clock
from mk8s_agent.node import signals, stalls
from mk8s_agent.node.conditions import changes
from mk8s_agent.node.images import listed
from mk8s_agent.node.machine import look_again
from mk8s_agent.node.settings import seconds
from mk8s_agent.node.status import NodeState
from mk8s_agent.node.thresholds import Crossed, Past, Reading, judge, thresholds
from mk8s_agent.node.whereabouts import Address
from mk8s_agent.pods.node_context import Reporter
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.interface import Runtime
from mk8s_agent.runtime.vocabulary import EngineInfo

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
_MOMENT = 1.0
_IMAGES_SETTLE = 0.5
"""A build or a pull names its image several times; the list is read once."""
_RETRY = Backoff(initial=1.0, maximum=60.0)


class RoomMaker(Protocol):
    """Makes room on the node, see `mk8s_agent.node.room`."""

    async def make(self, crossed: Sequence[Crossed], look: Callable[[], Sequence[Crossed]]) -> bool:
        """Act; True when that changed something, so that it is time to look again."""
        ...


class Collector(Protocol):
    """Removes images before the disk is full, see `mk8s_agent.node.garbage`."""

    async def collect(self, reading: Reading | None) -> None:
        """Look whether it is time to; `reading` is that of the engine's disk."""
        ...


class NodeKeeper:
    """Owns the node's state and its reports."""

    def __init__(
        self, state: NodeState, runtime: Runtime, reporter: Reporter, clock: Clock, state_dir: Path
    ) -> None:
        self.state = state
        self._runtime = runtime
        self._reporter = reporter
        self._clock = clock
        self._state_dir = state_dir
        self._thresholds = thresholds(state.settings)
        self._transition = seconds(state.settings.eviction_pressure_transition_period)
        self._past = Past()
        self._readings: Mapping[str, Reading] = {}
        self._wake = asyncio.Event()
        self._was_ready: bool | None = None
        self._told: frozenset[str] | None = None
        self._takes_pods = True

    def trouble(self, part: str, why: str) -> None:
        """Report what keeps the node from being ready; an empty reason ends it."""
        if why:
            self.state.trouble[part] = why
        else:
            self.state.trouble.pop(part, None)
        self._report()

    def unreachable(self, sentences: Sequence[str], cut_off: bool) -> None:
        """Report why nodes cannot be reached, and whether none can; no sentences: all can."""
        for sentence in sentences:
            self.event("Warning", "FailedToCreateRoute", sentence)
        if sentences or self.state.cut_off is not None:
            self.state.cut_off = cut_off
            self._report()

    def moved(self, address: Address) -> None:
        """The node has other addresses now; the next session tells them."""
        self.state.machine = msgspec.structs.replace(
            self.state.machine, address=address.ipv4, address_ipv6=address.ipv6
        )

    def takes_pods(self, takes_pods: bool) -> None:
        """Whether new pods may come: `kubectl cordon` says no."""
        if takes_pods != self._takes_pods:
            self._takes_pods = takes_pods
            self._tell("NodeSchedulable" if takes_pods else "NodeNotSchedulable")

    def end(self) -> None:
        """The machine is about to be shut down: no pod may come any more."""
        self.state.ending = True
        self.event("Normal", "Shutdown", "Shutdown manager detected shutdown event")
        self.trouble("shutdown", "node is shutting down")

    def met_engine(self, engine: EngineInfo) -> None:
        """The engine answered; only now is known where it keeps images."""
        self.state.engine = engine
        self._wake.set()

    async def run(self, room: RoomMaker, images: Collector) -> None:
        """Look for ever, and let `room` be made when the node runs short."""
        self.event("Normal", "Starting", "Starting kubelet.")
        with stalls.told_to(self._wake):
            while True:
                self._wake.clear()
                crossed = self.look()
                await images.collect(self._readings.get("imagefs.available"))
                if not await room.make(crossed, self.look):
                    await self._rest()

    async def _rest(self) -> None:
        """Wait for the next look; whoever wakes us again and again is heard once a moment."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return
        await self._clock.sleep(_MOMENT)

    def look(self) -> tuple[Crossed, ...]:
        """Measure, judge and report; what asks for action, the most urgent first."""
        state = self.state
        state.machine = look_again(state.machine, self._state_dir)
        self._readings = signals.measure(self._state_dir, self._imagefs())
        now = self._clock.monotonic()
        judged = judge(self._thresholds, self._readings, self._past, self._transition, now)
        self._past = judged.past
        for reason in changes(self._told, judged.pressures):
            self._tell(reason)
        state.pressures = self._told = judged.pressures
        self._report()
        return judged.crossed

    def disks(self) -> dict[str, dict[str, int]]:
        """A v1alpha1.FsStats each: of the node's own files, and of the engine's images."""
        found = {"fs": signals.use_of_disk(self._state_dir)}
        if (images := self._imagefs()) is not None:
            found["imageFs"] = signals.use_of_disk(images)
        return {name: use for name, use in found.items() if use}

    async def follow_images(self) -> None:
        """Keep the node's list of images true, for ever."""
        failures = 0
        while True:
            try:
                async with self._runtime.image_events() as events:
                    await self._list_images()
                    failures = 0
                    async for _ in events:
                        await self._clock.sleep(_IMAGES_SETTLE)
                        await self._list_images()
            except RuntimeFault as error:
                log.debug("images cannot be followed: %s", error)
            await self._clock.sleep(_RETRY.delay(failures))
            failures += 1

    async def _list_images(self) -> None:
        images = await self._runtime.local_images()
        self.state.images = listed(images, self.state.settings.node_status_max_images)
        self._report()

    def _imagefs(self) -> Path | None:
        engine = self.state.engine
        return Path(engine.root_dir) if engine is not None else None

    def _report(self) -> None:
        ready = not self.state.trouble
        if ready != self._was_ready and self._was_ready is not None:
            self._tell("NodeReady" if ready else "NodeNotReady")
        self._was_ready = ready
        self._reporter.node_status(self.state.status(self._clock.now()))

    def _tell(self, reason: str) -> None:
        name = self.state.machine.name
        self.event("Normal", reason, f"Node {name} status is now: {reason}")

    def event(self, type: str, reason: str, message: str) -> None:
        """Record something about the node; kubectl looks for a node's events by its name as uid."""
        name = self.state.machine.name
        self._reporter.event({"kind": "Node", "name": name, "uid": name}, type, reason, message)
