"""How a status that an agent reports meets the stored one. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

_KEPT = ("qosClass", "nominatedNodeName", "observedGeneration", "resize")
"""Fields of a PodStatus that the master writes; a report without them does not take them away."""

_SCHEDULED = "PodScheduled"
"""The scheduler's condition: a report that agrees with it leaves its words."""

_PASSING = {"PodResizePending", "PodResizeInProgress"}
"""A pod's conditions that its node alone tells of, and only while they hold."""


def merged_conditions(
    old: Iterable[Mapping[str, Any]], reported: Iterable[Mapping[str, Any]], now: str
) -> list[dict[str, Any]]:
    """The reported conditions, then the old ones of types that were not reported.

    lastTransitionTime moves only when `status` does, and never backwards. Times are RFC 3339.
    """
    known = {condition["type"]: condition for condition in old if condition.get("type")}
    merged = [_merged(known.pop(one.get("type"), None), one, now) for one in reported]
    return [*merged, *(dict(condition) for condition in known.values())]


def _merged(old: Mapping[str, Any] | None, reported: Mapping[str, Any], now: str) -> dict[str, Any]:
    fresh = dict(reported)
    claimed = fresh.get("lastTransitionTime") or now
    if old is None:
        fresh["lastTransitionTime"] = claimed
        return fresh
    before = old.get("lastTransitionTime") or claimed
    if old.get("status") == fresh.get("status"):
        fresh["lastTransitionTime"] = before
    else:
        fresh["lastTransitionTime"] = claimed if claimed > before else now
    return fresh


def merged_pod_status(
    old: Mapping[str, Any], reported: Mapping[str, Any], now: str
) -> dict[str, Any]:
    """The pod's status after its node's report: what others write into it stays."""
    kept = {key: old[key] for key in _KEPT if key in old}
    fresh = {**kept, **reported}
    before = [one for one in old.get("conditions") or [] if one.get("type") not in _PASSING]
    told = [_with_words(one, before) for one in reported.get("conditions") or []]
    conditions = merged_conditions(before, told, now)
    if conditions:
        fresh["conditions"] = conditions
    return fresh


def _with_words(
    reported: Mapping[str, Any], before: Iterable[Mapping[str, Any]]
) -> Mapping[str, Any]:
    if reported.get("type") != _SCHEDULED:
        return reported
    for one in before:
        if one.get("type") == _SCHEDULED and one.get("status") == reported.get("status"):
            words = {name: one[name] for name in ("reason", "message") if name in one}
            return {**words, **reported}
    return reported
