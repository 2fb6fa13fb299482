"""The table of events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.api import times
from minikube8s.api.tables.model import NAME, Column, Obj, Table, name_of, section, wide


def _event(obj: Obj, now: datetime) -> list[Any]:
    involved, source = section(obj, "involvedObject"), section(obj, "source")
    first = times.age(obj.get("firstTimestamp") or obj.get("eventTime"), now)
    last, count = first, obj.get("count") or 1
    if obj.get("lastTimestamp"):
        last = times.age(obj["lastTimestamp"], now)
    series = obj.get("series")
    if series:
        last, count = times.age(series.get("lastObservedTime"), now), series.get("count", 0)
    component = source.get("component") or obj.get("reportingComponent") or ""
    host = source.get("host") or obj.get("reportingInstance") or ""
    kind, name = str(involved.get("kind", "")).lower(), involved.get("name")
    return [
        last,
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{kind}/{name}" if name else kind,
        involved.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        str(obj.get("message", "")).strip(),
        first,
        count,
        name_of(obj),
    ]


EVENT = Table(
    (
        Column("Last Seen", "Time since the event was last seen."),
        Column("Type", "Normal or Warning."),
        Column("Reason", "Why, in one word that tools can match."),
        Column("Object", "What the event is about."),
        wide("Subobject", "The part of the object that it is about."),
        wide("Source", "Who saw it."),
        Column("Message", "What happened, for a human."),
        wide("First Seen", "Time since the event was first seen."),
        wide("Count", "How often it was seen."),
        NAME._replace(priority=1),
    ),
    _event,
)
