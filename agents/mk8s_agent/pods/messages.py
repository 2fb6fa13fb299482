"""What a container leaves as its last words: a file that is mounted into it, or the end of its log.

Owns these files, one for each attempt of a container, in the pod's directory: only root gets there
on the node, any user of the container may write.
"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from minikube8s.api.views import Container as ContainerView
from minikube8s.api.views import Pod
from mk8s_agent.pods.identity import ATTEMPT, CONTAINER, POD_UID, number
from mk8s_agent.pods.lifecycle import view_of
from mk8s_agent.pods.memory import Memory
from mk8s_agent.pods.restarts import failed
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.interface import Runtime
from mk8s_agent.runtime.vocabulary import Container, LogOptions, Mount, Phase

log = logging.getLogger(__name__)

_MOST_OF_A_POD = 12 * 1024
"""Bytes of all messages of a pod together; each container gets an equal part."""
_MOST_OF_A_FILE = 4096
_MOST_OF_A_LOG = 2048
_LOG_LINES = 80
_LOG_SECONDS = 5.0
_DIRECTORY = "termination"
_FALLBACK = "FallbackToLogsOnError"


class LastWords:
    """The messages of a node's pods; `root` has a directory for each pod."""

    def __init__(self, root: Path, runtime: Runtime) -> None:
        self._root = root
        self._runtime = runtime

    def mount(self, uid: str, container: ContainerView, attempt: int) -> tuple[Mount, ...]:
        """Make the attempt's file, and tell where the container finds it. Raises OSError."""
        if not container.termination_message_path:
            return ()
        file = self._file(uid, container.name, attempt)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_bytes(b"")
        file.chmod(0o666)
        return (Mount(source=str(file), target=container.termination_message_path),)

    async def collect(self, memory: Memory, pod: Pod) -> None:
        """Note the last words of containers that have ended since the last look."""
        for dead in tuple(memory.found.values()):
            if dead.phase is Phase.EXITED and dead.id not in memory.messages:
                memory.messages[dead.id] = _part(await self._read(dead, pod), pod)

    async def _read(self, dead: Container, pod: Pod) -> str:
        view = view_of(pod, dead.labels.get(CONTAINER, ""))
        if dead.error or view is None:
            return ""
        message = ""
        if view.termination_message_path:
            message = self._written(self._file_of(dead))
        if not message and view.termination_message_policy == _FALLBACK and failed(dead):
            message = await self._end_of_log(dead)
        return message

    def remove(self, gone: Container) -> None:
        """Remove an attempt's file."""
        self._file_of(gone).unlink(missing_ok=True)

    def remove_all(self, uid: str) -> None:
        """Remove the files of a pod; nothing there is success. Raises OSError."""
        directory = self._root / uid / _DIRECTORY
        if directory.exists():
            for file in directory.iterdir():
                file.unlink()
            directory.rmdir()

    def _file_of(self, container: Container) -> Path:
        labels = container.labels
        return self._file(labels[POD_UID], labels[CONTAINER], number(labels, ATTEMPT))

    def _file(self, uid: str, container: str, attempt: int) -> Path:
        return self._root / uid / _DIRECTORY / f"{container}.{attempt}"

    @staticmethod
    def _written(file: Path) -> str:
        try:
            with file.open("rb") as opened:
                size = opened.seek(0, os.SEEK_END)
                opened.seek(max(size - _MOST_OF_A_FILE, 0))
                return opened.read(_MOST_OF_A_FILE).decode(errors="replace")
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f"Error on reading termination log {file}: {error.strerror}"

    async def _end_of_log(self, dead: Container) -> str:
        tail = b""
        try:
            async with asyncio.timeout(_LOG_SECONDS):
                async for chunk in self._runtime.logs(dead.id, LogOptions(tail=_LOG_LINES)):
                    tail = (tail + chunk.data)[-_MOST_OF_A_LOG:]
        except (RuntimeFault, TimeoutError) as error:
            log.warning("the end of the log of container %s cannot be read: %s", dead.name, error)
        return tail.decode(errors="replace")


def _part(message: str, pod: Pod) -> str:
    """As much of a message as one container may have."""
    spec = pod.spec
    containers = len((*spec.containers, *spec.init_containers, *spec.ephemeral_containers))
    return message.encode()[: _MOST_OF_A_POD // max(containers, 1)].decode(errors="ignore")
