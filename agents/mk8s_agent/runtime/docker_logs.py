"""What a container wrote: read from the files where Docker keeps it, else asked of Docker.

An engine on another machine, or in another mount namespace, has no files here.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing, suppress
from functools import partial
from pathlib import Path

from mk8s_agent.runtime import docker_json
from mk8s_agent.runtime.docker_api import DockerApi
from mk8s_agent.runtime.errors import ContainerNotFound
from mk8s_agent.runtime.framing import LogDemultiplexer
from mk8s_agent.runtime.log_files import LogDirectories, OpenLog
from mk8s_agent.runtime.vocabulary import LogChunk, LogOptions

log = logging.getLogger(__name__)


async def read(
    docker: DockerApi, directories: LogDirectories, container_id: str, options: LogOptions
) -> AsyncGenerator[LogChunk, None]:
    """A container's output so far, and with `follow` what comes until it ends.

    Raises ContainerNotFound, EngineUnavailable.
    """
    shape = await docker.get(f"/containers/{container_id}/json")
    with ExitStack() as stack:
        files = _open(stack, directories, shape.get("LogPath") or "", follow=options.follow)
        chunks: AsyncGenerator[LogChunk, None]
        if files is None:
            chunks = _ask(docker, container_id, options, terminal=bool(shape["Config"].get("Tty")))
        else:
            chunks = files.read(options, partial(_end_of, docker, container_id))
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk


def _open(
    stack: ExitStack, directories: LogDirectories, path: str, *, follow: bool
) -> OpenLog | None:
    if not path:
        return None
    try:
        return stack.enter_context(directories.open(Path(path), follow=follow))
    except OSError as error:
        log.info("the log %s cannot be read, the engine is asked for it: %s", path, error)
        return None


async def _end_of(docker: DockerApi, container_id: str) -> None:
    """Return when the container does not run (any more). Raises EngineUnavailable."""
    path, query = f"/containers/{container_id}/wait", {"condition": "not-running"}
    with suppress(ContainerNotFound):
        async with docker.call("POST", path, query) as response:
            await response.body()


async def _ask(
    docker: DockerApi, container_id: str, options: LogOptions, *, terminal: bool
) -> AsyncGenerator[LogChunk, None]:
    query = docker_json.log_query(options)
    frames = LogDemultiplexer()
    async with docker.call("GET", f"/containers/{container_id}/logs", query) as response:
        async for block in response.blocks():
            if terminal:
                yield LogChunk("stdout", block)
                continue
            for chunk in frames.feed(block):
                yield chunk
