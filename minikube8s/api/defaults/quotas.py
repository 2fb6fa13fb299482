"""Defaults of limit ranges."""

from __future__ import annotations

from typing import Any


def limit_range(obj: dict[str, Any]) -> None:
    """Fill a LimitRange: a container's limit is the most, its request the limit or the least."""
    for item in (obj.get("spec") or {}).get("limits") or ():
        if item.get("type") != "Container":
            continue
        limits = {**(item.get("max") or {}), **(item.get("default") or {})}
        requests = {**(item.get("min") or {}), **limits, **(item.get("defaultRequest") or {})}
        for name, amounts in (("default", limits), ("defaultRequest", requests)):
            if amounts:
                item[name] = amounts
