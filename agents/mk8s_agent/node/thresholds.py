"""When the node runs short: thresholds, how long they have been crossed, what follows. Pure.

Times are seconds of a steady clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from minikube8s.api import quantity
from mk8s_agent.node.conditions import CONDITION_OF
from mk8s_agent.node.settings import KubeletSettings, seconds

_URGENT = "memory.available"
"""What is seen to before all else: it ends in the kernel's choice of a victim."""


class Reading(NamedTuple):
    """How much there is of something, and how much of it is left."""

    available: int
    capacity: int


class Threshold(msgspec.Struct, frozen=True):
    """`signal` must not fall below `limit`, a quantity or a percentage of the capacity.

    A soft one may for `grace` seconds. What fell has to come `reclaim` above the limit again.
    """

    signal: str
    limit: str
    grace: float = 0.0
    reclaim: str = "0"
    soft: bool = False


class Crossed(NamedTuple):
    """A threshold below which its signal has been for long enough."""

    threshold: Threshold
    limit: int
    available: int


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What a judgement needs of earlier ones.

    Since when each threshold is crossed, and when each condition was last seen to hold.
    """

    since: Mapping[Threshold, float] = msgspec.field(default_factory=dict)
    seen: Mapping[str, float] = msgspec.field(default_factory=dict)


class Judgement(NamedTuple):
    """The conditions that hold, and what asks for action, the most urgent first."""

    pressures: frozenset[str]
    crossed: tuple[Crossed, ...]
    past: Past


def thresholds(settings: KubeletSettings) -> tuple[Threshold, ...]:
    """All that the settings state; a limit of nothing is none."""
    reclaim = settings.eviction_minimum_reclaim
    hard = [
        Threshold(signal, limit, reclaim=reclaim.get(signal, "0"))
        for signal, limit in settings.eviction_hard.items()
    ]
    soft = [
        Threshold(
            signal,
            limit,
            seconds(settings.eviction_soft_grace_period[signal]),
            reclaim.get(signal, "0"),
            soft=True,
        )
        for signal, limit in settings.eviction_soft.items()
    ]
    return tuple(one for one in (*hard, *soft) if amount(one.limit, 1 << 40))


def amount(limit: str, capacity: int) -> int:
    """A quantity, or a percentage of the capacity, as a number."""
    if limit.endswith("%"):
        return int(capacity * float(limit[:-1]) / 100)
    return quantity.parse(limit).value


def judge(
    stated: Iterable[Threshold],
    readings: Mapping[str, Reading],
    past: Past,
    transition: float,
    now: float,
) -> Judgement:
    """Hold the readings against the thresholds.

    A condition goes on for `transition` seconds after it was last seen, so that it does not flap.
    A signal without a reading says nothing.
    """
    below = [one for one in stated if _is_below(one, readings, past)]
    since = {one: past.since.get(one, now) for one in below}
    seen = {**past.seen, **{CONDITION_OF[one.signal]: now for one in below}}
    seen = {type: at for type, at in seen.items() if at == now or now - at < transition}
    crossed = [
        Crossed(one, amount(one.limit, reading.capacity), reading.available)
        for one in below
        if now - since[one] >= one.grace
        for reading in (readings[one.signal],)
    ]
    crossed.sort(key=lambda one: (one.threshold.signal != _URGENT, one.threshold.soft))
    return Judgement(frozenset(seen), tuple(crossed), Past(since=since, seen=seen))


def _is_below(one: Threshold, readings: Mapping[str, Reading], past: Past) -> bool:
    reading = readings.get(one.signal)
    if reading is None:
        return False
    limit = amount(one.limit, reading.capacity)
    if one in past.since:
        limit += amount(one.reclaim, reading.capacity)
    return reading.available < limit
