"""All volumes of the node's pods: made, kept up to date, shown to containers, removed.

Owns the directories: below `pods` what is on disk, below `memory` what must not be, which is one
tmpfs for all pods, because a mount for each Secret would slow down every start of a container.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import msgspec

from minikube8s.api.views import Container, Pod, Volume
from mk8s_agent.runtime.vocabulary import Mount
from mk8s_agent.volumes import atomic, content, emptydir, hostpath, nfs, persistent, subpath
from mk8s_agent.volumes.cleaning import remove_tree
from mk8s_agent.volumes.errors import MountFailed, VolumeError, VolumesNotReady
from mk8s_agent.volumes.mounting import Mounter
from mk8s_agent.volumes.sources import Sources
from mk8s_agent.volumes.tokens import times, try_again

log = logging.getLogger(__name__)

_VOLUMES, _SUB_PATHS = "volumes", "volume-subpaths"
_MODE, _GROUP_MODE = 0o777, 0o2777
_PAUSE = timedelta(minutes=1)
_PATIENCE = timedelta(seconds=123)
_PROPAGATION: dict[str, Literal["private", "slave", "shared"]] = {
    "HostToContainer": "slave",
    "Bidirectional": "shared",
}


Aside = Callable[..., Awaitable[Any]]


class Placed(msgspec.Struct, frozen=True):
    """Where a volume is on this node, whether containers may only read it, when to look again."""

    path: str
    read_only: bool = False
    renew_at: datetime | None = None


class Volumes:
    """The volumes of one node. Of one pod at most one call may be under way.

    `aside` does what may take long without holding up anybody else.
    """

    def __init__(
        self, pods: Path, memory: Path, mounter: Mounter, aside: Aside = asyncio.to_thread
    ) -> None:
        self._pods = pods
        self._memory = memory
        self._mounter = mounter
        self._aside = aside
        self._placed: dict[str, dict[str, Placed]] = {}
        self._waiting: dict[str, datetime] = {}

    async def prepare(self, pod: Pod, sources: Sources, now: datetime) -> datetime | None:
        """Make what is missing and renew what is out of date; doing it again is harmless.

        Returns when something has to be renewed. Raises VolumesNotReady.
        """
        placed = self._placed.setdefault(pod.metadata.uid, {})

        async def one(volume: Volume) -> str:
            try:
                placed[volume.name] = await self._place(pod, volume, sources, now)
            except MountFailed as error:
                return str(error)
            except (VolumeError, OSError) as error:
                return f'MountVolume.SetUp failed for volume "{volume.name}" : {error}'
            return ""

        failures = await asyncio.gather(*map(one, pod.spec.volumes))
        if any(failures):
            waits = self._tell_wait(pod, now)
            raise VolumesNotReady(tuple(filter(None, (*failures, waits))))
        self._waiting.pop(pod.metadata.uid, None)
        return min((one.renew_at for one in placed.values() if one.renew_at), default=None)

    async def mounts(
        self, pod: Pod, container: Container, expand: Callable[[str], str]
    ) -> tuple[Mount, ...]:
        """What a container is to see where; `expand` puts its variables into a text.

        The volumes are prepared. Raises VolumeError, also from `expand`.
        """
        placed = self._placed.get(pod.metadata.uid, {})
        found: list[Mount] = []
        for number, mount in enumerate(container.volume_mounts):
            volume = placed.get(mount.name)
            if volume is None:
                raise VolumeError(
                    f'cannot find volume "{mount.name}" to mount into container "{container.name}"'
                )
            source = volume.path
            if sub_path := mount.sub_path or expand(mount.sub_path_expr):
                subpath.check(sub_path)
                place = self._sub_paths(pod.metadata.uid) / container.name / str(number)
                await self._bind(source, sub_path, place, mount.name, container.name)
                source = str(place)
            read_only = mount.read_only or volume.read_only
            found.append(
                Mount(
                    source=source,
                    target=str(PurePosixPath("/", mount.mount_path)),
                    read_only=read_only,
                    propagation=_PROPAGATION.get(mount.mount_propagation, "private"),
                    recursive_read_only=mount.recursive_read_only if read_only else "",
                )
            )
        return tuple(found)

    def exist(self, uid: str) -> bool:
        """Whether there is anything of a pod's volumes."""
        return any(place.exists() for place in self._places(uid))

    def pods(self) -> set[str]:
        """The uids of all pods of which there are directories."""
        return {*_names(self._pods), *_names(self._memory)}

    async def remove(self, uid: str) -> None:
        """Unmount and remove all of a pod's volumes; nothing there is success. Raises OSError."""
        self._placed.pop(uid, None)
        self._waiting.pop(uid, None)
        for place in self._places(uid):
            if place.exists():
                await self._aside(remove_tree, place, self._mounter)

    def _tell_wait(self, pod: Pod, now: datetime) -> str:
        """What the pod waits for, in a sentence every two minutes; empty between them."""
        placed = self._placed[pod.metadata.uid]
        lacking = [one.name for one in pod.spec.volumes if one.name not in placed]
        since = self._waiting.setdefault(pod.metadata.uid, now)
        if not lacking or now - since < _PATIENCE:
            return ""
        self._waiting[pod.metadata.uid] = now
        return (
            f"Unable to attach or mount volumes: unmounted volumes=[{' '.join(lacking)}], "
            "unattached volumes=[], failed to process volumes=[]: context deadline exceeded"
        )

    async def _place(self, pod: Pod, volume: Volume, sources: Sources, now: datetime) -> Placed:
        group = pod.spec.security_context.fs_group
        place = self._pods / pod.metadata.uid / _VOLUMES / volume.name
        if content.has_files(volume):
            return await self._write(pod, volume, sources, now)
        if (empty := volume.empty_dir) is not None:
            if empty.medium:
                size = emptydir.memory_size(pod, empty, sources.memory)
                emptydir.in_memory(place, group, size, self._mounter)
            else:
                emptydir.on_disk(place, group)
            return Placed(str(place))
        if (host := volume.host_path) is not None:
            # A path of the node may be on a server that does not answer.
            await self._aside(hostpath.ensure, Path(host.path), host.type)
            return Placed(host.path)
        if volume.persistent_volume_claim is not None or volume.ephemeral is not None:
            return await self._place_persistent(pod, volume, sources, place)
        if (export := volume.nfs) is not None:
            await self._aside(nfs.mount, export.server, export.path, place, (), self._mounter)
            return Placed(str(place), read_only=export.read_only)
        raise VolumeError("no volume plugin matched")

    async def _place_persistent(
        self, pod: Pod, volume: Volume, sources: Sources, mount_point: Path
    ) -> Placed:
        """The volume that a claim is bound to. Raises VolumeError, OSError."""
        found = sources.persistent(pod, volume)
        settled = volume.name in self._placed.get(pod.metadata.uid, {})
        place = partial(persistent.place, settled=settled)
        path = await self._aside(place, pod, found, mount_point, self._mounter)
        claim, export = volume.persistent_volume_claim, found.spec.nfs
        read_only = (claim is not None and claim.read_only) or (
            export is not None and export.read_only
        )
        return Placed(str(path), read_only=read_only)

    async def _write(self, pod: Pod, volume: Volume, sources: Sources, now: datetime) -> Placed:
        """A volume of files: what changed is written anew."""
        directory = self._memory / pod.metadata.uid / volume.name
        group = pod.spec.security_context.fs_group
        tokens, renew_at = await self._tokens(pod, volume, directory, sources, now)
        wanted = content.files(pod, volume, sources, tokens)
        if not directory.exists():
            self._mount_memory()
            directory.mkdir(parents=True)
        if group is not None:
            os.chown(directory, -1, group)
        directory.chmod(_MODE if group is None else _GROUP_MODE)
        name = f"..{now:%Y_%m_%d_%H_%M_%S}.{int.from_bytes(os.urandom(4))}"
        atomic.carry_out(directory, atomic.plan(atomic.look(directory), wanted, name), group)
        return Placed(str(directory), read_only=True, renew_at=renew_at)

    async def _tokens(
        self, pod: Pod, volume: Volume, directory: Path, sources: Sources, now: datetime
    ) -> tuple[dict[str, str], datetime | None]:
        """The tokens by path, and when the first of them is due. Raises VolumeError.

        One that is there stays as long as it is valid and there is no new one.
        """
        tokens: dict[str, str] = {}
        due: list[datetime] = []
        for wanted in content.tokens_of(volume):
            token = _read(directory / atomic.DATA / wanted.path)
            known = times(token)
            if known is None or known.due <= now:
                try:
                    seconds = wanted.expiration_seconds
                    token = await sources.token(pod, wanted.audience, seconds)
                except VolumeError as error:
                    if known is None or known.expires <= now:
                        raise
                    log.warning("pod %s keeps its token: %s", pod.metadata.uid, error)
                    due.append(try_again(known.due, now))
                else:
                    new = times(token)
                    # Clocks of two machines differ: never ask again at once.
                    due += [max(new.due, now + _PAUSE)] if new else []
            else:
                due.append(known.due)
            tokens[wanted.path] = token
        return tokens, min(due, default=None)

    async def _bind(
        self, source: str, sub_path: str, place: Path, mount: str, container: str
    ) -> None:
        try:
            await self._aside(subpath.bind, Path(source), sub_path, place, self._mounter)
        except (VolumeError, OSError) as error:
            # What exactly is wrong would tell the pod's owner about the node's files.
            log.warning("subPath %s of %s: %s", sub_path, source, error)
            raise VolumeError(
                f'failed to prepare subPath for volumeMount "{mount}" of container "{container}"'
            ) from error

    def _mount_memory(self) -> None:
        """Make sure that what is below `memory` is in memory. Raises OSError."""
        if self._memory not in self._mounter.below(self._memory):
            self._memory.mkdir(parents=True, exist_ok=True)
            self._mounter.tmpfs(self._memory, "mode=700")

    def _sub_paths(self, uid: str) -> Path:
        return self._pods / uid / _SUB_PATHS

    def _places(self, uid: str) -> tuple[Path, ...]:
        """All places of a pod's volumes; those that show parts of others first."""
        return self._sub_paths(uid), self._pods / uid / _VOLUMES, self._memory / uid


def _names(directory: Path) -> Iterable[str]:
    return [one.name for one in directory.iterdir()] if directory.exists() else []


def _read(place: Path) -> str:
    try:
        return place.read_text()
    except OSError:
        return ""
