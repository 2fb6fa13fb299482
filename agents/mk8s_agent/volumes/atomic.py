"""Files that change together: readers see all of the old ones or all of the new ones.

The files stand in a directory of their own, a generation; `..data` is a link to it, and each name
that users see is a link through `..data`. So one rename is the change. `plan` is pure; it looks at
what is there, so that an update which was interrupted anywhere is completed by the next one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

import msgspec

from mk8s_agent.volumes.errors import VolumeError
from mk8s_agent.volumes.ownership import give

DATA = "..data"
_NEXT = "..data_tmp"
_DIRECTORY_MODE = 0o755


class File(msgspec.Struct, frozen=True):
    """A file to be: its content, its permission bits, and its owner where that is not root."""

    data: bytes
    mode: int
    uid: int | None = None


class Listing(msgspec.Struct, frozen=True):
    """What is there: the present generation and its content, other ones, and what users see."""

    generation: str = ""
    content: Mapping[str, bytes] = {}
    others: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Write(msgspec.Struct, frozen=True):
    """Make a whole new generation, which nobody sees yet."""

    generation: str
    files: Mapping[str, File]


class Switch(msgspec.Struct, frozen=True):
    """Let `..data` point to the generation, at once."""

    generation: str


class Show(msgspec.Struct, frozen=True):
    """Make a name that users see."""

    name: str


class Hide(msgspec.Struct, frozen=True):
    """Take away a name whose file is no more."""

    name: str


class Drop(msgspec.Struct, frozen=True):
    """Remove a generation that is not the present one."""

    generation: str


Step = Write | Switch | Show | Hide | Drop


def plan(present: Listing, wanted: Mapping[str, File], generation: str) -> list[Step]:
    """The steps from what is there to what is wanted; `generation` names a new one if needed.

    Raises VolumeError for a path that would lead elsewhere.
    """
    for path in wanted:
        _check(path)
    steps: list[Step] = []
    stale = [one for one in present.others if one != generation]
    same = present.content == {path: file.data for path, file in wanted.items()}
    if not present.generation or not same:
        steps += [Write(generation, wanted), Switch(generation)]
        stale += [present.generation] if present.generation else []
    tops = dict.fromkeys(PurePosixPath(path).parts[0] for path in wanted)
    steps += [Show(name) for name in tops if name not in present.names]
    steps += [Hide(name) for name in present.names if name not in tops]
    return steps + [Drop(one) for one in stale]


def look(directory: Path) -> Listing:
    """What is there. Raises OSError."""
    entries = sorted(one.name for one in directory.iterdir())
    link = directory / DATA
    generation = str(link.readlink()) if link.is_symlink() else ""
    if not (directory / generation).is_dir():
        generation = ""
    return Listing(
        generation=generation,
        content=_content(directory / generation) if generation else {},
        others=tuple(
            one for one in entries if one.startswith("..") and one not in (DATA, _NEXT, generation)
        ),
        names=tuple(
            one for one in entries if not one.startswith("..") and (directory / one).is_symlink()
        ),
    )


def carry_out(directory: Path, steps: Iterable[Step], group: int | None = None) -> None:
    """Do it; files belong to `group` where there is one. Raises OSError."""
    for step in steps:
        match step:
            case Write(generation, files):
                _write(directory / generation, files, group)
            case Switch(generation):
                _link(generation, directory / _NEXT)
                (directory / _NEXT).rename(directory / DATA)
            case Show(name):
                _link(f"{DATA}/{name}", directory / name)
            case Hide(name):
                (directory / name).unlink()
            case Drop(generation):
                shutil.rmtree(directory / generation)


def _check(path: str) -> None:
    parts = PurePosixPath(path).parts
    if not parts or parts[0].startswith(("/", "..")) or ".." in parts:
        raise VolumeError(f"invalid path: must be relative and below the volume: {path}")


def _write(directory: Path, files: Mapping[str, File], group: int | None) -> None:
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir()
    directory.chmod(_DIRECTORY_MODE)
    for path, file in files.items():
        place = directory / path
        for parent in reversed(place.relative_to(directory).parents[:-1]):
            (directory / parent).mkdir(exist_ok=True)
            (directory / parent).chmod(_DIRECTORY_MODE)
        place.write_bytes(file.data)
        if file.uid is not None:
            os.chown(place, file.uid, -1)
        place.chmod(file.mode)
    if group is not None:
        give(directory, group, read_only=True)


def _link(target: str, place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        # Made for a subPath that was not there yet.
        place.rmdir()
    place.unlink(missing_ok=True)
    place.symlink_to(target)


def _content(directory: Path) -> dict[str, bytes]:
    return {
        str(place.relative_to(directory)): place.read_bytes()
        for place in directory.rglob("*")
        if place.is_file()
    }
