"""What the agent may ask of a container engine, and the values that travel.

Owns the protocol and its vocabulary. It knows neither Docker nor pods: containers here are just
containers with labels. Implementations: `docker.DockerRuntime`, `fake.FakeRuntime`; both pass
tests/contract/test_runtime_contract.py.

Every call has a deadline of the implementation's and raises `errors.EngineUnavailable` when the
engine does not answer.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol

import msgspec

from mk8s_agent.runtime.pulling import Layers


class Phase(StrEnum):
    """Where a container is in its life. It only ever moves forward, and never starts twice."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Resources.

    `cpu_shares` are relative weights, `cpu_quota` microseconds per 100 ms, `memory` bytes; 0 is
    unlimited.
    """

    cpu_shares: int = 0
    cpu_quota: int = 0
    memory: int = 0
    oom_score_adj: int = 0


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """One container as the engine shows it.

    `pid` is 0 unless it runs. `error` is the engine's reason when its command could not be started;
    such a container is `EXITED` whatever the engine calls it. `image` is the reference that it was
    created from, `image_id` the digest.
    """

    id: str
    name: str
    labels: Mapping[str, str]
    phase: Phase
    image: str
    image_id: str
    created_at: datetime
    pid: int = 0
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    stop_signal: str = "SIGTERM"
    started_at: datetime | None = None
    finished_at: datetime | None = None
    limits: Limits | None = None


class Listed(NamedTuple):
    """A container in a list: that it is there, and whose."""

    id: str
    labels: Mapping[str, str]


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """A path of the host seen inside the container.

    `propagation`: whether mounts made later below it are seen on the other side: `private`: never,
    `slave`: the host's in the container, `shared`: both ways. `recursive_read_only`: whether what
    is mounted below it is read-only, too: empty or `Disabled`, `IfPossible`, `Enabled`.
    """

    source: str
    target: str
    read_only: bool = False
    propagation: Literal["private", "slave", "shared"] = "private"
    recursive_read_only: str = ""


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """What a container may do. `user` is `uid[:gid]`; empty takes the image's.

    `seccomp` is `unconfined` or a profile's JSON, `apparmor` the name of a profile; empty takes the
    engine's default. `selinux` are parts of a label (`type:NAME`). With `whole_proc` nothing of
    /proc is hidden or read-only.
    """

    user: str = ""
    groups: tuple[str, ...] = ()
    privileged: bool = False
    capabilities_add: tuple[str, ...] = ()
    capabilities_drop: tuple[str, ...] = ()
    read_only_root: bool = False
    no_new_privileges: bool = False
    seccomp: str = ""
    apparmor: str = ""
    selinux: tuple[str, ...] = ()
    whole_proc: bool = False


class ContainerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A container to be made.

    `command` replaces the image's entry point and `args` its command; None keeps the image's.
    `network` is `none`, `host` or `container:ID`; only the first two may carry a `hostname`, the
    third has that of the container it joins. `env` items are `NAME=value`. `stop_signal` replaces
    the image's. `sysctls` are set in its own namespaces.
    """

    name: str
    image: str
    labels: Mapping[str, str]
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    env: tuple[str, ...] = ()
    working_dir: str = ""
    hostname: str = ""
    network: str = "none"
    pid_mode: str = ""
    ipc_mode: str = ""
    mounts: tuple[Mount, ...] = ()
    limits: Limits = Limits()
    security: Security = Security()
    sysctls: Mapping[str, str] = msgspec.field(default_factory=dict)
    tty: bool = False
    stdin: bool = False
    stdin_once: bool = False
    stop_signal: str = ""


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """An image on this machine.

    `size` in bytes; `user` is the one its containers run as by default.
    """

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    size: int
    user: str = ""


class Login(msgspec.Struct, frozen=True):
    """Who asks a registry for an image; `server` is the registry's address."""

    server: str
    username: str
    password: str


class DiskUse(NamedTuple):
    """Bytes that a container has on the disk: changes of its file system, and its output."""

    files: int
    output: int


class EngineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The engine and the machine it runs on.

    `memory` in bytes; `architecture` in Go's words (amd64, arm64).
    """

    version: str
    architecture: str
    operating_system: str
    kernel: str
    root_dir: str
    cpus: int
    memory: int


class RuntimeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to a container.

    `create`, `start`, `die`, `destroy`, `oom`, … as Docker names it.
    """

    container_id: str
    action: str
    labels: Mapping[str, str]


class LogOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a container's output.

    `tail` in lines (None: all); `since` and the container's clock are the host's.
    """

    follow: bool = False
    tail: int | None = None
    since: datetime | None = None
    timestamps: bool = False
    stdout: bool = True
    stderr: bool = True


class LogChunk(NamedTuple):
    """Bytes of one output stream: a piece of a line, a line or many."""

    stream: Literal["stdout", "stderr"]
    data: bytes


class Runtime(Protocol):
    """A container engine."""

    async def info(self) -> EngineInfo:
        """The engine's facts. Raises EngineUnavailable."""
        ...

    async def ping(self) -> None:
        """Ask whether the engine answers, with little patience. Raises EngineUnavailable."""
        ...

    async def listed(self, labels: Mapping[str, str]) -> list[Listed]:
        """Who carries all of `labels`, in any phase: cheaper than `containers`.

        One container that the engine cannot look at does not hold it up.
        """
        ...

    async def containers(self, labels: Mapping[str, str]) -> list[Container]:
        """Every container, in any phase, that carries all of `labels`."""
        ...

    async def inspect(self, container_id: str) -> Container:
        """One container now. Raises ContainerNotFound."""
        ...

    async def disk_use(self, container_id: str) -> DiskUse:
        """What it has on the disk, volumes left out; takes a while. Raises ContainerNotFound."""
        ...

    async def create(self, spec: ContainerSpec) -> str:
        """Make a container and return its id.

        Raises ImageNotFound, NameTaken, RuntimeFault with the engine's reason.
        """
        ...

    async def start(self, container_id: str) -> None:
        """Run it.

        Returns when its process exists. Raises StartError, ContainerNotFound. Running already is
        success.
        """
        ...

    async def kill(self, container_id: str, signal: str) -> None:
        """Send `signal` (a name like SIGTERM) to its first process.

        Raises NotRunning, ContainerNotFound.
        """
        ...

    async def update(self, container_id: str, limits: Limits) -> None:
        """Give a container other limits.

        Raises ContainerNotFound, RuntimeFault with the engine's reason.
        """
        ...

    async def remove(self, container_id: str) -> None:
        """Remove it, running or not, with its anonymous volumes. Gone already is success."""
        ...

    def logs(self, container_id: str, options: LogOptions) -> AsyncGenerator[LogChunk, None]:
        """Its output so far, and with `follow` what comes until it ends.

        Raises ContainerNotFound.
        """
        ...

    def events(
        self, labels: Mapping[str, str]
    ) -> AbstractAsyncContextManager[AsyncIterator[RuntimeEvent]]:
        """Subscribe.

        Once entered, nothing that happens is missed. The iterator ends when the engine goes away.
        """
        ...

    async def image(self, reference: str) -> Image:
        """The local image of that name or id. Raises ImageNotFound, InvalidReference."""
        ...

    async def local_images(self) -> list[Image]:
        """All local images; whom their containers run as is not among what is told."""
        ...

    async def used_images(self) -> set[str]:
        """The ids of all images that a container was made from, whosever it is."""
        ...

    def image_events(self) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """Subscribe to what happens to images (`pull`, `tag`, `delete`, …), as `events` does."""
        ...

    async def pull(
        self, reference: str, login: Login | None = None, layers: Layers | None = None
    ) -> None:
        """Fetch an image, where `login` is given as that user; `layers` is told how far it is.

        Raises PullError with the engine's message, InvalidReference.
        """
        ...

    async def load(self, archive: bytes) -> None:
        """Add the images of an archive in the format of `docker save`.

        Loading twice is harmless.
        """
        ...

    async def remove_image(self, reference: str) -> None:
        """Remove a local image.

        Absent is success; raises RuntimeFault when a container needs it.
        """
        ...
