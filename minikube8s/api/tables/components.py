"""Columns of component statuses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.api.tables.model import NAME, Column, Obj, Table, name_of


def _cells(obj: Obj, now: datetime) -> list[Any]:
    found = [one for one in obj.get("conditions") or () if one.get("type") == "Healthy"]
    condition = found[0] if found else {}
    words = {"True": "Healthy", "False": "Unhealthy"}
    status = words.get(condition.get("status", ""), "Unknown")
    return [name_of(obj), status, condition.get("message", ""), condition.get("error", "")]


COMPONENT_STATUS = Table(
    (
        NAME,
        Column("Status", "Whether the component is healthy."),
        Column("Message", "What the component says of itself."),
        Column("Error", "What is wrong with it."),
    ),
    _cells,
)
