"""How far and how fast an autoscaler may go: windows, policies, the fewest and the most. Pure.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from minikube8s.api import quantity
from minikube8s.controllers.autoscaling.counting import TOLERANCE, Tolerance
from minikube8s.controllers.autoscaling.history import History

Object = Mapping[str, Any]

DOWN_WINDOW = 300
"""Seconds for which a higher recommendation holds, where nothing else is said."""
_FACTOR, _AT_LEAST = 2, 4
"""How many times as many pods there may be at once, and how many in any case."""

_READY = "ReadyForNewScale", "recommended size matches current size"
_UP_HELD = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
_DOWN_HELD = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent"
    " recommendation",
)
_UP_LIMIT = (
    "ScaleUpLimit",
    "the desired replica count is increasing faster than the maximum scale rate",
)
_DOWN_LIMIT = (
    "ScaleDownLimit",
    "the desired replica count is decreasing faster than the maximum scale rate",
)
_TOO_MANY = "TooManyReplicas", "the desired replica count is more than the maximum replica count"
_TOO_FEW = "TooFewReplicas", "the desired replica count is less than the minimum replica count"
_WITHIN = "DesiredWithinRange", "the desired count is within the acceptable range"

Words = tuple[str, str]
"""The reason and the message of a condition."""


class Bounded(NamedTuple):
    """The number of pods within all bounds, and what the conditions say of it."""

    replicas: int
    able: Words
    limited: bool
    why: Words


def bound(spec: Object, history: History, current: int, desired: int, now: datetime) -> Bounded:
    """Return `desired` within what `spec` allows now, after what was recommended and done."""
    behavior = spec.get("behavior")
    stable = _stabilized(history, current, desired, now, behavior)
    held = _DOWN_HELD if behavior is None or desired < current else _UP_HELD
    able = _READY if stable == desired else held
    fewest, most = fewest_and_most(spec)
    if behavior is None:
        rate = max(_FACTOR * current, _AT_LEAST)
        bounded, why = _at_most(stable, (most, _TOO_MANY), (rate, _UP_LIMIT))
        if stable < fewest:
            bounded, why = fewest, _TOO_FEW
    elif stable > current:
        rate = max(_limit(behavior["scaleUp"], history, current, now, up=True), current)
        bounded, why = _at_most(stable, (most, _TOO_MANY), (rate, _UP_LIMIT))
    elif stable < current:
        rate = min(_limit(behavior["scaleDown"], history, current, now, up=False), current)
        bounded, why = _at_least(stable, (fewest, _TOO_FEW), (rate, _DOWN_LIMIT))
    else:
        bounded, why = stable, _WITHIN
    return Bounded(bounded, able, bounded != stable, why)


def fewest_and_most(spec: Object) -> tuple[int, int]:
    """Return the bounds of the number of pods."""
    least = spec.get("minReplicas")
    return 1 if least is None else least, spec["maxReplicas"]


def window(spec: Object) -> int:
    """Return for how many seconds recommendations are remembered."""
    return max(_windows(spec.get("behavior")))


def period(spec: Object) -> int:
    """Return for how many seconds changes are remembered."""
    behavior = spec.get("behavior") or {}
    policies = [
        policy
        for direction in ("scaleUp", "scaleDown")
        for policy in (behavior.get(direction) or {}).get("policies") or ()
    ]
    return max((policy["periodSeconds"] for policy in policies), default=0)


def tolerance(spec: Object) -> Tolerance:
    """Return how far from the target the use may be."""
    behavior = spec.get("behavior") or {}

    def told(direction: str) -> float:
        amount = (behavior.get(direction) or {}).get("tolerance")
        return TOLERANCE if amount is None else quantity.parse(amount).nano / 10**9

    return Tolerance(told("scaleDown"), told("scaleUp"))


def _windows(behavior: Object | None) -> tuple[int, int]:
    if behavior is None:
        return 0, DOWN_WINDOW
    down = behavior["scaleDown"].get("stabilizationWindowSeconds")
    up = behavior["scaleUp"].get("stabilizationWindowSeconds") or 0
    return up, DOWN_WINDOW if down is None else down


def _stabilized(
    history: History, current: int, desired: int, now: datetime, behavior: Object | None
) -> int:
    """Return what recent recommendations make of this one.

    With windows of its own: the lowest within the one for more pods, the highest within the one
    for fewer. Without: the highest of all.
    """
    up, down = (timedelta(seconds=seconds) for seconds in _windows(behavior))
    recent = history.recommendations
    highest = max([desired, *(one.replicas for one in recent if one.at > now - down)])
    if behavior is None:
        return highest
    lowest = min([desired, *(one.replicas for one in recent if one.at > now - up)])
    return min(max(current, lowest), highest)


def _at_most(desired: int, *limits: tuple[int, Words]) -> tuple[int, Words]:
    limit, why = min(limits, key=lambda one: one[0])
    return (limit, why) if desired > limit else (desired, _WITHIN)


def _at_least(desired: int, *limits: tuple[int, Words]) -> tuple[int, Words]:
    limit, why = max(limits, key=lambda one: one[0])
    return (limit, why) if desired < limit else (desired, _WITHIN)


def _limit(rules: Object, history: History, current: int, now: datetime, *, up: bool) -> int:
    """Return how many pods the policies allow at most (`up`) or at least."""
    choice = rules.get("selectPolicy") or "Max"
    if choice == "Disabled":
        return current
    # The largest change upwards is the highest number, downwards the lowest.
    choose: Callable[[list[int]], int] = max if up == (choice == "Max") else min
    return choose([_allowed(one, history, current, now, up=up) for one in rules["policies"]])


def _allowed(policy: Object, history: History, current: int, now: datetime, *, up: bool) -> int:
    start, value = history.start_of_period(current, policy["periodSeconds"], now), policy["value"]
    if policy["type"] == "Pods":
        return int(start + value if up else start - value)
    # Rounded so that a small percentage of few pods still leads somewhere.
    return math.ceil(start * (1 + value / 100)) if up else int(start * (1 - value / 100))
