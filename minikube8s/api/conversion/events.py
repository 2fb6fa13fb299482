"""Events as events.k8s.io/v1 names their fields. Both forms have the same content."""

from __future__ import annotations

from typing import Any

_NAMES = {
    "count": "deprecatedCount",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "involvedObject": "regarding",
    "lastTimestamp": "deprecatedLastTimestamp",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
}
"""The fields that have other names, by those of core/v1."""
_BACK = {new: old for old, new in _NAMES.items()}


def from_storage(obj: dict[str, Any]) -> dict[str, Any]:
    """Return a core/v1 Event as one of events.k8s.io/v1."""
    return {_NAMES.get(name, name): value for name, value in obj.items()}


def to_storage(obj: dict[str, Any]) -> dict[str, Any]:
    """Return an events.k8s.io/v1 Event as one of core/v1."""
    return {_BACK.get(name, name): value for name, value in obj.items()}
