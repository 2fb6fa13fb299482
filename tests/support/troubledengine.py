"""A fake engine with everything that goes wrong with a real one, under a test's control.

Calls take time, fail before they had an effect or after it, or have it long after their caller gave
up; events are lost, repeated and reordered. What must never happen is checked where it would: in
the engine.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from enum import Enum
from typing import TypeVar

from mk8s_agent.pods.identity import CONTAINER, POD_UID, SANDBOX, SANDBOX_NAME
from mk8s_agent.runtime.errors import EngineUnavailable, RuntimeFault
from mk8s_agent.runtime.fake import FakeRuntime
from mk8s_agent.runtime.pulling import Layers
from mk8s_agent.runtime.vocabulary import (
    Container,
    ContainerSpec,
    Image,
    Login,
    Phase,
    RuntimeEvent,
)

from minikube8s.kit.clock import Clock

T = TypeVar("T")


class Fault(Enum):
    """How a call goes wrong."""

    REFUSED = "the engine says no"
    AWAY = "nobody answers"
    UNANSWERED = "it is done, but the answer is lost"
    LATE = "it is done long after the caller gave up"


class TroubledEngine(FakeRuntime):
    """`faults` are taken from the front, one a call that changes something.

    `pace` is how long such a call takes. `echoing` tells each event twice, the second time
    late. `begun` counts the starts of each container of each pod, by uid and name.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock.now)
        self.faults: list[Fault] = []
        self.pace = 0.0
        self.hanging: set[str] = set()
        """Containers that it cannot look at."""
        self.echoing = False
        self.begun: Counter[tuple[str, str]] = Counter()
        self.finished: dict[str, set[tuple[str, str]]] = defaultdict(set)
        """Of each sandbox: (container, how it ended) of all that ended in it."""
        self.made: list[tuple[float, Container]] = []
        """Every container, with the time when it was asked for."""
        self.wrongs: list[str] = []
        self._clock = clock
        self._late: set[asyncio.Task[object]] = set()

    # ---- calls

    async def create(self, spec: ContainerSpec) -> str:
        asked = self._clock.monotonic()

        async def work() -> str:
            container_id = await super(TroubledEngine, self).create(spec)
            self.made.append((asked, self._box(container_id).seen))
            return container_id

        return await self._troubled(work)

    async def start(self, container_id: str) -> None:
        async def work() -> None:
            before = self._box(container_id).seen
            try:
                await super(TroubledEngine, self).start(container_id)
            finally:
                if before.phase is Phase.CREATED and not self._stays_created(container_id):
                    self.begun[before.labels[POD_UID], before.labels[CONTAINER]] += 1
            if before.phase is Phase.CREATED:
                self._check_start(self._box(container_id).seen)

        await self._troubled(work)

    async def kill(self, container_id: str, signal: str) -> None:
        await self._troubled(lambda: super(TroubledEngine, self).kill(container_id, signal))

    async def remove(self, container_id: str) -> None:
        await self._troubled(lambda: super(TroubledEngine, self).remove(container_id))

    async def inspect(self, container_id: str) -> Container:
        if container_id in self.hanging:
            await self._clock.sleep(30)
            raise EngineUnavailable("The container engine did not answer in time.")
        # The answer is as old as the call: news may overtake it.
        seen = await super().inspect(container_id)
        await self._clock.sleep(self.pace)
        return seen

    async def containers(self, labels: Mapping[str, str]) -> list[Container]:
        seen = await super().containers(labels)
        if any(one.id in self.hanging for one in seen):
            await self._clock.sleep(30)
            raise EngineUnavailable("The container engine did not answer in time.")
        await self._clock.sleep(self.pace)
        return seen

    async def image(self, reference: str) -> Image:
        await self._clock.sleep(self.pace)
        return await super().image(reference)

    async def pull(
        self, reference: str, login: Login | None = None, layers: Layers | None = None
    ) -> None:
        await self._clock.sleep(self.pace)
        await super().pull(reference, login, layers)

    async def _troubled(self, work: Callable[[], Awaitable[T]]) -> T:
        await self._clock.sleep(self.pace)
        fault = self.faults.pop(0) if self.faults else None
        if fault is Fault.REFUSED:
            raise RuntimeFault("write /var/lib/docker: no space left on device")
        if fault is Fault.AWAY:
            raise EngineUnavailable("The container engine does not answer: is it running?")
        if fault is Fault.LATE:
            task: asyncio.Task[object] = asyncio.create_task(self._later(work))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
        done = None if fault is Fault.LATE else await work()
        if fault in (Fault.UNANSWERED, Fault.LATE):
            raise EngineUnavailable("The container engine did not answer in time.")
        await self._clock.sleep(self.pace)
        return done  # type: ignore[return-value]

    async def _later(self, work: Callable[[], Awaitable[T]]) -> None:
        await self._clock.sleep(7)
        try:
            await work()
        except RuntimeFault:
            return

    # ---- events

    @asynccontextmanager
    async def events(self, labels: Mapping[str, str]) -> AsyncIterator[AsyncIterator[RuntimeEvent]]:
        async with super().events(labels) as stream:
            yield stream

    def _tell(self, container: Container, action: str) -> None:
        if action == "die":
            how = "well" if container.exit_code == 0 else "badly"
            self.finished[container.labels.get(SANDBOX, "")].add(
                (container.labels.get(CONTAINER, ""), how)
            )
        super()._tell(container, action)
        if self.echoing:
            asyncio.get_running_loop().call_later(3, super()._tell, container, action)

    def break_off_events(self) -> None:
        """The stream of events ends; the engine goes on."""
        for _, queue in self._subscribers:
            queue.put_nowait(None)
        self._subscribers.clear()

    # ---- what must never happen

    def of(self, uid: str) -> list[Container]:
        """All containers of a pod."""
        return [one for one in self.present() if one.labels.get(POD_UID) == uid]

    def _stays_created(self, container_id: str) -> bool:
        return self._box(container_id).seen.phase is Phase.CREATED

    def _check_start(self, started: Container) -> None:
        uid, name = started.labels[POD_UID], started.labels[CONTAINER]
        running = [one for one in self.of(uid) if one.phase is Phase.RUNNING]
        twins = [one for one in running if one.labels[CONTAINER] == name]
        if len(twins) > 1:
            self.wrongs.append(f"{name} of {uid} runs {len(twins)} times")
        sandboxes = [one.id for one in running if one.labels[CONTAINER] == SANDBOX_NAME]
        if started.labels[CONTAINER] != SANDBOX_NAME and started.labels[SANDBOX] not in sandboxes:
            self.wrongs.append(f"{name} of {uid} was started without its sandbox")
