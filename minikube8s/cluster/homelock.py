"""Owns whose turn it is in a home: commands that change a cluster change it one after another."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError

_MISPLACED = (errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EEXIST, errno.ENOENT)
"""What is said of a file that is there as something else, or not at all."""


class Busy(Exception):
    """Somebody else has the home."""


@contextlib.contextmanager
def exclusive(home: Home, *, wait: bool = True) -> Iterator[None]:
    """One `up` or `down` of a home at a time; a second waits for the first, or raises Busy.

    A home in which no cluster came about is left as it was found. Raises ClusterError, also where
    something in the home is not what it has to be, a folder in a file's place, say.
    """
    try:
        home.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        opened = home.lock.open("w")
    except OSError as error:
        if home.lock.is_dir() or home.lock.is_symlink():
            raise ClusterError(f"{home.lock} has to be a file: remove it.") from None
        raise ClusterError(
            f"{home.path} cannot be the cluster's directory ({error.strerror}): choose another "
            "with --home or MK8S_HOME."
        ) from None
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Busy from None
        try:
            yield
        except OSError as error:
            raise _told(home, error) from None
        finally:
            if home.path.exists() and not home.used():
                home.lock.unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    home.path.rmdir()


def _told(home: Home, error: OSError) -> Exception:
    """What is wrong with a home's file, in a sentence; the error itself where it is another's."""
    place = error.filename2 or error.filename
    if error.errno not in _MISPLACED or not _is_below(home, place):
        return error
    return ClusterError(
        f"{place} is damaged ({error.strerror}): put it right, or remove everything with `mk8s "
        "reset` and begin anew."
    )


def _is_below(home: Home, place: object) -> bool:
    return isinstance(place, str | os.PathLike) and Path(place).is_relative_to(home.path)
