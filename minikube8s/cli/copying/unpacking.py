"""Unpacks a tar stream that a container made, below one path and nowhere else.

The archive is not to be trusted: links are never made, `..` is never followed, and nothing is
written that is not below the destination.
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from minikube8s.cli.copying.places import below
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.escapes import harmless

Warn = Callable[[str], None]

_BLOCK = 128 * 1024


def unpack(
    archive: BinaryIO, prefix: str, destination: Path, warn: Warn, *, keep_modes: bool = True
) -> int:
    """Write what is below ``prefix`` in the archive to ``destination``; returns how many files.

    A file goes into a ``destination`` that is a folder. Raises CommandError, OSError.
    """
    made = 0
    try:
        with tarfile.open(fileobj=archive, mode="r|") as entries:
            for entry in entries:
                rest = below(prefix, entry.name)
                if rest is None:
                    shown = harmless(repr(entry.name))
                    warn(f"warning: file {shown} is outside target destination, skipping")
                    continue
                place = _place(destination, rest, prefix, entry)
                made += _write(entries, entry, place, prefix, destination, warn)
                if keep_modes and entry.isreg():
                    place.chmod(entry.mode & 0o777)
    except tarfile.TarError as error:
        if not made and "empty" in str(error):
            return 0
        raise CommandError(f"tar contents corrupted: {error}") from None
    return made


def _place(destination: Path, rest: str, prefix: str, entry: tarfile.TarInfo) -> Path:
    if rest or entry.isdir():
        return destination / rest
    return destination / Path(prefix).name if destination.is_dir() else destination


def _write(
    entries: tarfile.TarFile,
    entry: tarfile.TarInfo,
    place: Path,
    prefix: str,
    destination: Path,
    warn: Warn,
) -> bool:
    if entry.isdir():
        place.mkdir(parents=True, exist_ok=True)
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    if entry.isreg():
        content = entries.extractfile(entry)
        assert content is not None
        try:
            with place.open("wb") as out:
                shutil.copyfileobj(content, out, _BLOCK)
        except (tarfile.TarError, EOFError):
            # half a file is none
            place.unlink()
            raise
        return True
    if entry.islnk() and (rest := below(prefix, entry.linkname)):
        first = destination / rest
        if first.is_file() and not first.is_symlink():
            shutil.copyfile(first, place)
            return True
    sort = "symlink" if entry.issym() else "special file"
    target = f" -> {harmless(repr(entry.linkname))}" if entry.issym() else ""
    warn(f"warning: skipping {sort}: {harmless(repr(entry.name))}{target}")
    return False
