"""The Runtime protocol on Docker's HTTP API.

Owns Docker's paths and what their answers mean for the protocol. How a call is made is in
`docker_api`, what bodies look like in `docker_json`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import quote

import msgspec

from mk8s_agent.httpanswers import Response
from mk8s_agent.runtime import docker_json, docker_logs, docker_sessions
from mk8s_agent.runtime.docker_api import Conflict, DockerApi
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
from mk8s_agent.runtime.framing import JsonLines
from mk8s_agent.runtime.http import DEFAULT_HOST, HttpClient
from mk8s_agent.runtime.log_files import LogDirectories
from mk8s_agent.runtime.pulling import Layers
from mk8s_agent.runtime.references import normalize
from mk8s_agent.runtime.sessions import AttachSpec, ExecSession, ExecSpec, Session
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

_PING_SECONDS = 10.0
_START_SECONDS = 120.0
_PULL_SILENCE_SECONDS = 300.0
_LOOKS_AT_A_TIME = 16
_EVENT_ACTIONS = ("create", "start", "die", "destroy", "oom")


class DockerRuntime:
    """A Docker engine. `host` is written as in DOCKER_HOST; empty means Docker's default socket."""

    def __init__(self, host: str = "") -> None:
        self._api = DockerApi(HttpClient(host or DEFAULT_HOST))
        self._looks = asyncio.Semaphore(_LOOKS_AT_A_TIME)
        self._logs = LogDirectories()

    async def info(self) -> EngineInfo:
        """The engine's facts. Raises EngineUnavailable."""
        version, info = await asyncio.gather(self._api.get("/version"), self._api.get("/info"))
        return docker_json.engine_info(version, info)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which the engine itself is spoken to. Raises OSError, TimeoutError."""
        return await self._api.connect()

    async def ping(self) -> None:
        """Ask whether the engine answers, with little patience. Raises EngineUnavailable."""
        await self._api.whole("GET", "/_ping", seconds=_PING_SECONDS)

    async def listed(self, labels: Mapping[str, str]) -> list[Listed]:
        """Who carries all of `labels`, in any phase."""
        filters = {"label": [f"{name}={value}" for name, value in labels.items()]}
        rows = await self._api.get("/containers/json", {"all": "1", "filters": _json(filters)})
        return [Listed(row["Id"], row.get("Labels") or {}) for row in rows]

    async def containers(self, labels: Mapping[str, str]) -> list[Container]:
        """Every container, in any phase, that carries all of `labels`."""
        listed = await self.listed(labels)
        found = await asyncio.gather(*(self._inspect_or_none(one.id) for one in listed))
        return [container for container in found if container is not None]

    async def inspect(self, container_id: str) -> Container:
        """One container now. Raises ContainerNotFound."""
        return docker_json.container(await self._api.get(f"/containers/{container_id}/json"))

    async def disk_use(self, container_id: str) -> DiskUse:
        """What it has on the disk, volumes left out; takes a while. Raises ContainerNotFound."""
        shape = await self._api.get(f"/containers/{container_id}/json", {"size": "1"})
        return docker_json.disk_use(shape)

    async def create(self, spec: ContainerSpec) -> str:
        """Make a container and return its id. Raises ImageNotFound, NameTaken, RuntimeFault."""
        if why := docker_json.refused(spec, await self._api.version()):
            raise RuntimeFault(why)
        body = msgspec.json.encode(docker_json.create_body(spec))
        try:
            answer = await self._api.post("/containers/create", {"name": spec.name}, body)
        except Conflict as error:
            raise NameTaken(str(error)) from error
        return str(msgspec.json.decode(answer)["Id"])

    async def start(self, container_id: str) -> None:
        """Run it; returns when its process exists. Raises StartError, ContainerNotFound."""
        try:
            await self._api.post(f"/containers/{container_id}/start", seconds=_START_SECONDS)
        except (ContainerNotFound, EngineUnavailable):
            raise
        except RuntimeFault as error:
            raise StartError(str(error)) from error

    async def kill(self, container_id: str, signal: str) -> None:
        """Send `signal` to its first process. Raises NotRunning, ContainerNotFound."""
        try:
            await self._api.post(f"/containers/{container_id}/kill", {"signal": signal})
        except Conflict as error:
            raise NotRunning(str(error)) from error

    async def update(self, container_id: str, limits: Limits) -> None:
        """Give a container other limits. Raises ContainerNotFound, RuntimeFault."""
        body = msgspec.json.encode(docker_json.update_body(limits))
        await self._api.post(f"/containers/{container_id}/update", None, body)

    async def remove(self, container_id: str) -> None:
        """Remove it, running or not, with its anonymous volumes. Gone already is success."""
        query = {"force": "1", "v": "1"}
        try:
            await self._api.whole("DELETE", f"/containers/{container_id}", query, _START_SECONDS)
        except (ContainerNotFound, Conflict):
            # A conflict says that the removal is in progress; its `destroy` event will come.
            return

    def logs(self, container_id: str, options: LogOptions) -> AsyncGenerator[LogChunk, None]:
        """Its output so far, and with `follow` what comes until it ends.

        Raises ContainerNotFound.
        """
        return docker_logs.read(self._api, self._logs, container_id, options)

    def exec(self, container_id: str, spec: ExecSpec) -> AbstractAsyncContextManager[ExecSession]:
        """Run a command in a container that runs; leaving the block kills it.

        Raises ContainerNotFound, NotRunning.
        """
        return docker_sessions.run(self._api, container_id, spec)

    def attach(self, container_id: str, spec: AttachSpec) -> AbstractAsyncContextManager[Session]:
        """Join the first process of a container that runs. Raises ContainerNotFound, NotRunning."""
        return docker_sessions.attach(self._api, container_id, spec)

    @asynccontextmanager
    async def events(self, labels: Mapping[str, str]) -> AsyncIterator[AsyncIterator[RuntimeEvent]]:
        """Subscribe.

        Once entered, nothing that happens is missed. The iterator ends with the engine.
        """
        filters = {
            "type": ["container"],
            "event": list(_EVENT_ACTIONS),
            "label": [f"{name}={value}" for name, value in labels.items()],
        }
        async with self._api.call("GET", "/events", {"filters": _json(filters)}) as response:
            yield _events(response)

    async def image(self, reference: str) -> Image:
        """The local image of that name or id. Raises ImageNotFound, InvalidReference."""
        normalize(reference)
        return docker_json.image(await self._api.get(f"/images/{quote(reference)}/json"))

    async def local_images(self) -> list[Image]:
        """All local images; whom their containers run as is not among what is told."""
        return [docker_json.image(one) for one in await self._api.get("/images/json")]

    async def used_images(self) -> set[str]:
        """The ids of all images that a container was made from, whosever it is."""
        return {row["ImageID"] for row in await self._api.get("/containers/json", {"all": "1"})}

    @asynccontextmanager
    async def image_events(self) -> AsyncIterator[AsyncIterator[str]]:
        """Subscribe to what happens to images; the iterator ends with the engine."""
        filters = {"type": ["image"]}
        async with self._api.call("GET", "/events", {"filters": _json(filters)}) as response:
            yield (event.action async for event in _events(response))

    async def pull(
        self, reference: str, login: Login | None = None, layers: Layers | None = None
    ) -> None:
        """Fetch an image. Raises PullError with the engine's message, InvalidReference."""
        name, tag = normalize(reference)
        query = {"fromImage": name, "tag": tag}
        headers = docker_json.registry_auth(login)
        try:
            async with self._api.call(
                "POST", "/images/create", query, seconds=_PULL_SILENCE_SECONDS, headers=headers
            ) as response:
                await _progress(response, layers or Layers())
        except EngineUnavailable:
            raise
        except RuntimeFault as error:
            raise PullError(str(error)) from error

    async def load(self, archive: bytes) -> None:
        """Add the images of an archive in the format of `docker save`.

        Loading twice is harmless.
        """
        async with self._api.call(
            "POST", "/images/load", {"quiet": "1"}, body=archive, content_type="application/x-tar"
        ) as response:
            await _progress(response, Layers())

    async def remove_image(self, reference: str) -> None:
        """Remove a local image.

        Absent is success; raises RuntimeFault when a container needs it.
        """
        try:
            await self._api.whole("DELETE", f"/images/{quote(reference)}")
        except ImageNotFound:
            return

    async def _inspect_or_none(self, container_id: str) -> Container | None:
        try:
            async with self._looks:
                return await self.inspect(container_id)
        except ContainerNotFound:
            return None


async def _progress(response: Response, layers: Layers) -> None:
    """Read a stream of progress to its end, and tell ``layers``.

    The error that the engine puts into it becomes a PullError.
    """
    lines = JsonLines()
    blocks = response.blocks()
    while True:
        async with asyncio.timeout(_PULL_SILENCE_SECONDS):
            block = await anext(blocks, None)
        if block is None:
            return
        for line in lines.feed(block):
            if message := line.get("error"):
                raise PullError(str(message))
            layers.take(line)


async def _events(response: Response) -> AsyncIterator[RuntimeEvent]:
    lines = JsonLines()
    async for block in response.blocks():
        for line in lines.feed(block):
            actor = line["Actor"]
            yield RuntimeEvent(
                container_id=actor["ID"], action=line["Action"], labels=actor["Attributes"]
            )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
