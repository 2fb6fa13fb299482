"""What the agent may ask of a container engine.

Owns the protocol; the values that travel are in `vocabulary`. It knows neither Docker nor pods.
Implementations: `docker.DockerRuntime`, `fake.FakeRuntime`; both pass
tests/contract/test_runtime_contract.py.

Every call has a deadline of the implementation's and raises `errors.EngineUnavailable` when the
engine does not answer.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from mk8s_agent.runtime.pulling import Layers
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
    RuntimeEvent,
)


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
