"""Removing a pod's directories, without touching what is only mounted there."""

from __future__ import annotations

import shutil
from pathlib import Path

from mk8s_agent.volumes.mounting import Mounter

_ATTEMPTS = 8
"""Mounts may lie on top of each other, and new ones may come to light."""


def remove_tree(place: Path, mounter: Mounter) -> None:
    """Unmount all below the place, then remove it. Nothing there is success. Raises OSError.

    Nothing is removed as long as something is mounted: it could be a directory of the node's.
    """
    unmount_below(place, mounter)
    if place.exists():
        shutil.rmtree(place)


def unmount_below(place: Path, mounter: Mounter) -> None:
    """Take away all mounts at the place and below it. Raises OSError."""
    for _ in range(_ATTEMPTS):
        found = mounter.below(place)
        if not found:
            return
        for one in found:
            mounter.unmount(one)
    raise OSError(f"{place} still has mounts below it: unmount them and try again")
