"""The conditions of a node that runs short of something, in the kubelet's words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

MEMORY, DISK, PID = "MemoryPressure", "DiskPressure", "PIDPressure"


class _Words(NamedTuple):
    """Reason and message while it holds and while not, and the reasons of the node's events."""

    short: tuple[str, str]
    enough: tuple[str, str]
    begins: str
    ends: str


_WORDS = {
    MEMORY: _Words(
        ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
        ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        "NodeHasInsufficientMemory",
        "NodeHasSufficientMemory",
    ),
    DISK: _Words(
        ("KubeletHasDiskPressure", "kubelet has disk pressure"),
        ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        "NodeHasDiskPressure",
        "NodeHasNoDiskPressure",
    ),
    PID: _Words(
        ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
        ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        "NodeHasInsufficientPID",
        "NodeHasSufficientPID",
    ),
}
NETWORK = "NetworkUnavailable"
CONDITION_OF = {
    "memory.available": MEMORY,
    "nodefs.available": DISK,
    "nodefs.inodesFree": DISK,
    "imagefs.available": DISK,
    "imagefs.inodesFree": DISK,
    "pid.available": PID,
}
"""What a signal below its threshold means for the node."""


def pressure_verdicts(pressures: Iterable[str]) -> dict[str, tuple[str, str, str]]:
    """Each condition's (status, reason, message)."""
    held = set(pressures)
    return {
        type: ("True", *words.short) if type in held else ("False", *words.enough)
        for type, words in _WORDS.items()
    }


def network_verdict(cut_off: bool | None) -> dict[str, tuple[str, str, str]]:
    """The condition of a node that reaches no other; none for one that never was in trouble."""
    if cut_off is None:
        return {}
    if cut_off:
        message = "no other node can be reached: the node's events say why"
        return {NETWORK: ("True", "NoRouteCreated", message)}
    return {NETWORK: ("False", "RouteCreated", "RouteController created a route")}


def changes(before: frozenset[str] | None, after: frozenset[str]) -> list[str]:
    """The reasons of the events that tell of the change; None: nothing was told yet."""
    return [
        words.begins if type in after else words.ends
        for type, words in _WORDS.items()
        if before is None or (type in before) != (type in after)
    ]
