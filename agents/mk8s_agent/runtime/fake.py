"""A container engine in memory that keeps the real one's rules, for tests and simulations.

It passes the same contract suite as `docker`. What real processes would do by themselves is done
from outside: `exit` ends one, `stop_engine` takes the engine away, `images` and `registry` say what
there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

import msgspec

from mk8s_agent.runtime.errors import (
    ContainerNotFound,
    EngineUnavailable,
    ImageNotFound,
    NameTaken,
    NotRunning,
    PullError,
    RuntimeFault,
    StartError,
)
from mk8s_agent.runtime.pulling import Layers
from mk8s_agent.runtime.references import normalize
from mk8s_agent.runtime.vocabulary import (
    Container,
    ContainerSpec,
    DiskUse,
    EngineInfo,
    Image,
    Limits,
    Listed,
    LogChunk,
    Login,
    LogOptions,
    Phase,
    RuntimeEvent,
)

NO_SUCH_COMMAND = "/no/such/command"
"""A container whose command this is cannot be started."""
NO_SUCH_CAPABILITY = "NONSENSE"
"""A capability that no kernel has."""
IGNORES_TERM = "ignores-term"
"""A container with this argument ends only at SIGKILL."""
_SIGNALS = {"SIGTERM": 15, "SIGINT": 2, "SIGKILL": 9, "SIGQUIT": 3}
_JOIN = "container:"
_LEAST_MEMORY = 6 << 20


@dataclass(slots=True)
class _Box:
    spec: ContainerSpec
    seen: Container
    output: list[LogChunk] = field(default_factory=list)


class FakeRuntime:
    """The Runtime protocol without an engine. `now` gives the engine's wall time."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.images: dict[str, Image] = {}
        self.registry: dict[str, Image | str] = {}
        """What `pull` finds: an image, or the message of its failure."""
        self.passwords: dict[str, str] = {}
        """What `pull` has to know to get an image, where it is not for everyone."""
        self.written: dict[str, int] = {}
        """Bytes by which a container's file system differs from its image's."""
        self.running = asyncio.Event()
        """Set while the engine answers."""
        self.calls: list[str] = []
        """Every call that had an effect or failed, as `verb name`."""
        self.before_call: Callable[[str], None] = lambda call: None
        """A hook that may raise: then the call fails before it had an effect."""
        self.losing = False
        """Whether what happens to containers is told to nobody."""
        self.running.set()
        self._now = now
        self._boxes: dict[str, _Box] = {}
        self._subscribers: list[tuple[Mapping[str, str], asyncio.Queue[RuntimeEvent | None]]] = []
        self._image_subscribers: list[asyncio.Queue[str | None]] = []
        self._numbers = count(1)

    def add_image(self, reference: str, size: int = 1000, digests: tuple[str, ...] = ()) -> Image:
        """Put an image on the machine; ``digests`` are those that registries know it by."""
        name, tag = normalize(reference)
        full = f"{name}@{tag}" if ":" in tag else f"{name}:{tag}"
        image = Image(id=f"sha256:{abs(hash(full)):064x}", tags=(full,), digests=digests, size=size)
        self.images[full] = image
        self._tell_images("tag")
        return image

    def exit(self, container_id: str, code: int = 0, *, oom_killed: bool = False) -> None:
        """The container's process ends by itself."""
        box = self._box(container_id)
        if box.seen.phase is Phase.RUNNING:
            self._end(box, code, oom_killed)

    def present(self) -> list[Container]:
        """All containers, seen from outside: no call, and no failure."""
        return [box.seen for box in self._boxes.values()]

    def adopt(self, container: Container) -> None:
        """A container that was there before this engine."""
        self._boxes[container.id] = _Box(_spec_of(container), container)

    def seen(self, container_id: str) -> Container:
        """One container, seen from outside. Raises ContainerNotFound."""
        return self._box(container_id).seen

    def vanish(self, container_id: str) -> None:
        """Somebody else removes the container."""
        box = self._boxes.pop(container_id)
        if box.seen.phase is Phase.RUNNING:
            self._end(box, 137)
        self._tell(box.seen, "destroy")

    def is_alive(self, pid: int) -> bool:
        """Whether a container runs as that process."""
        return any(box.seen.pid == pid for box in self._boxes.values() if box.seen.pid)

    def write(self, container_id: str, chunk: LogChunk) -> None:
        """The container writes."""
        self._box(container_id).output.append(chunk)

    def stop_engine(self) -> None:
        """Every call fails from now on, and the subscriptions end; containers stay as they are."""
        self.running.clear()
        for _, queue in self._subscribers:
            queue.put_nowait(None)
        self._subscribers.clear()
        self._tell_images(None)

    def start_engine(self) -> None:
        """The engine answers again."""
        self.running.set()

    async def info(self) -> EngineInfo:
        """The engine's facts."""
        self._call("info")
        return EngineInfo(
            version="fake",
            architecture="amd64",
            operating_system="Fake Linux",
            kernel="6.0",
            root_dir="/",
            cpus=2,
            memory=1 << 30,
        )

    async def ping(self) -> None:
        """Ask whether the engine answers."""
        self._call("ping")

    async def listed(self, labels: Mapping[str, str]) -> list[Listed]:
        """Who carries all of `labels`, in any phase."""
        self._call("listed")
        boxes = self._boxes.values()
        return [Listed(b.seen.id, b.seen.labels) for b in boxes if _carries(b.seen.labels, labels)]

    async def containers(self, labels: Mapping[str, str]) -> list[Container]:
        """Every container that carries all of `labels`."""
        self._call("containers")
        return [box.seen for box in self._boxes.values() if _carries(box.seen.labels, labels)]

    async def inspect(self, container_id: str) -> Container:
        """One container now."""
        self._call("inspect")
        return self._box(container_id).seen

    async def disk_use(self, container_id: str) -> DiskUse:
        """What a test says that it has on the disk, and its output."""
        self._call(f"disk_use {container_id}")
        box = self._box(container_id)
        output = sum(len(chunk.data) for chunk in box.output)
        return DiskUse(self.written.get(container_id, 0), output)

    async def create(self, spec: ContainerSpec) -> str:
        """Make a container and return its id."""
        self._call(f"create {spec.name}")
        image = self._image(spec.image)
        if taken := next((b for b in self._boxes.values() if b.seen.name == spec.name), None):
            raise NameTaken(f'The name "/{spec.name}" is in use by container {taken.seen.id}.')
        if spec.network.startswith(_JOIN):
            self._box(spec.network.removeprefix(_JOIN))
            if spec.hostname:
                raise RuntimeFault("conflicting options: hostname and the network mode")
        if refusal := _refusal(spec):
            raise RuntimeFault(refusal)
        every = (f"{number:064x}" for number in self._numbers)
        container_id = next(one for one in every if one not in self._boxes)
        seen = Container(
            id=container_id,
            name=spec.name,
            labels=dict(spec.labels),
            phase=Phase.CREATED,
            image=spec.image,
            image_id=image.id,
            created_at=self._now(),
            stop_signal=spec.stop_signal or "SIGTERM",
            limits=spec.limits,
        )
        self._boxes[container_id] = _Box(spec, seen)
        self._tell(seen, "create")
        return container_id

    async def start(self, container_id: str) -> None:
        """Run it."""
        box = self._box(container_id)
        self._call(f"start {box.seen.name}")
        if box.seen.phase is Phase.RUNNING:
            return
        if reason := self._obstacle(box.spec):
            box.seen = msgspec.structs.replace(
                box.seen, phase=Phase.EXITED, exit_code=127, error=reason, finished_at=self._now()
            )
            raise StartError(reason)
        box.seen = msgspec.structs.replace(
            box.seen, phase=Phase.RUNNING, pid=1000 + int(container_id, 16), started_at=self._now()
        )
        self._tell(box.seen, "start")

    async def kill(self, container_id: str, signal: str) -> None:
        """Send a signal to its first process."""
        box = self._box(container_id)
        self._call(f"kill {signal} {box.seen.name}")
        if box.seen.phase is not Phase.RUNNING:
            raise NotRunning(f"Container {container_id} is not running")
        if signal == "SIGKILL" or IGNORES_TERM not in (box.spec.args or ()):
            self._end(box, 128 + _SIGNALS[signal])

    async def update(self, container_id: str, limits: Limits) -> None:
        """Give a container other limits."""
        box = self._box(container_id)
        self._call(f"update {box.seen.name}")
        box.seen = msgspec.structs.replace(box.seen, limits=limits)

    async def remove(self, container_id: str) -> None:
        """Remove it, running or not."""
        self._call(f"remove {container_id}")
        if container_id in self._boxes:
            self.vanish(container_id)

    async def logs(self, container_id: str, options: LogOptions) -> AsyncGenerator[LogChunk, None]:
        """Its output so far; with `follow` until it ends."""
        self._call("logs")
        box = self._box(container_id)
        shown = 0 if options.tail is None else max(0, len(box.output) - options.tail)
        while True:
            for chunk in box.output[shown:]:
                if getattr(options, chunk.stream):
                    yield chunk
            shown = len(box.output)
            if not options.follow or self._boxes.get(container_id) is not box:
                return
            if box.seen.phase is not Phase.RUNNING:
                return
            await asyncio.sleep(0)

    @asynccontextmanager
    async def events(self, labels: Mapping[str, str]) -> AsyncIterator[AsyncIterator[RuntimeEvent]]:
        """Subscribe; the iterator ends with the engine."""
        self._call("events")
        queue: asyncio.Queue[RuntimeEvent | None] = asyncio.Queue()
        subscriber = (labels, queue)
        self._subscribers.append(subscriber)

        async def stream() -> AsyncIterator[RuntimeEvent]:
            while (event := await queue.get()) is not None:
                yield event

        try:
            yield stream()
        finally:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

    async def local_images(self) -> list[Image]:
        """All local images."""
        self._call("images")
        return list(self.images.values())

    async def used_images(self) -> set[str]:
        """The ids of all images that a container was made from."""
        self._call("used_images")
        return {box.seen.image_id for box in self._boxes.values()}

    @asynccontextmanager
    async def image_events(self) -> AsyncIterator[AsyncIterator[str]]:
        """Subscribe to what happens to images."""
        self._call("image_events")
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._image_subscribers.append(queue)

        async def stream() -> AsyncIterator[str]:
            while (action := await queue.get()) is not None:
                yield action

        try:
            yield stream()
        finally:
            self._image_subscribers.remove(queue)

    async def image(self, reference: str) -> Image:
        """The local image of that name."""
        self._call("image")
        return self._image(reference)

    async def pull(
        self, reference: str, login: Login | None = None, layers: Layers | None = None
    ) -> None:
        """Take an image from `registry`."""
        name, tag = normalize(reference)
        self._call(f"pull {reference}")
        await asyncio.sleep(0)
        found = self.registry.get(f"{name}:{tag}", f"manifest for {name}:{tag} not found")
        if isinstance(found, str):
            raise PullError(found)
        wanted = self.passwords.get(f"{name}:{tag}", "")
        if wanted and (login is None or login.password != wanted):
            raise PullError("no basic auth credentials" if login is None else "unauthorized")
        self.images[f"{name}:{tag}"] = found
        self._tell_images("pull")

    async def load(self, archive: bytes) -> None:
        """Count the archive as loaded under every name that it carries; its content is not read."""
        self._call("load")

    async def remove_image(self, reference: str) -> None:
        """Remove a local image."""
        self._call(f"remove_image {reference}")
        name, tag = normalize(reference)
        self.images.pop(f"{name}:{tag}", None)
        self._tell_images("delete")

    def _call(self, call: str) -> None:
        if not self.running.is_set():
            raise EngineUnavailable("The container engine does not answer: is it running?")
        self.before_call(call)
        if " " in call:
            self.calls.append(call)

    def _box(self, container_id: str) -> _Box:
        if (box := self._boxes.get(container_id)) is None:
            raise ContainerNotFound(f"No such container: {container_id}")
        return box

    def _image(self, reference: str) -> Image:
        name, tag = normalize(reference)
        full = f"{name}@{tag}" if ":" in tag else f"{name}:{tag}"
        if (image := self.images.get(full)) is None:
            raise ImageNotFound(f"No such image: {full}")
        return image

    def _obstacle(self, spec: ContainerSpec) -> str:
        if spec.network.startswith(_JOIN):
            joined = self._boxes.get(spec.network.removeprefix(_JOIN))
            if joined is None or joined.seen.phase is not Phase.RUNNING:
                return "cannot join network of a non running container"
        if spec.command and spec.command[0] == NO_SUCH_COMMAND:
            return f'exec: "{NO_SUCH_COMMAND}": stat {NO_SUCH_COMMAND}: no such file or directory'
        user = spec.security.user.partition(":")[0]
        if user and not user.isdecimal() and user != "root":
            return f"unable to find user {user}: no matching entries in passwd file"
        return ""

    def _end(self, box: _Box, code: int, oom_killed: bool = False) -> None:
        box.seen = msgspec.structs.replace(
            box.seen,
            phase=Phase.EXITED,
            pid=0,
            exit_code=code,
            oom_killed=oom_killed,
            finished_at=self._now(),
        )
        self._tell(box.seen, "die")

    def _tell_images(self, action: str | None) -> None:
        for queue in self._image_subscribers:
            queue.put_nowait(action)

    def _tell(self, container: Container, action: str) -> None:
        if self.losing:
            return
        event = RuntimeEvent(container_id=container.id, action=action, labels=container.labels)
        for labels, queue in self._subscribers:
            if _carries(container.labels, labels):
                queue.put_nowait(event)


def _spec_of(container: Container) -> ContainerSpec:
    return ContainerSpec(name=container.name, image=container.image, labels=container.labels)


def _refusal(spec: ContainerSpec) -> str:
    """Why no container is made of it at all."""
    for name in (*spec.security.capabilities_add, *spec.security.capabilities_drop):
        if name.removeprefix("CAP_") == NO_SUCH_CAPABILITY:
            return f'invalid CapAdd: unknown capability: "CAP_{NO_SUCH_CAPABILITY}"'
    if 0 < spec.limits.memory < _LEAST_MEMORY:
        return "Minimum memory limit allowed is 6MB"
    if spec.working_dir and not spec.working_dir.startswith("/"):
        return f"the working directory '{spec.working_dir}' is invalid: it must be absolute"
    return ""


def _carries(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in wanted.items())
