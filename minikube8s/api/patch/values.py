"""JSON values: private copies and weights. Knows nothing of patches."""

from __future__ import annotations

from typing import Any


def copied(value: Any) -> Any:
    """A copy that shares no list or map with `value`."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


def weight(value: Any) -> int:
    """Roughly the bytes of a value's JSON text."""
    if isinstance(value, dict):
        return 2 + sum(len(key) + 4 + weight(item) for key, item in value.items())
    if isinstance(value, list):
        return 2 + sum(1 + weight(item) for item in value)
    return len(value) + 2 if isinstance(value, str) else 8
