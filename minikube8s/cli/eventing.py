"""Owns Events as `mk8s events` lists them: in the order of their times, one line each. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.cli.describing.common import Around, seen
from minikube8s.cli.output.escapes import harmless

Event = dict[str, Any]
HEADINGS = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]


def last(event: Event) -> str:
    """When it was seen last, as text that sorts; empty for never."""
    series = event.get("series") or {}
    found = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return str(found or "")


def row(event: Event, now: datetime) -> list[str]:
    """The cells below `HEADINGS`."""
    about = event.get("involvedObject") or {}
    said = (
        event.get("type") or "",
        event.get("reason") or "",
        f"{about.get('kind', '')}/{about.get('name', '')}",
        event.get("message") or "",
    )
    return [seen(event, Around(now)), *(harmless(" ".join(text.split())) for text in said)]
