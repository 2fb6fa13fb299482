"""Packs files of this machine into a tar stream."""

from __future__ import annotations

import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minikube8s.cli.errors import CommandError

Warn = Callable[[str], None]


def pack(source: Path, name: str, out: Any, warn: Warn) -> None:
    """Write ``source`` as ``name``, a folder with all in it, to ``out.write``.

    Symbolic links are packed as links; what is neither file, folder nor link is left out and told.
    Raises CommandError, OSError.
    """
    # of the formats for long names the one that every tar knows, also a busybox's
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.GNU_FORMAT) as archive:
        _add(archive, source, name, warn)


def _add(archive: tarfile.TarFile, path: Path, name: str, warn: Warn) -> None:
    mode = path.lstat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
        warn(f"warning: skipping {str(path)!r}: it is neither file, folder nor link")
        return
    # a file with two names is packed twice: the second one may be wanted alone
    archive.inodes.clear()  # type: ignore[attr-defined]
    entry = archive.gettarinfo(str(path), name)
    if entry.isreg():
        with path.open("rb") as content:
            try:
                archive.addfile(entry, content)
            except tarfile.TarError:
                raise CommandError(f"{path} became shorter while it was read") from None
        return
    archive.addfile(entry)
    if entry.isdir():
        for child in sorted(path.iterdir()):
            _add(archive, child, f"{name}/{child.name}", warn)
