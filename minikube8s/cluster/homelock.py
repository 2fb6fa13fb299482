"""Owns whose turn it is in a home: commands that change a cluster change it one after another."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator

from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError


class Busy(Exception):
    """Somebody else has the home."""


@contextlib.contextmanager
def exclusive(home: Home, *, wait: bool = True) -> Iterator[None]:
    """One `up` or `down` of a home at a time; a second waits for the first, or raises Busy.

    A home in which no cluster came about is left as it was found.
    """
    try:
        home.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        opened = home.lock.open("w")
    except OSError as error:
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
        finally:
            if home.path.exists() and not home.used():
                home.lock.unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    home.path.rmdir()
