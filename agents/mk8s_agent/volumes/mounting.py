"""Mounts: made, found and undone with the kernel's own calls, which take microseconds.

Nothing is remembered: what is mounted stands in /proc/self/mountinfo.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ctypes import CDLL

_MOUNTINFO = Path("/proc/self/mountinfo")
_ESCAPE = re.compile(r"\\([0-7]{3})")
_MS_BIND = 0x1000
_MNT_DETACH = 2
_POINT = 4
"""Which column of mountinfo is the place of the mount."""


class Mounter(Protocol):
    """What may be mounted. All methods raise OSError."""

    def tmpfs(self, place: Path, options: str) -> None:
        """Files in memory at that place."""
        ...

    def bind(self, source: str, place: Path) -> None:
        """What is at `source`, seen at `place` too."""
        ...

    def below(self, place: Path) -> list[Path]:
        """All mounts at that place and below it, the innermost first."""
        ...

    def unmount(self, place: Path) -> None:
        """Take the topmost mount at that place away, used or not."""
        ...


class KernelMounter:
    """The machine's mounts."""

    def tmpfs(self, place: Path, options: str) -> None:
        """Files in memory at that place."""
        _mount(b"tmpfs", place, b"tmpfs", 0, options.encode())

    def bind(self, source: str, place: Path) -> None:
        """What is at `source`, seen at `place` too."""
        _mount(os.fsencode(source), place, None, _MS_BIND, None)

    def below(self, place: Path) -> list[Path]:
        """All mounts at that place and below it, the innermost first."""
        # The kernel tells places without links. The last name stays unread: it may be a server's.
        real = Path(os.path.realpath(place.parent), place.name)
        found = points(_MOUNTINFO.read_text(errors="surrogateescape"), real)
        return [place / one.relative_to(real) for one in found]

    def unmount(self, place: Path) -> None:
        """Take the topmost mount at that place away, used or not."""
        import ctypes  # noqa: PLC0415 - loaded with the first mount

        if _libc().umount2(os.fsencode(place), _MNT_DETACH):
            raise _fault(ctypes.get_errno(), place)


def points(mountinfo: str, place: Path) -> list[Path]:
    """The mounts at and below `place`, the newest first. Pure."""
    found = [Path(_plain(line.split(" ", _POINT + 1)[_POINT])) for line in mountinfo.splitlines()]
    return [one for one in reversed(found) if one.is_relative_to(place)]


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)


def _mount(source: bytes, place: Path, kind: bytes | None, flags: int, data: bytes | None) -> None:
    import ctypes  # noqa: PLC0415 - loaded with the first mount

    if _libc().mount(source, os.fsencode(place), kind, ctypes.c_ulong(flags), data):
        raise _fault(ctypes.get_errno(), place)


def _fault(code: int, place: Path) -> OSError:
    return OSError(code, os.strerror(code), str(place))


@cache
def _libc() -> CDLL:
    import ctypes  # noqa: PLC0415 - loaded with the first mount

    return ctypes.CDLL(None, use_errno=True)
