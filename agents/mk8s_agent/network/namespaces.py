"""Doing one thing in another network namespace and coming back.

Owns `setns`. The namespace belongs to the calling thread: nothing here may be called from the event
loop's thread, and nothing may `await` in between.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from mk8s_agent.network.errors import NetworkError, ProcessGone

_CLONE_NEWNET = 0x40000000
_OWN = "/proc/thread-self/ns/net"

_left: list[os.stat_result] = []
"""The namespaces that this process was in before: no pod's either."""


@contextmanager
def namespace_of(pid: int) -> Iterator[None]:
    """Be in the network namespace of process `pid` for the length of the block.

    Raises ProcessGone when there is no such process, NetworkError when its namespace is the
    node's own, or the machine's that the node is in.
    """
    target = _open(pid)
    try:
        found = os.fstat(target)
        if any(os.path.samestat(found, one) for one in (Path(_OWN).stat(), *_left)):
            raise NetworkError(
                f"process {pid} has no network namespace of its own: it is still in the node's"
            )
        with _coming_back():
            _enter(target)
            yield
    finally:
        os.close(target)


@contextmanager
def namespace_at(path: Path) -> Iterator[None]:
    """Be in the network namespace that a file names. Raises NetworkError."""
    with _coming_back():
        _go(path)
        yield


@contextmanager
def new_namespace() -> Iterator[None]:
    """Be in a network namespace that is new and empty; it ends unless something keeps it.

    Raises NetworkError.
    """
    with _coming_back():
        if _libc().unshare(_CLONE_NEWNET):
            code = ctypes.get_errno()
            raise NetworkError(f"cannot make a network namespace: {os.strerror(code)}")
        yield


def enter(path: Path) -> Path:
    """Go into the network namespace that a file names, for good; called before other threads exist.

    Returns a file that names the one that was left, for as long as this process lives. Raises
    NetworkError.
    """
    left = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _go(path)
    except NetworkError:
        os.close(left)
        raise
    _left.append(os.fstat(left))
    return Path(f"/proc/self/fd/{left}")


def _go(path: Path) -> None:
    try:
        target = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise NetworkError(
            f"there is no network namespace {path} ({error.strerror}); `mk8s up` makes it"
        ) from error
    try:
        _enter(target)
    finally:
        os.close(target)


@contextmanager
def _coming_back() -> Iterator[None]:
    home = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            yield
        finally:
            _enter(home)
    finally:
        os.close(home)


def _open(pid: int) -> int:
    try:
        return os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError) as error:
        raise ProcessGone(f"process {pid} has ended: its pod cannot get a network") from error


def _enter(descriptor: int) -> None:
    if _libc().setns(descriptor, _CLONE_NEWNET):
        code = ctypes.get_errno()
        raise NetworkError(f"cannot enter a network namespace: {os.strerror(code)}; are you root?")


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
