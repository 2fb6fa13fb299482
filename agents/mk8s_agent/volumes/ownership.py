"""A volume's files for a pod's fsGroup: its group, with what the group may do."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_READ, _WRITE = 0o440, 0o660
_DIRECTORY = stat.S_ISGID | 0o110


def give(root: Path, group: int, *, read_only: bool = False) -> None:
    """Give all below `root` to the group: new files in its directories belong to it, too.

    May take long. Raises OSError.
    """
    _give(root, group, _READ if read_only else _WRITE)
    for directory, names, files in os.walk(root):
        for name in (*names, *files):
            _give(Path(directory, name), group, _READ if read_only else _WRITE)


def matches(root: Path, group: int, *, read_only: bool = False) -> bool:
    """Whether `root` itself is the group's already. Raises OSError."""
    found = root.lstat()
    wanted = (_READ if read_only else _WRITE) | _DIRECTORY
    return found.st_gid == group and found.st_mode & wanted == wanted


def _give(place: Path, group: int, bits: int) -> None:
    found = place.lstat()
    os.lchown(place, -1, group)
    if stat.S_ISLNK(found.st_mode):
        return
    if stat.S_ISDIR(found.st_mode):
        bits |= _DIRECTORY
    place.chmod(stat.S_IMODE(found.st_mode) | bits)
