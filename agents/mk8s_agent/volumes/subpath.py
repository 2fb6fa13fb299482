"""A part of a volume, found without ever leaving the volume.

Containers write into volumes while this looks, so names may turn into links at any moment: each
step of the way is opened without following one, and what was opened is what is mounted.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from mk8s_agent.volumes.cleaning import unmount_below
from mk8s_agent.volumes.errors import VolumeError
from mk8s_agent.volumes.mounting import Mounter

_STEP = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def check(sub_path: str) -> None:
    """Raise VolumeError for a path that is none below the volume."""
    if sub_path.startswith("/"):
        raise VolumeError(f"error SubPath `{sub_path}` must not be an absolute path")
    if ".." in PurePosixPath(sub_path).parts:
        raise VolumeError(
            f"unable to provision SubPath `{sub_path}`: must not contain '..': {sub_path}"
        )


def bind(volume: Path, sub_path: str, place: Path, mounter: Mounter) -> None:
    """Let `place` show that part of the volume; a directory is made where there is nothing.

    Raises VolumeError when a link leads out of the volume, OSError.
    """
    descriptor = _open(volume, sub_path)
    try:
        unmount_below(place, mounter)
        _make_point(place, directory=stat.S_ISDIR(os.fstat(descriptor).st_mode))
        mounter.bind(f"/proc/self/fd/{descriptor}", place)
    finally:
        os.close(descriptor)


def _open(volume: Path, sub_path: str) -> int:
    """A descriptor of the part, for its path only. Raises VolumeError, OSError."""
    root = Path(os.path.realpath(volume))
    target = Path(os.path.realpath(root / sub_path))
    if not target.is_relative_to(root):
        raise VolumeError(f'subpath "{target}" not within volume path "{root}"')
    descriptor = os.open(root, _STEP)
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    for name in target.relative_to(root).parts:
        before = descriptor
        try:
            descriptor = _step(before, name, mode)
        finally:
            os.close(before)
    if stat.S_ISLNK(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise VolumeError(f'subpath "{sub_path}" became a link while it was looked at')
    return descriptor


def _step(directory: int, name: str, mode: int) -> int:
    """One name further down; a link on the way ends it with OSError."""
    try:
        return os.open(name, _STEP, dir_fd=directory)
    except FileNotFoundError:
        os.mkdir(name, dir_fd=directory)
    descriptor = os.open(name, _STEP | os.O_DIRECTORY, dir_fd=directory)
    # Through /proc, because a descriptor for the path alone takes no fchmod.
    Path(f"/proc/self/fd/{descriptor}").chmod(mode)
    return descriptor


def _make_point(place: Path, *, directory: bool) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir() and not directory:
        place.rmdir()
    elif place.exists() and directory and not place.is_dir():
        place.unlink()
    if directory:
        place.mkdir(exist_ok=True)
    else:
        place.touch()
