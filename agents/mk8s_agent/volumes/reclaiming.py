"""Removes the directories of PersistentVolumes that were given back.

Level-triggered: as long as the master sends such a volume its directory is to be removed, however
often that was tried; what is removed already is reported again.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from minikube8s.api import localpath
from minikube8s.api.views import PersistentVolume
from minikube8s.kit.backoff import Backoff
from minikube8s.kit.workqueue import WorkQueue
from mk8s_agent.volumes.errors import VolumeError

log = logging.getLogger(__name__)

_RETRY = Backoff(initial=0.5, maximum=300.0)


class Reporter(Protocol):
    """What the master is told, see `mk8s_agent.link.reporter`."""

    def volume_removed(self, name: str, uid: str) -> None:
        """The directory of a volume is removed."""
        ...

    def event(self, involved: dict[str, Any], type: str, reason: str, message: str) -> None:
        """Something worth telling people happened."""
        ...


class Reclaimer:
    """Owns the directories below `root`; `volumes` tells what the master sent."""

    def __init__(
        self, root: Path, volumes: Callable[[], Iterable[PersistentVolume]], reporter: Reporter
    ) -> None:
        self._root = root
        self._volumes = volumes
        self._reporter = reporter
        self._queue: WorkQueue[str] = WorkQueue(_RETRY)

    def changed(self, name: str) -> None:
        """Look at the volume of that name."""
        self._queue.add(name)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            name = await self._queue.get()
            try:
                await self._look(name)
            finally:
                self._queue.done(name)

    async def _look(self, name: str) -> None:
        found = (one for one in self._volumes() if one.metadata.name == name)
        volume = next(found, None)
        if volume is None or not localpath.is_given_back(volume):
            self._queue.forget(name)
            return
        try:
            await asyncio.to_thread(remove, self._root, volume)
        except (VolumeError, OSError) as error:
            seconds = self._queue.retry(name)
            log.warning("volume %s is not removed: %s; trying again in %gs", name, error, seconds)
            involved = {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "name": name,
                "uid": volume.metadata.uid,
            }
            self._reporter.event(involved, "Warning", "VolumeFailedDelete", str(error))
        else:
            log.info("volume %s was given back: its directory is removed", name)
            self._queue.forget(name)
            self._reporter.volume_removed(name, volume.metadata.uid)


def remove(root: Path, volume: PersistentVolume) -> None:
    """Remove the volume's directory; nothing there is success. Raises VolumeError, OSError."""
    path = Path(volume.spec.local.path) if volume.spec.local else root
    if path.parent != root or path.name != volume.metadata.name:
        raise VolumeError(
            f"{path} is not a directory that this node made for the volume: remove it yourself,"
            " then take the finalizer off the volume"
        )
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)
