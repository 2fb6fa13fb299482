"""Where a PersistentVolume is on this node: a path that is there, or one that is made."""

from __future__ import annotations

from pathlib import Path

from minikube8s.api import localpath
from minikube8s.api.views import PersistentVolume, Pod
from mk8s_agent.volumes import hostpath, nfs, ownership
from mk8s_agent.volumes.errors import MountFailed, VolumeError
from mk8s_agent.volumes.mounting import Mounter

_MODE = 0o777


def place(
    pod: Pod,
    volume: PersistentVolume,
    mount_point: Path,
    mounter: Mounter,
    *,
    settled: bool = False,
) -> Path:
    """Return the path that containers shall see; `mount_point` is for what must be mounted.

    Harmless to repeat; may take long, unless it is `settled`: then the pod's group has its files.
    Raises MountFailed, OSError.
    """
    name, spec = volume.metadata.name, volume.spec
    try:
        if spec.host_path is not None:
            if spec.mount_options:
                raise MountFailed(
                    f'MountVolume.MountOptionSupport check failed for volume "{name}" : Mount'
                    " options are not supported for this volume type"
                )
            path = Path(spec.host_path.path)
            hostpath.ensure(path, spec.host_path.type)
            return path
        if spec.nfs is not None:
            nfs.mount(spec.nfs.server, spec.nfs.path, mount_point, spec.mount_options, mounter)
            return mount_point
        if spec.local is not None:
            return _directory(pod, volume, Path(spec.local.path), settled=settled)
    except VolumeError as error:
        if isinstance(error, MountFailed):
            raise
        raise MountFailed(f'MountVolume.SetUp failed for volume "{name}" : {error}') from error
    raise MountFailed(
        f'MountVolume.SetUp failed for volume "{name}" : no volume plugin matched: mk8s mounts'
        " hostPath, local and nfs"
    )


def _directory(pod: Pod, volume: PersistentVolume, path: Path, *, settled: bool) -> Path:
    """A local volume is there already, unless it is one that its node makes."""
    if localpath.is_ours(volume) and not path.exists():
        path.mkdir(parents=True)
        path.chmod(_MODE)
    if not path.exists():
        raise MountFailed(
            f'MountVolume.NewMounter initialization failed for volume "{volume.metadata.name}" :'
            f' path "{path}" does not exist'
        )
    group = pod.spec.security_context.fs_group
    if group is not None and not settled:
        lazy = pod.spec.security_context.fs_group_change_policy == "OnRootMismatch"
        if not (lazy and ownership.matches(path, group)):
            ownership.give(path, group)
    return path
