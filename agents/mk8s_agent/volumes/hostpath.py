"""hostPath: what has to be at a path of the node, or is made there."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from mk8s_agent.volumes.errors import VolumeError

_DIRECTORY_MODE, _FILE_MODE = 0o755, 0o644

_KINDS: Mapping[str, tuple[Callable[[int], bool], str]] = {
    "DirectoryOrCreate": (stat.S_ISDIR, "a directory"),
    "Directory": (stat.S_ISDIR, "a directory"),
    "FileOrCreate": (stat.S_ISREG, "a file"),
    "File": (stat.S_ISREG, "a file"),
    "Socket": (stat.S_ISSOCK, "a socket file"),
    "CharDevice": (stat.S_ISCHR, "a character device"),
    "BlockDevice": (stat.S_ISBLK, "a block device"),
}


def ensure(path: Path, kind: str) -> None:
    """See that the path is of that kind. Raises VolumeError, OSError.

    Without a kind whatever is there will do, and a missing directory is made, as engines do.
    """
    if kind in ("", "DirectoryOrCreate") and not path.exists():
        path.mkdir(_DIRECTORY_MODE, parents=True, exist_ok=True)
    elif kind == "FileOrCreate" and not path.exists():
        path.touch(_FILE_MODE)
    if not kind:
        return
    if kind not in _KINDS:
        raise VolumeError(f"{kind} is an invalid volume type")
    fits, name = _KINDS[kind]
    try:
        found = path.stat().st_mode
    except FileNotFoundError:
        found = 0
    if not fits(found):
        raise VolumeError(f"hostPath type check failed: {path} is not {name}")
