"""Doing one thing in another network namespace and coming back.

Owns `setns`. The namespace belongs to the calling thread: nothing here may be called from the event
loop's thread, and nothing may `await` in between.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from mk8s_agent.network.errors import NetworkError, ProcessGone

_CLONE_NEWNET = 0x40000000
_OWN = "/proc/thread-self/ns/net"


@contextmanager
def namespace_of(pid: int) -> Iterator[None]:
    """Be in the network namespace of process `pid` for the length of the block.

    Raises ProcessGone when there is no such process, NetworkError when its namespace is the
    node's own.
    """
    home = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        target = _open(pid)
        try:
            if os.fstat(target).st_ino == os.fstat(home).st_ino:
                raise NetworkError(
                    f"process {pid} has no network namespace of its own: it is still in the node's"
                )
            _enter(target)
        finally:
            os.close(target)
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
