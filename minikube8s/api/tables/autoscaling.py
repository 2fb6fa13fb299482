"""The table of autoscalers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from minikube8s.api.tables.model import (
    AGE,
    NAME,
    NONE,
    UNKNOWN,
    UNSET,
    Column,
    Obj,
    Table,
    age,
    name_of,
    section,
)

_MOST_METRICS = 2
_SOURCES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_NAMED = ("resource", "containerResource")
"""Sources that are named in the cell by their own name."""


def _autoscaler(obj: Obj, now: datetime) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    target = section(spec, "scaleTargetRef")
    least = spec.get("minReplicas")
    return [
        name_of(obj),
        f"{target.get('kind', '')}/{target.get('name', '')}",
        _targets(spec.get("metrics") or [], status.get("currentMetrics") or []),
        UNSET if least is None else str(least),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        age(obj, now),
    ]


def _targets(metrics: list[Obj], seen: list[Obj]) -> str:
    shown = list(_metrics(metrics, seen))
    if not shown:
        return NONE
    listed = ", ".join(shown[:_MOST_METRICS])
    more = len(shown) - _MOST_METRICS
    return f"{listed} + {more} more..." if more > 0 else listed


def _metrics(metrics: list[Obj], seen: list[Obj]) -> Iterator[str]:
    for position, metric in enumerate(metrics):
        source = _SOURCES.get(metric.get("type") or "")
        if source is None:
            yield "<unknown type>"
            continue
        wanted = section(metric, source)
        current = seen[position] if position < len(seen) else {}
        yield _metric(source, wanted, section(section(current, source), "current"))


def _metric(source: str, wanted: Obj, current: Mapping[str, Any]) -> str:
    target = section(wanted, "target")
    prefix = f"{wanted.get('name', '')}: " if source in _NAMED else ""
    average = source == "pods" or target.get("averageValue") is not None
    if average:
        ending = " (avg)" if source in ("external", "object") else ""
        amounts = f"{current.get('averageValue', UNKNOWN)}/{target.get('averageValue', '')}"
        return f"{prefix}{amounts}{ending}"
    if source in _NAMED:
        used, share = current.get("averageUtilization"), target.get("averageUtilization")
        shown = UNKNOWN if used is None else f"{used}%"
        return f"{prefix}{shown}/{'<auto>' if share is None else f'{share}%'}"
    return f"{current.get('value', UNKNOWN)}/{target.get('value', '')}"


HORIZONTAL_POD_AUTOSCALER = Table(
    (
        NAME,
        Column("Reference", "What it scales."),
        Column("Targets", "Each metric as it is, and as it should be."),
        Column("MinPods", "The fewest pods that it keeps."),
        Column("MaxPods", "The most pods that it makes."),
        Column("Replicas", "Pods as it last saw them."),
        AGE,
    ),
    _autoscaler,
)
