"""Directories of other machines, mounted by the machine's own mount.nfs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from mk8s_agent.volumes.errors import VolumeError
from mk8s_agent.volumes.mounting import Mounter

_DEADLINE = 120.0
"""Seconds that a server gets to answer."""
_HELPER = "mount.nfs"


def mount(server: str, path: str, place: Path, options: Iterable[str], mounter: Mounter) -> None:
    """Mount what the server exports at the place, unless it is mounted there already.

    May take long. Raises VolumeError, OSError.
    """
    if place in mounter.below(place):
        return
    if shutil.which(_HELPER, path="/sbin:/usr/sbin") is None:
        raise VolumeError(
            "this node cannot mount NFS: install the package nfs-common (Debian, Ubuntu) or"
            " nfs-utils (Fedora) on it"
        )
    place.mkdir(parents=True, exist_ok=True)
    arguments = ["-t", "nfs", *_options(options), f"{server}:{path}", str(place)]
    try:
        done = subprocess.run(
            ["mount", *arguments], capture_output=True, text=True, timeout=_DEADLINE, check=False
        )
    except subprocess.TimeoutExpired:
        raise VolumeError(f"mount failed: {server} did not answer within {_DEADLINE:g} s") from None
    if done.returncode:
        raise VolumeError(
            f"mount failed: exit status {done.returncode}\nMounting command: mount\n"
            f"Mounting arguments: {' '.join(arguments)}\n"
            f"Output: {(done.stderr or done.stdout).strip()}"
        )


def _options(options: Iterable[str]) -> list[str]:
    joined = ",".join(options)
    return ["-o", joined] if joined else []
